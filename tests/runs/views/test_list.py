"""Many runs: the list, checks by runs, causes over time; one narrowing for all three."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import SavedView
from diagnostics.runs.queries import matrix as run_matrices
from diagnostics.runs.queries import pages as run_pages
from diagnostics.runs.queries.pages import run_page
from diagnostics.runs.queries.strips import strips
from tests.factories import make_client, make_exchange, make_open_run, make_run

pytestmark = pytest.mark.django_db

PAGES = ("/runs/", "/runs/matrix/", "/runs/causes/", "/runs/latency/")
NONSENSE = [
    "colour=red",
    "client=x",
    "client=999",
    "client=" + "9" * 30,
    "cause=none.such",
    "when=yesterday",
    "from=9999-12-31&to=0001-01-01",
    "zone=../../etc/passwd",
    "page=x",
    "page=after~1~1&sort=slowest&colour=x",
    "page=after~9999999999999999999999999999~1",
    "page=before~-5~1",
    "page=after~nan~1&sort=slowest&x=y",
    "page=after~1e999~1&sort=slowest",
    "%FF=%FF",
    "org=" + "x" * 1_000_000,
    "x" * 1_000_000 + "=1",
]


def shown(page: bytes) -> list[int]:
    """The runs of the table, in its order."""
    return [int(pk) for pk in re.findall(rb'<th scope="row">(?:<input[^>]*> )?<a href="/runs/(\d+)/"', page)]


@pytest.mark.parametrize("place", PAGES)
def test_everybody_reads_and_nobody_writes(client: Client, as_lead: Client, place: str) -> None:
    make_run()
    assert as_lead.get(place).status_code == 200
    assert as_lead.post(place).status_code == 405
    assert client.get(place).headers["Location"] == f"/login/?next={place}"


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("query", NONSENSE)
def test_what_makes_no_sense_is_named_and_no_error(as_lead: Client, place: str, query: str) -> None:
    make_run()
    answer = as_lead.get(f"{place}?{query}")
    assert answer.status_code == 200
    assert b'<div class="note tone-warn" role="alert">' in answer.content
    assert b"/runs/" in answer.content


def test_what_is_named_is_text_and_never_markup(as_lead: Client) -> None:
    page = as_lead.get("/runs/", {"<script>alert(1)</script>": "1", "org": "<b>x"}).content
    assert b"<script>alert" not in page
    assert b"<b>x" not in page


def test_the_empty_fields_of_a_form_do_not_stay_in_the_address(as_lead: Client) -> None:
    answer = as_lead.get("/runs/?client=&cause=conv.ended&when=&sort=newest&check=")
    assert answer.headers["Location"] == "/runs/?cause=conv.ended"


def test_the_list_narrows_by_client_cause_and_status(as_lead: Client) -> None:
    one, other = make_client("one"), make_client("other")
    wanted = make_run(one, cause="conv.ended")
    make_run(one)
    make_open_run(one)
    make_run(other, cause="conv.ended")
    page = as_lead.get(f"/runs/?client={one.pk}&cause=conv.ended&status=finished").content
    assert shown(page) == [wanted.pk]


def test_each_filter_can_be_removed_separately(as_lead: Client) -> None:
    make_run(cause="conv.ended")
    page = as_lead.get("/runs/?cause=conv.ended&status=finished").content.decode()
    assert 'href="?status=finished"' in page
    assert 'href="?cause=conv.ended"' in page


def test_days_begin_where_the_reader_is(as_lead: Client) -> None:
    early = make_run(created_at=datetime(2026, 11, 1, 23, 30, tzinfo=UTC))
    make_run(early.client, created_at=datetime(2026, 11, 1, 22, 30, tzinfo=UTC))
    as_lead.cookies["zone"] = "Europe/Berlin"
    page = as_lead.get("/runs/?from=2026-11-02&to=2026-11-02").content
    assert shown(page) == [early.pk]
    assert b"2 Nov 2026, 00:30:00 CET" in page


@pytest.mark.parametrize("cookie", ["", "Nowhere/None", "../../etc/passwd", "x" * 4000, "Europe"])
def test_a_zone_that_is_none_changes_nothing(as_lead: Client, cookie: str) -> None:
    as_lead.cookies["zone"] = cookie
    assert as_lead.get("/runs/").status_code == 200


@pytest.mark.parametrize("sort", ["newest", "oldest", "slowest"])
def test_pages_go_on_and_back_without_losing_or_repeating_a_run(
    as_lead: Client, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(run_pages, "PAGE_SIZE", 3)
    client, now = make_client(), timezone.now()
    runs = [make_run(client, created_at=now, duration_ms=100.0 * (n // 2)) for n in range(7)]  # many of one moment
    runs.append(make_open_run(client, created_at=now + timedelta(seconds=1)))
    expected = {
        "newest": [run.pk for run in reversed(runs)],
        "oldest": [run.pk for run in runs],
        "slowest": [runs[number].pk for number in (6, 5, 4, 3, 2, 1, 0, 7)],  # the open one has no duration yet
    }
    forwards, place = [], f"/runs/?sort={sort}"
    while place:
        page = as_lead.get(place, follow=True).content
        forwards.append(shown(page))
        place = neighbour(page, "next")
    assert [pk for each in forwards for pk in each] == expected[sort]
    back, place = [], f"/runs/?sort={sort}&page=last"
    while place:
        page = as_lead.get(place, follow=True).content
        back.append(shown(page))
        place = neighbour(page, "prev")
    assert back[0] == expected[sort][-3:]
    assert back[-1] == forwards[0]  # the first page is whole again, however one comes to it
    assert set(expected[sort]) == {pk for each in back for pk in each}


def neighbour(page: bytes, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"'.encode(), page)
    return "/runs/" + found[1].decode().replace("&amp;", "&") if found else ""


def test_a_run_that_starts_meanwhile_shifts_nothing(as_lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_pages, "PAGE_SIZE", 2)
    client = make_client()
    runs = [make_run(client) for _ in range(4)]
    onwards = neighbour(as_lead.get("/runs/").content, "next")
    make_run(client)
    assert shown(as_lead.get(onwards).content) == [runs[1].pk, runs[0].pk]


def test_an_invalid_position_for_an_order_is_reported_and_shows_the_first_page(as_lead: Client) -> None:
    run = make_run()
    page = as_lead.get("/runs/?page=after~soon~1").content
    assert b"exist in this order" in page
    assert shown(page) == [run.pk]


def test_a_place_beyond_the_end_leads_back(as_lead: Client) -> None:
    make_run()
    assert b"No more runs" in as_lead.get("/runs/?page=after~1~1").content


def test_no_run_that_fits_offers_all(as_lead: Client) -> None:
    make_run()
    assert b"No runs match" in as_lead.get("/runs/", {"cause": "env.dns"}).content


def test_an_empty_list_explains_what_will_appear(as_lead: Client) -> None:
    assert b"No runs yet" in as_lead.get("/runs/").content


def test_a_strip_names_each_of_the_last_runs_in_words(as_lead: Client) -> None:
    client = make_client()
    runs = [make_run(client, cause="none") for _ in range(31)]
    make_run(client, branch="oauth.token", cause="none")
    page = as_lead.get(f"/runs/?client={client.pk}").content.decode()
    strip = page[page.index('<ol class="strip"') : page.index("</ol>")]
    cells = re.findall(r'href="/runs/(\d+)/"', strip)
    assert len(cells) == 30
    assert cells[:1] == [str(runs[2].pk)]  # the oldest of the thirty
    assert strip.count("Nothing wrong") == 29
    assert strip.count("This branch passes now") == 1


def test_a_client_without_runs_has_an_empty_strip() -> None:
    client = make_client()
    assert [(strip.client, strip.runs) for strip in strips([client.pk, 999], None)] == [(client, [])]


def test_the_matrix_shows_the_gravest_and_leads_to_the_runs_like_it(as_lead: Client) -> None:
    search_keys = [
        "check:oauth.token=pass",
        "check:request.path=pass",
        "check:request.path=fail",
        "check:gone.check=error",
    ]
    make_run(search_keys=search_keys)
    page = as_lead.get("/runs/matrix/?sort=oldest").content.decode()
    assert '<td class="tone-fail" title="Failed, Passed">' in page
    assert "/runs/?check=request.path&amp;outcome=fail&amp;sort=oldest" in page
    assert "no longer a check" in page
    assert "check=oauth.token" not in page


def test_the_matrix_pages_like_the_list(as_lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_matrices, "MATRIX_SIZE", 2)
    client = make_client()
    runs = [make_run(client, search_keys=["check:oauth.token=pass"]) for _ in range(3)]
    first = as_lead.get("/runs/matrix/").content
    assert f"/runs/{runs[0].pk}/".encode() not in first
    onwards = neighbour(first, "next").replace("/runs/", "/runs/matrix/")
    assert f"/runs/{runs[0].pk}/".encode() in as_lead.get(onwards).content


def test_a_run_without_search_keys_is_logged_and_no_error(as_lead: Client) -> None:
    make_run()
    assert b"no stored outcomes" in as_lead.get("/runs/matrix/").content


def test_the_chart_counts_whole_runs_and_its_table_leads_to_them(as_lead: Client) -> None:
    at = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
    wanted = [make_run(make_client(name), cause="conv.ended", created_at=at) for name in "ab"]
    make_run(wanted[0].client, cause="none", branch="oauth.token", created_at=at)
    make_run(wanted[0].client, cause="conv.ended", created_at=at - timedelta(days=20))
    page = as_lead.get("/runs/causes/?from=2026-11-01&to=2026-11-20").content.decode()
    assert "2 of 2 runs failed" in page
    link = re.search(r'href="/runs/\?([^"]+)">2</a>', page)
    assert link is not None
    assert sorted(shown(as_lead.get("/runs/?" + link[1].replace("&amp;", "&")).content)) == [run.pk for run in wanted]


def test_the_chart_shows_thirty_days_where_no_time_is_chosen(as_lead: Client) -> None:
    run = make_run()
    make_run(run.client, created_at=timezone.now() - timedelta(days=31))
    page = as_lead.get("/runs/causes/").content
    assert b"1 of 1 run failed" in page
    assert b"Last 30 days" in page


@pytest.mark.parametrize("query", ["to=2001-01-01", "from=2199-01-01", "from=2026-11-03&to=2026-11-01"])
def test_a_time_without_runs_is_no_error(as_lead: Client, query: str) -> None:
    make_run()
    for page in ("causes", "latency"):
        assert b'class="empty"' in as_lead.get(f"/runs/{page}/?{query}").content


def test_latency_of_a_check_is_the_time_of_its_requests_in_each_run(as_lead: Client) -> None:
    client = make_client()
    fast, slow = make_run(client), make_run(client)
    make_exchange(fast, check_id="oauth.token", ms=100)
    for ms in (200, 300):
        make_exchange(slow, check_id="oauth.token", ms=ms)
    [check] = as_lead.get("/runs/latency/").context["chart"].checks
    assert [(point.run, point.ms) for point in check.points] == [(fast.pk, 100), (slow.pk, 500)]
    assert (check.median_ms, check.slowest.run) == (300, slow.pk)


def test_list_counts_its_runs_up_to_a_limit(as_lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client()
    for _ in range(3):
        make_run(client)
    assert as_lead.get("/runs/").context["total"] == "3"
    monkeypatch.setattr(run_pages, "COUNTED", 2)
    assert as_lead.get("/runs/").context["total"] == "2+"


@pytest.mark.parametrize("place", PAGES)
def test_pages_ask_as_often_for_many_rows_as_for_one(
    as_lead: Client, ada: User, queries_of: Callable[[Client, str], int], place: str
) -> None:
    search_keys = ["check:oauth.token=pass"]
    make_run(make_client("first"), started_by=ada, search_keys=search_keys)
    SavedView.objects.create(name="one", query="kind=health")
    alone = queries_of(as_lead, place)
    for number in range(5):
        make_run(make_client(f"client {number}"), started_by=ada, cause=f"cause {number}", search_keys=search_keys)
        SavedView.objects.create(name=f"view {number}", query="kind=health")
    assert queries_of(as_lead, place) == alone <= 10


def test_what_is_large_stays_in_the_database(as_lead: Client) -> None:
    make_run(inputs={"call": None, "answer": None, "conversation_id": "", "note": "x"}, environment={"org": None})
    run = run_page(RunFilter()).runs[0]
    assert {"inputs", "verdict", "environment", "search_keys"} <= run.get_deferred_fields()
    assert "secret" in run.client.get_deferred_fields()
