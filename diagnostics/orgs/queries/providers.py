"""Queries for the provider list, and for the runs that found a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from diagnostics.accounts.models import User
from diagnostics.orgs.models import LAST_CHANGE, Provider
from diagnostics.orgs.queries.clients import runs_of_client
from diagnostics.orgs.visibility import visible_rows

PAGE_SIZE = 40
MAX_COUNTED = 1_000
MAX_TERMS = 5
RUNS_SHOWN = 10
MARK_KINDS = {
    Provider.Source.DEPLOYMENT: "deployment",
    Provider.Source.GATEWAY: "provider",
    Provider.Source.ON_CONVERSATION: "seen",
}
SORTS: dict[str, tuple[Any, bool]] = {
    "name": (Lower("name"), False),
    "changed": (LAST_CHANGE, True),
    "found": (F("id"), True),
}


@dataclass(frozen=True)
class ProviderPage:
    """A page of providers. `next` and `previous` are cursors, "" if there is no such page."""

    providers: Sequence[Provider]
    next: str
    previous: str
    count: int
    is_first: bool

    @property
    def is_counted(self) -> bool:
        """Whether `count` is exact. Counting stops at MAX_COUNTED + 1."""
        return self.count <= MAX_COUNTED


def provider_page(
    viewer: User | None, *, sort: str = "name", after: str = "", before: str = "", last: bool = False, **filters: Any
) -> ProviderPage:
    """Return a page by keyset pagination in either direction. An invalid cursor returns the first page."""
    key, is_descending = SORTS[sort]
    backwards = last or bool(before)
    filtered = _once_per_org(_filtered(**filters), viewer)
    # First without an order: few rows are quick to sort, and many rows are quick to find in any order.
    ids = list(filtered.order_by().values_list("pk", flat=True)[: MAX_COUNTED + 1])
    rows = (filtered if len(ids) > MAX_COUNTED else Provider.objects.filter(pk__in=ids)).annotate(key=key)
    cursor = None if last else _cursor(before or after, sort)
    downwards = is_descending != backwards
    shown = rows if cursor is None else rows.filter(_beyond(cursor, downwards))
    sign = "-" if downwards else ""
    ordered = shown.select_related("client").defer("client__secret", "client__verification", "settings", "search_text")
    found = list(ordered.order_by(f"{sign}key", f"{sign}id")[: PAGE_SIZE + 1])
    more, page = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        page.reverse()
    has_next, has_previous = (cursor is not None, more) if backwards else (more, cursor is not None)
    return ProviderPage(
        page,
        next=_cursor_text(page[-1]) if page and has_next else "",
        previous=_cursor_text(page[0]) if page and has_previous else "",
        count=len(ids),
        is_first=cursor is None and not last,
    )


def _once_per_org(rows: QuerySet[Provider], viewer: User | None) -> QuerySet[Provider]:
    """Return the rows that the viewer can see, without those that another client of the same org saw later."""
    rows = visible_rows(rows, viewer)
    same = rows.filter(ref=OuterRef("ref"), source=OuterRef("source"), client__org_id=OuterRef("client__org_id"))
    later = Q(last_seen_at__gt=OuterRef("last_seen_at")) | Q(
        last_seen_at=OuterRef("last_seen_at"), pk__lt=OuterRef("pk")
    )
    return rows.filter(Q(client__org_id="") | ~Exists(same.filter(later)))


def _filtered(
    *,
    q: str = "",
    org: str = "",
    clients: Sequence[int] = (),
    environment: str = "",
    removed: str = "",
    **exact: str,
) -> QuerySet[Provider]:
    """`removed` is "" (current), "with" (all) or "only" (removed). `exact` are values of columns."""
    rows = Provider.objects.filter(client__retired_at=None, **exact)
    if environment:
        rows = rows.filter(client__environment=environment)
    if clients:
        rows = rows.filter(client__in=clients)
    if removed != "with":
        rows = rows.filter(removed_at__isnull=removed != "only")
    if org:
        rows = rows.filter(Q(client__name__icontains=org) | Q(client__org_name__icontains=org))
    for term in q.split()[:MAX_TERMS]:
        rows = rows.filter(search_text__contains=Lower(Value(term)))
    return rows


def _beyond(cursor: tuple[Any, int], downwards: bool) -> Q:
    """Match the rows after the cursor. The first condition is the one that an index can use."""
    key, pk = cursor
    if downwards:
        return Q(key__lte=key) & (Q(key__lt=key) | Q(id__lt=pk))
    return Q(key__gte=key) & (Q(key__gt=key) | Q(id__gt=pk))


def _cursor_text(row: Any) -> str:
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
    """Return the search mark of runs that found the provider."""
    return f"{MARK_KINDS[Provider.Source(provider.source)]}:{provider.ref}"


def runs_with_provider(provider: Provider) -> list[Any]:
    """Return the newest runs of the provider's client that found the provider."""
    runs = runs_of_client(provider.client).filter(search_keys__contains=[mark_of(provider)])
    return list(runs.order_by("-id")[:RUNS_SHOWN])
