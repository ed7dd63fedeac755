"""Pages about orgs, with a thousand clients and fifty thousand providers."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from diagnostics.evaluation.bench.filled_orgs import PERMISSIONS, Sizes, fill_orgs
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import MeasuredPage, measure_page, name_static_files, visitor
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.orgs.models import Provider

MOST_MS, MOST_QUERIES = 100.0, 20
LEAST_TIMES = 20


def providers(options: BenchOptions) -> list[BenchRow]:
    """Measures the server time (p95) and the queries of each page with the rows of a large installation."""
    return measure(Sizes(), max(options.times, LEAST_TIMES))


def measure(sizes: Sizes, times: int) -> list[BenchRow]:
    name_static_files()
    with own_database("providers"):
        started = time.perf_counter()
        fill_orgs(sizes)
        filled = time.perf_counter() - started
        browser = visitor()
        pages = [measure_page(browser, name, places, times) for name, places in _pages()]
    return [*_rows(pages), BenchRow("filling the database", round(filled, 1), "s")]


def _rows(pages: list[MeasuredPage]) -> Iterator[BenchRow]:
    for page in pages:
        yield BenchRow(
            f"{page.name}, p95", round(page.p95_ms, 1), "ms", f"under {MOST_MS:.0f} ms", page.p95_ms < MOST_MS
        )
    most = max(max(page.queries) for page in pages)
    yield BenchRow("queries of one page, most", most, "", f"at most {MOST_QUERIES}", most <= MOST_QUERIES)


def _pages() -> Iterator[tuple[str, list[str]]]:
    """The name and the paths of each page."""
    deployments = Provider.objects.filter(source=Provider.Source.DEPLOYMENT)
    deployment, other = deployments.earliest("pk"), deployments.latest("pk")
    listed = Provider.objects.filter(source=Provider.Source.GATEWAY).earliest("pk")
    clients = [str(provider.client_id) for provider in (deployment, other, listed)]
    refs = [listed.ref, listed.ref.upper(), f"{listed.ref}x", deployment.ref, "nothing like it"]
    yield "a page without rows, for comparison", _paths("password")
    yield "home", _paths("home")
    yield "orgs", _paths("orgs", {}, {"q": "org 77"}, {"status": "broken"})
    yield "providers", _paths("providers", {"sort": "name"}, {"sort": "changed"}, {"sort": "found"})
    keys = [f"client-{client}" for client in clients]
    yield "providers of one org", [reverse("org-providers", args=[key]) for key in keys]
    yield (
        "providers by source and state",
        _paths("providers", {"source": "gateway"}, {"state": "off"}, {"environment": "sandbox"}),
    )
    yield "providers by org", _paths("providers", {"org": "client 09"}, {"org": "org 77"}, {"org": "nobody"})
    yield (
        "providers by search",
        _paths("providers", {"q": "portal 49"}, {"q": deployment.ref}, {"q": "zzz"}, {"q": "shop"}),
    )
    yield "providers, last page", _paths("providers", *({"last": "1", "sort": sort} for sort in ("name", "changed")))
    yield "an org", [reverse("org", args=[key]) for key in keys]
    yield "a deployment", [reverse("provider", args=[provider.pk]) for provider in (deployment, other)]
    yield "an id compared", _paths("provider-match", *({"id": ref} for ref in refs))
    yield "changes", _paths("changes", {}, {"kind": "disabled"}, {"q": "portal 49"})
    yield "permissions of a client", [reverse("client-permissions", args=[clients[0]])]
    queries = [{"permission": PERMISSIONS[0]}, {"provider": str(deployment.pk)}, {"provider": str(listed.pk)}]
    yield "impact", _paths("impact", *queries)


def _paths(name: str, *queries: dict[str, str]) -> list[str]:
    return [f"{reverse(name)}?{urlencode(query)}" for query in queries or ({},)]
