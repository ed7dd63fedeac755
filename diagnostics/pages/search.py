"""One search over runs, IDs, clients, providers, orgs, causes, permissions, operations and pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request
from diagnostics.engine.causes import TITLES
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.search import search as search_operations
from diagnostics.orgs.models import Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.runs.models import Exchange, Run
from diagnostics.web.paging import BIGGEST_KEY
from diagnostics.web.templatetags.navigation import MENU, SECTION_TABS

Row = TypeVar("Row", bound=Model)

LONGEST = 200  # characters of a query
SHORTEST_ID = 3  # characters of the beginning of an ID
HITS_A_GROUP = 8
RUN_NUMBER = re.compile(r"(?:run\s*)?#?\s*(\d{1,19})", re.IGNORECASE)


@dataclass(frozen=True)
class Hit:
    """`is_id` is true if the query is the whole ID of what was found."""

    label: str
    url: str
    note: str = ""
    is_id: bool = False


@dataclass(frozen=True)
class Group:
    title: str
    hits: list[Hit]

    def rank(self, query: str) -> int:
        """0 if the best hit is the query, 1 if it begins or ends with it, 2 if a word of it does, else 3."""
        return min(_rank(hit, query.lower()) for hit in self.hits)


@require_safe
def search(request: Request) -> HttpResponse:
    typed = " ".join(request.GET.get("q", "").replace("\0", " ").split())
    query = typed[:LONGEST].strip()
    groups = find(query, request.user) if query else []
    exact = [hit for group in groups for hit in group.hits if hit.is_id]
    if len(exact) == 1:
        return redirect(exact[0].url)
    context = {"query": query, "groups": groups, "is_cut": len(typed) > LONGEST, "longest": LONGEST}
    return render(request, "pages/search.html", context)


def find(query: str, viewer: User) -> list[Group]:
    """What the viewer may see and the query finds, the best group first."""
    words = query.lower().split()
    found = (
        ("Runs", _runs(query, viewer)),
        ("Requests", _requests(query, viewer)),
        ("Clients", _clients(query, viewer)),
        ("Orgs", _orgs(words, viewer)),
        ("Providers", _providers(query, viewer)),
        ("Causes", _causes(query, words)),
        ("Permissions", _permissions(query)),
        ("Operations", _operations(query)),
        ("Pages", _pages(words, viewer)),
    )
    groups = []
    for title, hits in found:
        if best := sorted(hits, key=lambda hit: _rank(hit, query.lower()))[:HITS_A_GROUP]:
            groups.append(Group(title, best))
    return sorted(groups, key=lambda group: group.rank(query))


def _rank(hit: Hit, query: str) -> int:
    label = hit.label.lower()
    if hit.is_id or label == query:
        return 0
    return 1 if label.startswith(query) or label.endswith(query) else 2 if f" {query}" in label else 3


def _runs(query: str, viewer: User) -> Iterator[Hit]:
    runs = visible_rows(Run.objects.select_related("client"), viewer)
    number = RUN_NUMBER.fullmatch(query)
    if number and int(number[1]) <= BIGGEST_KEY:
        for run in runs.filter(pk=int(number[1])):
            yield Hit(f"Run {run.pk}", reverse("run", args=[run.pk]), _about(run), is_id=True)
    if len(query) >= SHORTEST_ID and " " not in query:
        starts = Q(conversation_id__prefix=query) | Q(conversation_id__prefix=query.lower())
        found = list(runs.filter(starts).order_by("-pk")[:HITS_A_GROUP])
        for run in found:
            is_id = len(found) == 1 and run.conversation_id.lower() == query.lower()
            yield Hit(f"Conversation {run.conversation_id}", reverse("run", args=[run.pk]), _about(run), is_id)


def _about(run: Run) -> str:
    return " · ".join(part for part in (f"Run {run.pk}", run.client.name, run.cause_title) if part)


def _requests(query: str, viewer: User) -> Iterator[Hit]:
    if len(query) < SHORTEST_ID or " " in query:
        return
    exchanges = visible_rows(Exchange.objects.defer("body"), viewer, "run__client")
    for exchange in exchanges.filter(correlation_id__prefix=query).order_by("-run_id", "position")[:HITS_A_GROUP]:
        yield Hit(
            f"Correlation ID {exchange.correlation_id}",
            f"{reverse('run', args=[exchange.run_id])}#request-{exchange.position}",
            f"Run {exchange.run_id} · {exchange.method} {exchange.url[:120]}",
            exchange.correlation_id == query,
        )


def _clients(query: str, viewer: User) -> Iterator[Hit]:
    named = Q(name__icontains=query) | Q(client_id__istartswith=query)
    for client in visible_clients(viewer).filter(named).order_by("retired_at", "name")[:HITS_A_GROUP]:
        note = "Retired" if client.is_retired else client.org_name
        yield Hit(client.name, reverse("client", args=[client.pk]), note, client.client_id == query)


def _orgs(words: list[str], viewer: User) -> Iterator[Hit]:
    clients = _with_words(visible_clients(viewer).exclude(org_id=""), words, "org_name", "org_id")
    for key, name in clients.order_by("org_name").values_list("org_id", "org_name").distinct()[:HITS_A_GROUP]:
        yield Hit(name or key, _address("org", [key]) or f"{reverse('orgs')}?{urlencode({'q': name})}")


def _providers(query: str, viewer: User) -> Iterator[Hit]:
    providers = visible_rows(Provider.objects.select_related("client"), viewer)
    found = list(_with_words(providers, query.lower().split(), "search_text")[:HITS_A_GROUP])
    for provider in found:
        note = f"{provider.get_source_display()} · {provider.client.name}"
        is_id = provider.ref == query and len(found) == 1
        yield Hit(provider.name or provider.ref, reverse("provider", args=[provider.pk]), note, is_id)


def _with_words(rows: QuerySet[Row], words: list[str], *columns: str) -> QuerySet[Row]:
    for word in words:
        condition = Q()
        for column in columns:
            condition |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(condition)
    return rows


def _causes(query: str, words: list[str]) -> Iterator[Hit]:
    for code, title in TITLES.items():
        if _has(f"{code} {title}", words):
            address = reverse("cause", args=[code])
            yield Hit(title, address, code, code == query.lower())


def _permissions(query: str) -> Iterator[Hit]:
    names = {
        name for operation in bundled().operations for name in operation.permissions if query.lower() in name.lower()
    }
    for name in sorted(names):
        yield Hit(name, f"{reverse('contract')}?{urlencode({'q': name})}")


def _operations(query: str) -> Iterator[Hit]:
    for operation in search_operations(bundled(), query):
        name = f"{operation.method} {operation.path}"
        yield Hit(name, f"{reverse('contract')}?{urlencode({'q': name})}", operation.summary)


def _pages(words: list[str], viewer: User) -> Iterator[Hit]:
    entries = [("", entry) for entry in MENU]
    entries += [(section, tab) for section, tabs in SECTION_TABS.items() for tab in tabs]
    for section, entry in entries:
        if _has(f"{entry.label} {section}", words) and entry.is_for(viewer):
            yield Hit(entry.label, entry.address, section)


def _has(text: str, words: list[str]) -> bool:
    return all(word in text.lower() for word in words)


def _address(name: str, arguments: list[str]) -> str:
    """The address of a page, "" if the arguments don't fit it."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
