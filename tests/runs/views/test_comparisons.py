"""Any two runs side by side, in every odd pair; the raw difference; when a target broke."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.queries import comparisons as queries
from tests.comparison.sides import ON, SHOP, environment
from tests.factories import make_client, make_finding, make_open_run, make_org_change, make_run, make_verdict

pytestmark = pytest.mark.django_db
ADD = "conversation:cobrowse:add"
NO_ROLE: dict[str, Any] = {"roles": [], "permissions": {ADD: []}}


def when(hours: float) -> Any:
    return timezone.now() - timedelta(days=2) + timedelta(hours=hours)


def good(client: OAuthClient, hours: float = 1, **values: Any) -> Run:
    verdict = make_verdict(cause="none", sentence="ALL IS RIGHT", because=["permissions.call"])
    defaults = {"cause": "none", "verdict": verdict, "environment": environment()}
    run = make_run(client, **{**times(client, hours), **defaults, **values})
    make_finding(run, "permissions.call", "pass", code="held", evidence={"needs": [ADD]})
    return run


def bad(client: OAuthClient, hours: float = 2, **values: Any) -> Run:
    cause = "authz.permission_missing"
    verdict = make_verdict(cause=cause, sentence="THE PERMISSION IS MISSING", because=["permissions.call"])
    defaults = {"cause": cause, "verdict": verdict, "environment": environment(**NO_ROLE)}
    run = make_run(client, **{**times(client, hours), **defaults, **values})
    make_finding(run, "permissions.call", "fail", code="permission_missing", evidence={"needs": [ADD]})
    return run


def times(client: OAuthClient, hours: float) -> dict[str, Any]:
    at = when(hours)
    target = f"start:{client.pk}"
    planned = ["permissions.call"]
    return {"created_at": at, "started_at": at, "finished_at": at, "target": target, "planned": planned}


def compare(browser: Client, a: Run, b: Run, status: int = 200) -> str:
    answer = browser.get("/compare/", {"a": a.pk, "b": b.pk})
    assert answer.status_code == status
    return answer.content.decode()


def test_the_page_names_the_reason_and_shows_the_environment_before_the_findings(as_lead: Client) -> None:
    client = make_client()
    page = compare(as_lead, good(client), bad(client))
    order = [
        "no longer has conversation:cobrowse:add",
        "ALL IS RIGHT",
        "THE PERMISSION IS MISSING",
        "Setup",
    ]
    order += ["Differences in the setup", "Findings", "New failures", "Raw difference"]
    places = [page.index(word) for word in order]
    assert places == sorted(places)


def test_two_runs_of_one_client_are_compared_in_the_order_of_time(as_lead: Client) -> None:
    client = make_client()
    a, b = good(client), bad(client)
    there, back = compare(as_lead, a, b), compare(as_lead, b, a)
    reason = "no longer has conversation:cobrowse:add"
    assert reason in there
    assert reason in back
    for page in (there, back):
        assert "New failures" in page
        assert "<span>Lost</span>" in page
        assert page.index("ALL IS RIGHT") < page.index("THE PERMISSION IS MISSING")
    assert "in order of time" in back
    assert "in order of time" not in there


def test_turned_round_on_purpose_nothing_is_called_gained_that_was_lost(as_lead: Client) -> None:
    client = make_client()
    a, b = good(client), bad(client)
    place = f"/compare/?a={b.pk}&b={a.pk}&turned=1"
    assert place.replace("&", "&amp;") in compare(as_lead, a, b)
    page = as_lead.get(place).content.decode()
    assert f"Only in run {a.pk}" in page
    assert "Better in the second" in page
    assert "reverse order of time" in page
    assert "<span>Gained</span>" not in page
    assert f'href="/compare/?a={a.pk}&amp;b={b.pk}"' in page
    raw = as_lead.get(place.replace("/compare/", "/compare/raw/")).content.decode()
    assert f"Raw difference of run {b.pk} and run {a.pk}" in raw


def test_a_deployment_that_was_switched_off_is_tagged_as_one_that_was_republished(as_lead: Client) -> None:
    client = make_client()
    off = environment(deployments={SHOP: {**ON, "cobrowse": False, "version": "4"}})
    page = compare(as_lead, good(client), bad(client, environment=off))
    table = page[page.index("Differences in the setup") :].split("</table>")[0]
    assert (table.count("<span>Changed</span>"), table.count("<span>Lost</span>")) == (2, 0)


def test_what_a_snapshot_saw_in_between_is_shown_and_used(as_lead: Client) -> None:
    client = make_client()
    a, b = good(client, environment=environment(roles=None, permissions=None)), bad(client)
    make_org_change(client, about="grant", kind="vanished", name="Cobrowse", not_before=when(1.2), at=when(1.8))
    make_org_change(client, about="grant", kind="vanished", name="LONG BEFORE", not_before=when(-9), at=when(-8))
    make_org_change(client, about="grant", kind="vanished", name="LONG AFTER", not_before=when(8), at=when(9))
    make_org_change(make_client("another"), about="grant", kind="vanished", not_before=when(1.2), at=when(1.8))
    page = compare(as_lead, a, b)
    assert "Org changes in between" in page
    assert page.count('id="change-') == 1
    assert "LONG" not in page


def test_a_missing_explanation_is_reported(as_lead: Client) -> None:
    client = make_client()
    page = compare(as_lead, good(client), bad(client, environment=environment()))
    assert "no change in the setup explains it" in page
    assert "Undetermined" in page


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"status": "running", "finished_at": None, "cause": "", "verdict": {}}, "is still running"),
        ({"status": "queued", "finished_at": None, "cause": "", "verdict": {}}, "waits for a worker"),
        ({"status": "interrupted", "cause": "undetermined", "verdict": {}}, "was interrupted"),
        ({"status": "interrupted", "cause": "", "verdict": {}}, "was interrupted"),
        ({"kind": "health", "target": "health:1"}, "only checks that both ran"),
        ({"branch": "permissions.call"}, "only one branch"),
        ({"target": "call:1:GET /api/v2/tokens/me"}, "about different calls"),
        ({"environment": {}}, "has no stored setup"),
        ({"environment": {"version": 99, "roles": "x", "deployments": [1]}}, "Comparison of"),
        ({"environment": [], "verdict": [], "planned": []}, "Comparison of"),
        ({"cause": "gone.cause", "engine_version": "0"}, "Comparison of"),
        ({"inputs": {}}, "Comparison of"),
    ],
)
def test_every_odd_pair_has_its_honest_word(as_lead: Client, values: dict[str, Any], word: str) -> None:
    client = make_client()
    assert word in compare(as_lead, good(client), bad(client, **values))
    assert compare(as_lead, bad(client, **values), good(client))


def test_a_banner_is_shown_only_if_the_runs_are_not_comparable(as_lead: Client) -> None:
    client = make_client()
    assert "Not fully comparable" not in compare(as_lead, good(client), bad(client))
    assert "Not fully comparable" in compare(as_lead, good(client), bad(client, kind="health"))


def test_the_same_run_twice(as_lead: Client) -> None:
    run = good(make_client())
    page = compare(as_lead, run, run)
    assert "the same run, so" in page
    assert "The raw difference" not in page


def test_a_retired_client_and_a_retired_check(as_lead: Client) -> None:
    client = make_client(retired_at=timezone.now())
    a, b = good(client, planned=["permissions.call", "gone.check"]), bad(client)
    make_finding(a, "gone.check", "pass")
    page = compare(as_lead, a, b)
    assert "is retired" in page
    assert "The check was removed" in page


def test_a_check_whose_version_rose_is_unknown(as_lead: Client) -> None:
    client = make_client()
    a, b = good(client), bad(client)
    b.findings.update(check_version=2)
    page = compare(as_lead, a, b)
    assert "Newly inconclusive" in page
    assert "changed" in page
    assert "New failures" not in page


def test_two_orgs(as_lead: Client) -> None:
    sandbox, production = (
        make_client("Sandbox", environment="sandbox"),
        make_client("Production", environment="production"),
    )
    there = environment(org={"id": "org-2", "name": "Acme sandbox"})
    page = compare(as_lead, good(sandbox, environment=there), bad(production))
    assert "have the permission conversation:cobrowse:add, and Sandbox does" in page
    assert "environment-sandbox" in page
    assert "environment-production" in page
    assert "What snapshots saw" not in page


def test_what_was_found_is_text_and_never_markup(as_lead: Client) -> None:
    evil = "<script>alert(1)</script>"
    client = make_client()
    odd = environment(org={"id": "x", "name": evil}, deployments={evil: {**ON, "name": evil}}, scopes=[evil])
    a, b = good(client), bad(client, environment=odd, verdict=make_verdict(cause="conv.ended", sentence=evil))
    make_finding(b, "oauth.token", "fail", sentence=evil, subject=evil, evidence={evil: evil})
    Run.objects.update(planned=["permissions.call", "oauth.token"])
    make_finding(a, "oauth.token", "pass", sentence=evil, subject=evil, evidence={evil: 1})
    make_org_change(client, name=evil, before=evil, after=evil, not_before=when(1.2), at=when(1.8))
    for place in (f"/compare/?a={a.pk}&b={b.pk}", f"/compare/raw/?a={a.pk}&b={b.pk}", f"/runs/{b.pk}/history/"):
        assert b"<script>alert" not in as_lead.get(place).content


def test_a_million_characters_make_no_page_of_megabytes(as_lead: Client) -> None:
    client = make_client()
    huge = environment(deployments={SHOP: {**ON, "name": "n" * 200}}, scopes=[f"scope-{n}" for n in range(100)])
    a, b = good(client), bad(client, environment=huge)
    for run, letter in ((a, "a"), (b, "b")):
        run.findings.update(evidence={"needs": [ADD], "body": letter * 1_000_000})
    assert len(compare(as_lead, a, b)) < 200_000
    assert len(as_lead.get("/compare/raw/", {"a": a.pk, "b": b.pk}).content) < 300_000


# --- choosing


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a=&b=",
        "a=x",
        "a=-1",
        "a=0",
        "a=1.5",
        f"a={10**40}",
        "a=<script>",
        "b=" + "9" * 5000,
        "c=1",
        "a=1e3",
    ],
)
def test_numbers_that_are_none_are_named_and_no_error(as_lead: Client, query: str) -> None:
    answer = as_lead.get(f"/compare/?{query}")
    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    values = [each for each in query.split("&") if each.startswith(("a=", "b=")) and len(each) > 2]
    assert (b'aria-invalid="true"' in answer.content) == bool(values)


def test_a_missing_run_is_a_404_with_an_explanation(as_lead: Client) -> None:
    run = good(make_client())
    for query in (f"a={run.pk}&b=999999", f"a=999999&b={run.pk}", "a=999998&b=999999"):
        answer = as_lead.get(f"/compare/?{query}")
        assert answer.status_code == 404
        assert b"Run 99999" in answer.content


def test_one_run_offers_those_worth_comparing_it_with(as_lead: Client) -> None:
    client, other = make_client(), make_client("Sandbox")
    fine, one, two, there = good(client), bad(client), bad(client, 3), good(other)
    page = as_lead.get("/compare/", {"a": two.pk}).content.decode()
    for run in (fine, one, there):
        assert f"/compare/?a={run.pk}&amp;b={two.pk}" in page
    # what came later stands on the right
    page = as_lead.get("/compare/", {"b": one.pk}).content.decode()
    assert f"/compare/?a={one.pk}&amp;b={two.pk}" in page


def test_without_a_run_the_newest_changes_of_verdict_are_offered(as_lead: Client) -> None:
    client = make_client()
    good(client, 0)
    a, b = good(client), bad(client)
    bad(client, 3)
    page = as_lead.get("/compare/").content.decode()
    assert f"/compare/?a={a.pk}&amp;b={b.pk}" in page
    assert page.count("/compare/?a=") == 1


def test_a_page_with_nothing_to_compare_explains_it(as_lead: Client) -> None:
    assert b"No verdict has changed yet" in as_lead.get("/compare/").content


def test_an_open_run_alone_is_no_candidate_that_breaks_the_page(as_lead: Client) -> None:
    assert as_lead.get("/compare/", {"a": make_open_run().pk}).status_code == 200


# --- the raw difference


def test_the_raw_difference_opens_as_a_page_and_as_a_fragment(as_lead: Client) -> None:
    client = make_client()
    a, b = good(client), bad(client)
    place = f"/compare/raw/?a={a.pk}&b={b.pk}"
    assert b"<html" in as_lead.get(place).content
    fragment = as_lead.get(place, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "raw-old" in fragment
    assert "raw-new" in fragment


def test_the_raw_difference_of_a_run_with_itself_is_nothing(as_lead: Client) -> None:
    run = good(make_client())
    assert b"No differences" in as_lead.get("/compare/raw/", {"a": run.pk, "b": run.pk}).content


def test_two_runs_ticked_in_the_list_are_compared(as_lead: Client) -> None:
    client = make_client()
    a, b, third = good(client), bad(client), bad(client, 3)
    page = as_lead.get("/runs/").content.decode()
    assert page.count('name="run" form="pick-two"') == 3
    answer = as_lead.get("/compare/", {"run": [b.pk, a.pk]})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/compare/?a={a.pk}&b={b.pk}")
    assert "You selected 3 runs" in as_lead.get("/compare/", {"run": [a.pk, b.pk, third.pk]}).content.decode()
    assert "You selected 1 run." in as_lead.get("/compare/", {"run": [a.pk]}).content.decode()


@pytest.mark.parametrize("query", ["run=", "run=x&run=y", "run=%00", "run=" + "9" * 5000 + "&run=1", "run=-1&run=2"])
def test_ticks_that_are_no_runs_are_no_error(as_lead: Client, query: str) -> None:
    assert as_lead.get(f"/compare/?{query}", follow=True).status_code in (200, 404)


@pytest.mark.parametrize(("query", "status"), [("", 200), ("a=x&b=y", 200), ("a=999998&b=999999", 404)])
def test_the_raw_difference_asks_for_the_runs_that_are_missing(as_lead: Client, query: str, status: int) -> None:
    answer = as_lead.get(f"/compare/raw/?{query}")
    assert answer.status_code == status
    assert b'action="/compare/"' in answer.content


# --- the history of a target


def test_runs_of_other_targets_and_parts_of_runs_do_not_count(db: None) -> None:
    client, other = make_client(), make_client("other")
    run = good(client, 1)
    bad(other, 2)
    bad(client, 3, branch="permissions.call")
    bad(client, 4, target=f"health:{client.pk}", kind="health")
    bad(client, 5, status="interrupted")
    assert queries.history_of_target(run).flips == ()


def test_run_without_a_target_has_no_history(db: None) -> None:
    assert queries.history_of_target(good(make_client(), target="")).points == ()


def test_last_good_run_is_found_however_long_ago_it_was(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAX_POINTS", 3)
    client = make_client()
    a, b = good(client, 1), bad(client, 2)
    for hours in range(3, 9):
        last = bad(client, hours)
    for run in (last, b):
        broke = queries.history_of_target(run).break_before(run.pk)
        assert broke is not None
        assert (broke.before.pk, broke.after.pk) == (a.pk, b.pk)


# --- how often the database is asked


def test_comparing_asks_as_often_for_many_findings_and_changes_as_for_one(
    as_lead: Client, queries_of: Callable[[Client, str], int]
) -> None:
    client = make_client()
    a, b = good(client), bad(client)
    make_org_change(client, not_before=when(1.2), at=when(1.8))
    place = f"/compare/?a={a.pk}&b={b.pk}"
    alone = queries_of(as_lead, place)
    for number in range(6):
        for run in (a, b):
            make_finding(run, "permissions.call", "fail", subject=str(number))
        make_org_change(client, not_before=when(1.2), at=when(1.8))
    assert queries_of(as_lead, place) == alone


def test_choosing_asks_as_often_for_many_runs_as_for_few(
    as_lead: Client, queries_of: Callable[[Client, str], int]
) -> None:
    client = make_client()
    b = bad(client)
    good(make_client("another"), 1)
    bad(client, 3, cause="conv.ended")
    few = queries_of(as_lead, "/compare/"), queries_of(as_lead, f"/compare/?a={b.pk}")
    for number in range(5):
        other = make_client(f"client {number}")
        good(other, 3)
        bad(other, 4)
    assert (queries_of(as_lead, "/compare/"), queries_of(as_lead, f"/compare/?a={b.pk}")) == few


def test_those_who_asked_something_else_are_no_counterparts() -> None:
    sandbox, other = make_client("Sandbox"), make_client("Other")
    run = bad(make_client())
    good(sandbox, 1)
    newest = good(sandbox, 2)
    good(sandbox, 3, branch="oauth.token")
    good(other, 2, target=f"health:{other.pk}")
    good(make_client("Retired", retired_at=timezone.now()))
    assert queries.counterparts_of(run, None) == [newest]
    requested = bad(run.client, target=f"call:{run.client_id}:GET /api/v2/tokens/me")
    there = good(other, 4, target=f"call:{other.pk}:GET /api/v2/tokens/me")
    assert queries.counterparts_of(requested, None) == [there]
    assert queries.counterparts_of(bad(run.client, target=""), None) == []


def test_no_query_of_a_comparison_reads_a_whole_table(as_lead: Client) -> None:
    """Where an index could serve: with the choice forbidden, a plan that still reads a whole large table has none."""
    client = make_client()
    a, b = good(client), bad(client)
    make_org_change(client, not_before=when(1.2), at=when(1.8))
    places = [
        f"/compare/?a={a.pk}&b={b.pk}",
        "/compare/",
        f"/compare/?a={b.pk}",
        f"/runs/{b.pk}/",
    ]
    with CaptureQueriesContext(connection) as requested:
        for place in places:
            assert as_lead.get(place).status_code == 200
    large = ("diagnostics_run", "diagnostics_finding", "diagnostics_exchange", "diagnostics_orgchange")
    reads = {each["sql"] for each in requested if each["sql"].startswith("SELECT")}
    assert len(reads) > 10
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in reads:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert [name for name in large if f"Seq Scan on {name}" in plan] == [], f"{sql}\n{plan}"
