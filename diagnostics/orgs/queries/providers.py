"""Reads of providers: pages of the browser, and what belongs to one of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Lower

from diagnostics.accounts.models import User
from diagnostics.orgs.models import LAST_CHANGE, OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.runs.models import Run

PAGE_SIZE = 40
MOST_COUNTED = 1_000
MOST_TERMS = 5
RUNS_SHOWN = 10
MOST_NAMED = 5
MARKS = {Provider.Source.DEPLOYMENT: "deployment", Provider.Source.GATEWAY: "provider", Provider.Source.SEEN: "seen"}
SORTS: dict[str, tuple[Any, bool]] = {
    "name": (Lower("name"), False),
    "changed": (LAST_CHANGE, True),
    "found": (F("id"), True),
}


@dataclass(frozen=True)
class ProviderFilter:
    """What the browser is narrowed to; "" or None is no limit. `gone` is "" for those that are there, "with", "only"."""

    q: str = ""
    org: str = ""
    client: OAuthClient | None = None
    source: str = ""
    state: str = ""
    tier: str = ""
    gone: str = ""
    sort: str = "name"

    @property
    def narrows(self) -> bool:
        return any((self.q, self.org, self.client, self.source, self.state, self.tier, self.gone))


@dataclass(frozen=True)
class ProviderPage:
    """One page. The cursors go on after the last row and before the first one, "" where there is nothing more."""

    providers: Sequence[Provider]
    next: str
    previous: str
    count: int
    is_first: bool

    @property
    def is_counted(self) -> bool:
        """A count beyond this is only known to be more."""
        return self.count <= MOST_COUNTED


def provider_page(
    chosen: ProviderFilter, viewer: User | None, *, after: str = "", before: str = "", last: bool = False
) -> ProviderPage:
    """Keyset paging both ways. A cursor that is none of ours is the first page."""
    key, falls = SORTS.get(chosen.sort, SORTS["name"])
    backwards = last or bool(before)
    narrowed = visible_rows(_narrowed(chosen), viewer)
    # Asked for first and without an order: few are then the only ones to sort, many are soon found in any order.
    ids = list(narrowed.order_by().values_list("pk", flat=True)[: MOST_COUNTED + 1])
    rows = (narrowed if len(ids) > MOST_COUNTED else Provider.objects.filter(pk__in=ids)).annotate(key=key)
    cursor = None if last else _cursor(before or after, chosen.sort)
    downwards = falls != backwards
    shown = rows if cursor is None else rows.filter(_beyond(cursor, downwards))
    sign = "-" if downwards else ""
    ordered = shown.select_related("client").defer("client__secret", "client__verification", "settings", "words")
    found = list(ordered.order_by(f"{sign}key", f"{sign}id")[: PAGE_SIZE + 1])
    more, page = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        page.reverse()
    has_next, has_previous = (cursor is not None, more) if backwards else (more, cursor is not None)
    return ProviderPage(
        page,
        next=_found_by(page[-1]) if page and has_next else "",
        previous=_found_by(page[0]) if page and has_previous else "",
        count=len(ids),
        is_first=cursor is None and not last,
    )


def clients_asked(chosen: ProviderFilter, viewer: User | None) -> QuerySet[OAuthClient]:
    """Whose providers are shown, by name."""
    clients = visible_clients(viewer).filter(retired_at=None).defer("secret", "verification").order_by("name")
    if chosen.tier:
        clients = clients.filter(tier=chosen.tier)
    if chosen.org:
        clients = clients.filter(Q(name__icontains=chosen.org) | Q(org_name__icontains=chosen.org))
    return clients


def _narrowed(chosen: ProviderFilter) -> QuerySet[Provider]:
    rows = Provider.objects.filter(client__retired_at=None)
    exact = {"client": chosen.client, "source": chosen.source, "state": chosen.state, "client__tier": chosen.tier}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if chosen.gone != "with":
        rows = rows.filter(gone_at__isnull=chosen.gone != "only")
    if chosen.org:
        rows = rows.filter(Q(client__name__icontains=chosen.org) | Q(client__org_name__icontains=chosen.org))
    for word in chosen.q.split()[:MOST_TERMS]:
        rows = rows.filter(words__contains=Lower(Value(word)))
    return rows


def _beyond(cursor: tuple[Any, int], downwards: bool) -> Q:
    """The rows behind the cursor; the first condition alone is what the index can use."""
    key, pk = cursor
    if downwards:
        return Q(key__lte=key) & (Q(key__lt=key) | Q(id__lt=pk))
    return Q(key__gte=key) & (Q(key__gt=key) | Q(id__gt=pk))


def _found_by(row: Any) -> str:
    key = row.key.isoformat() if isinstance(row.key, datetime) else row.key
    return f"{row.pk}~{key}"


def _cursor(text: str, sort: str) -> tuple[Any, int] | None:
    number, _, key = text.replace("\x00", "")[:1000].partition("~")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    if sort in ("", "name"):
        return key, int(number)
    if sort == "found":
        return int(number), int(number)
    try:
        moment = datetime.fromisoformat(key)
    except ValueError:
        return None
    return (moment, int(number)) if moment.tzinfo else None


def mark_of(provider: Provider) -> str:
    """What the runs carry that touched it."""
    return f"{MARKS[Provider.Source(provider.source)]}:{provider.ref}"


def runs_with_provider(provider: Provider) -> list[Run]:
    """The newest runs of its client that met it."""
    runs = Run.objects.filter(client=provider.client_id, marks__contains=[mark_of(provider)])
    return list(
        runs.select_related("client", "started_by")
        .defer("client__secret", "client__verification", "inputs", "verdict", "environment", "marks")
        .order_by("-id")[:RUNS_SHOWN]
    )


def providers_named(run: Run) -> list[Provider]:
    """Of the providers that the run saw, those that its answer names, by name or id."""
    said = run.verdict.get("sentence") if isinstance(run.verdict, dict) else None
    refs = [
        mark.partition(":")[2] for mark in run.marks if mark.startswith(tuple(f"{each}:" for each in MARKS.values()))
    ]
    if not isinstance(said, str) or not refs:
        return []
    seen = Provider.objects.filter(client=run.client_id, ref__in=refs).exclude(source=Provider.Source.SEEN)
    named = (
        row for row in seen.defer("settings").order_by("name", "id") if _names(said, row.name) or _names(said, row.ref)
    )
    return list(islice(named, MOST_NAMED))


def _names(text: str, name: str) -> bool:
    """As a word of its own: a short name is a part of many words."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
