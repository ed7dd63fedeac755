"""The pages about orgs, with a thousand clients and fifty thousand providers and deployments."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from diagnostics.evaluation.bench.filled_orgs import PERMISSIONS, Sizes, fill_orgs
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import Paced, name_static_files, pace, visitor
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.orgs.models import Provider

MOST_MS, MOST_QUERIES = 100.0, 20
LEAST_TIMES = 20


def providers(options: BenchOptions) -> list[BenchRow]:
    """Server time of each page at p95, and its queries, with the rows of a large installation."""
    return measure(Sizes(), max(options.times, LEAST_TIMES))


def measure(sizes: Sizes, times: int) -> list[BenchRow]:
    name_static_files()
    with own_database("providers"):
        started = time.perf_counter()
        fill_orgs(sizes)
        filled = time.perf_counter() - started
        browser = visitor()
        paced = [pace(browser, name, places, times) for name, places in _pages()]
    return [*_rows(paced), BenchRow("filling the database", round(filled, 1), "s")]


def _rows(paced: list[Paced]) -> Iterator[BenchRow]:
    for each in paced:
        yield BenchRow(
            f"{each.name}, p95", round(each.p95_ms, 1), "ms", f"under {MOST_MS:.0f} ms", each.p95_ms < MOST_MS
        )
    most = max(max(each.queries) for each in paced)
    yield BenchRow("queries of one page, most", most, "", f"at most {MOST_QUERIES}", most <= MOST_QUERIES)


def _pages() -> Iterator[tuple[str, list[str]]]:
    """Each page with the addresses it is asked by; what a version does not have is left out."""
    deployments = Provider.objects.filter(source=Provider.Source.DEPLOYMENT)
    deployment, other = deployments.earliest("pk"), deployments.latest("pk")
    listed = Provider.objects.filter(source=Provider.Source.GATEWAY).earliest("pk")
    clients = [str(each.client_id) for each in (deployment, other, listed)]
    refs = [listed.ref, listed.ref.upper(), f"{listed.ref}x", deployment.ref, "nothing like it"]
    yield "a page without rows, for comparison", _asked("password")
    yield "home", _asked("home")
    yield "clients", _asked("clients")
    yield "providers", _asked("providers", {"sort": "name"}, {"sort": "changed"}, {"sort": "found"})
    yield "providers of one client", _asked("providers", *({"client": each} for each in clients))
    yield (
        "providers by source and state",
        _asked("providers", {"source": "gateway"}, {"state": "off"}, {"tier": "sandbox"}),
    )
    yield "providers by org", _asked("providers", {"org": "client 09"}, {"org": "org 77"}, {"org": "nobody"})
    yield (
        "providers by search",
        _asked("providers", {"q": "portal 49"}, {"q": deployment.ref}, {"q": "zzz"}, {"q": "shop"}),
    )
    yield "providers, last page", _asked("providers", *({"last": "1", "sort": each} for each in ("name", "changed")))
    yield "what each org told", _asked("provider-orgs", {}, {"page": "20"}, {"page": "40"})
    yield "a deployment", [reverse("provider", args=[each.pk]) for each in (deployment, other)]
    yield "an id compared", _asked("provider-match", *({"id": each} for each in refs))
    yield "changes", _asked("org-changes", {}, {"kind": "disabled"}, {"client": clients[0]}, {"q": "portal 49"})
    if rights := _found("client-rights", clients[0]):
        yield "rights of a client", [rights]
    if touches := _found("touches"):
        asked = [{"permission": PERMISSIONS[0]}, {"provider": str(deployment.pk)}, {"provider": str(listed.pk)}]
        yield "what it touches", [f"{touches}?{urlencode(each)}" for each in asked]


def _asked(name: str, *queries: dict[str, str]) -> list[str]:
    return [f"{reverse(name)}?{urlencode(each)}" for each in queries or ({},)]


def _found(name: str, *args: str) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
