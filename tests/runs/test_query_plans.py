"""No hot query reads a large table from end to end: every query of every page is explained by Postgres itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker

from diagnostics.accounts.models import User
from diagnostics.evaluation.bench.history_rows import LONG_PAST, FilledHistory, fill, settle
from diagnostics.evaluation.bench.pages import visitor
from diagnostics.orgs.row_limits import rows_limited_to
from diagnostics.runs.models import Run
from tests.builders.months import undo_months
from tests.factories import make_person

LARGE = ("diagnostics_run", "diagnostics_finding", "diagnostics_exchange")
RUNS = 20_000

LISTS = [
    "",
    "page=last",
    "page=after~{middle}~1",
    "page=before~{middle}~1",
    "sort=oldest",
    "sort=slowest",
    "sort=slowest&page=last",
    "sort=slowest&page=after~2000.5~1",
    "client=3",
    "client=3&page=last",
    "client=3&when=30d&page=last",
    "org=org-7",
    "environment=sandbox",
    "kind=health",
    "cause=conv.ended",
    f"cause={LONG_PAST}",
    "cause=wrong",
    "certainty=likely",
    "status=finished",
    "status=interrupted",
    "status=open",
    "check=oauth.token",
    "check=oauth.token&outcome=fail",
    "conversation=none",
    "provider=genesys",
    "provider=none",
    "deployment=d17",
    "permission=conversation:cobrowse:add",
    "who=person5",
    "source=cli",
    "target=health:1",
    "pinned=yes",
    "pinned=no",
    "part=yes",
    "when=today",
    "when=30d",
    "when=30d&page=last",
    "from=2026-01-01&to=2026-01-31&page=last",
]

AROUND = [
    "/",
    "/clients/{client}/",
    "/runs/{last}/",
    "/runs/{last}/exchanges/0/",
    "/runs/{last}/json/",
    "/compare/?a={last}&b={before}",
]


@pytest.fixture(scope="module")
def long_history(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[FilledHistory]:
    """Enough rows that the planner decides as it would with many more; made once, and gone afterwards."""
    with django_db_blocker.unblock():
        made = fill(RUNS, findings=3)
        settle()
        yield made
        call_command("flush", interactive=False, verbosity=0)
        undo_months()
        settle()


def plans_of(browser: Client, place: str) -> list[dict[str, Any]]:
    """How Postgres would answer each query of a page."""
    with CaptureQueriesContext(connection) as requested:
        assert browser.get(place).status_code == 200
    reads = [each["sql"] for each in requested.captured_queries if each["sql"].startswith(("SELECT", "WITH"))]
    assert any("diagnostics_run" in sql for sql in reads)
    plans = []
    with connection.cursor() as cursor:
        for sql in reads:
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"))
            plans.append(cursor.fetchone()[0][0]["Plan"])
    return plans


def read_whole(plan: dict[str, Any]) -> Iterator[str]:
    """The large tables, or months of them, of which this plan reads every row. Few rows outlive their month."""
    table = plan.get("Relation Name", "").removesuffix("_kept")
    if plan["Node Type"] == "Seq Scan" and table.startswith(LARGE) and table == plan["Relation Name"]:
        yield plan["Relation Name"]
    for below in plan.get("Plans", ()):
        yield from read_whole(below)


def test_no_page_of_a_limited_person_reads_every_row(db: None, long_history: FilledHistory) -> None:
    """Policies are checked before what could tell of hidden rows, which can keep an index out of use."""
    person = make_person(User.Role.AUDITOR, is_limited=True, only_orgs=["org-7", "org-9"])
    browser = Client()
    browser.force_login(person)
    run = Run.objects.filter(client__org_id="org-7")[0].pk
    places = (
        "/runs/", "/runs/?org=org-7&cause=wrong", "/runs/?check=oauth.token&outcome=fail", f"/runs/{run}/", "/issues/",
        f"/runs/{run}/exchanges/0/", f"/compare/?a={run}", "/search/?q=8f14e45f-ceea-467d", "/runs/matrix/",
    )  # fmt: skip
    plans = {}
    for place in places:
        with CaptureQueriesContext(connection) as requested:
            assert browser.get(place).status_code == 200, place
        reads = [each["sql"] for each in requested.captured_queries if each["sql"].startswith(("SELECT", "WITH"))]
        with rows_limited_to(person), connection.cursor() as cursor:
            for sql in reads:
                cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"))
                if found := list(read_whole(cursor.fetchone()[0][0]["Plan"])):
                    plans[place, sql] = found
    assert plans == {}


def tables_read_whole(place: str) -> list[str]:
    return [table for plan in plans_of(visitor(), place) for table in read_whole(plan)]


def test_a_scan_of_a_large_table_would_be_seen(db: None, long_history: FilledHistory) -> None:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT count(*) FROM diagnostics_run WHERE worker = 'x'")
        assert list(read_whole(cursor.fetchone()[0][0]["Plan"])) == ["diagnostics_run"]


@pytest.mark.parametrize("query", LISTS)
def test_no_list_reads_every_run(db: None, long_history: FilledHistory, query: str) -> None:
    middle = 1_750_000_000_000_000
    assert tables_read_whole(f"/runs/?{query.format(middle=middle)}") == []


@pytest.mark.parametrize("query", ["", "page=last", "cause=wrong", "check=oauth.token&outcome=fail", "client=3"])
def test_no_matrix_reads_every_run(db: None, long_history: FilledHistory, query: str) -> None:
    assert tables_read_whole(f"/runs/matrix/?{query}") == []


@pytest.mark.parametrize("query", ["", "when=7d", "client=3", "kind=health", "cause=wrong", "environment=sandbox"])
@pytest.mark.parametrize("place", ["causes", "latency"])
def test_no_chart_reads_every_run(db: None, long_history: FilledHistory, place: str, query: str) -> None:
    assert tables_read_whole(f"/runs/{place}/?{query}") == []


@pytest.mark.parametrize(
    "place",
    [
        "/runs/{last}/",
        "/runs/{last}/exchanges/0/",
        "/clients/{client}/",
        "/",
        "/compare/?a={last}&b={before}",
        "/runs/{last}/json/",
    ],
)
def test_no_page_around_a_run_reads_every_row(db: None, long_history: FilledHistory, place: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM diagnostics_oauthclient")
        client = cursor.fetchone()[0]
    assert tables_read_whole(place.format(last=long_history.last, before=long_history.last - 1, client=client)) == []
