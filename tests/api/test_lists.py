"""Lists of the API: narrowed, gone through to the end, and as many questions for any number of rows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient, OrgChange
from tests.api.conftest import Program
from tests.factories import (
    make_client,
    make_held_permission,
    make_incident,
    make_issue,
    make_org_change,
    make_provider,
    make_run,
    make_schedule,
)

pytestmark = pytest.mark.django_db


def ids(program: Client, place: str) -> list[int]:
    answer = program.get(f"/api/v1/{place}")
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["items"]]


@pytest.fixture
def org(db: None) -> OAuthClient:
    return make_client()


MAKERS: dict[str, Callable[[OAuthClient, int], Any]] = {
    "clients": lambda org, number: make_client(f"Client {number}"),
    "providers": lambda org, number: make_provider(org, ref=f"ref-{number}"),
    "runs": lambda org, number: make_run(org),
    "findings": lambda org, number: make_issue(org, target=f"call:GET /{number}"),
    "issues": lambda org, number: make_issue(org, target=f"call:GET /{number}"),
    "incidents": lambda org, number: make_incident(
        make_schedule(org, f"Schedule {number}"), issue=make_issue(org, target=f"conversation:{number}")
    ),
    "changes": lambda org, number: make_org_change(org),
    "schedules": lambda org, number: make_schedule(org, f"Schedule {number}"),
}
every_list = pytest.mark.parametrize("name", MAKERS)


@every_list
def test_a_list_is_gone_through_to_its_end(name: str, program: Program, org: OAuthClient) -> None:
    rows = {MAKERS[name](org, number).pk for number in range(5)} | ({org.pk} if name == "clients" else set())
    caller, place, visible = program(), f"/api/v1/{name}?limit=2", []
    while place:
        reported = caller.get(place).json()
        visible += [each["id"] for each in reported["items"]]
        place = reported["next"]
    assert (set(visible), len(visible)) == (rows, len(rows))


@every_list
def test_a_list_asks_the_same_for_any_number_of_rows(name: str, program: Program, org: OAuthClient) -> None:
    caller = program()
    counts = []
    for numbers in (range(2), range(2, 12)):
        for number in numbers:
            MAKERS[name](org, number)
        with CaptureQueriesContext(connection) as requested:
            assert caller.get(f"/api/v1/{name}").status_code == 200
        counts.append(len(requested))
    assert counts[0] == counts[1]


@every_list
@pytest.mark.parametrize(
    "query", ["nope=1", "limit=0", "limit=101", "limit=x", "limit=", "client=-1", "limit=1&limit=2", "a%00b=1"]
)
def test_an_invalid_filter_is_never_ignored(name: str, query: str, program: Program) -> None:
    answer = program().get(f"/api/v1/{name}?{query}")
    assert (answer.status_code, bool(answer.json()["errors"])) == (422, True)


@pytest.mark.parametrize(
    "query",
    [
        *("cause=nope", "from=yesterday", "zone=Nowhere", "outcome=fail", "page=x", "page=after~1~1~1", "check=%00"),
        *("sort=wrong", "org=" + "x" * 301, "when=7d&from=2026-01-01", "client=99999999999999999999"),
    ],
)
def test_a_filter_of_runs_that_is_not_understood_is_refused(query: str, program: Program) -> None:
    assert program().get(f"/api/v1/runs?{query}").status_code == 422


def test_clients_are_narrowed(program: Program) -> None:
    broken = make_client("Acme", status="broken", environment="production")
    make_client("Other", status="works", org_name="Elsewhere")
    retired = make_client("Gone", org_name="", retired_at=timezone.now())
    caller = program()
    for query in ("q=acm", "status=broken", "environment=production"):
        assert ids(caller, f"clients?{query}") == [broken.pk]
    assert ids(caller, "clients?retired=yes") == [retired.pk]


def test_providers_are_narrowed(program: Program, org: OAuthClient) -> None:
    shop = make_provider(org, name="Acme Shop", ref="one", state="off")
    gone = make_provider(org, name="Old", ref="two", source="gateway", removed_at=timezone.now())
    caller = program()
    for query in ("q=SHOP", "state=off", "removed=no", "source=deployment"):
        assert ids(caller, f"providers?{query}") == [shop.pk]
    assert ids(caller, "providers?removed=yes") == [gone.pk]
    assert ids(caller, f"providers?client={org.pk + 1}") == []


def test_runs_are_narrowed_as_on_their_page(program: Program, org: OAuthClient) -> None:
    bad, good = make_run(org), make_run(org, cause="none", kind="health", conversation_id="")
    caller = program()
    assert ids(caller, "runs?cause=wrong") == [bad.pk]
    assert ids(caller, "runs?kind=health&when=24h") == [good.pk]
    assert ids(caller, "runs?sort=oldest") == [bad.pk, good.pk]
    assert ids(caller, "runs?from=2020-01-01&to=2020-02-01&zone=Europe/Dublin") == []


def test_findings_are_open_unless_others_are_asked_for(program: Program, org: OAuthClient) -> None:
    is_open = make_issue(org, cause="env.dns")
    ended = make_issue(org, cause="env.tls", resolved_at=timezone.now())
    caller = program()
    assert ids(caller, "findings") == [is_open.pk]
    assert ids(caller, "findings?state=resolved") == [ended.pk]
    assert ids(caller, "findings?state=all") == [ended.pk, is_open.pk]
    assert ids(caller, "findings?check=oauth.token") == []


def test_schedules_are_narrowed(program: Program, org: OAuthClient) -> None:
    paused = make_schedule(org, "Paused", paused_at=timezone.now(), next_run_at=None)
    running = make_schedule(org, "Running")
    caller = program()
    assert ids(caller, "schedules?paused=yes") == [paused.pk]
    assert ids(caller, f"schedules?paused=no&client={org.pk}") == [running.pk]


def test_an_open_run_is_marked_as_incomplete(program: Program, org: OAuthClient) -> None:
    run = make_run(org, status="running", cause="", verdict={})
    caller = program()
    assert caller.get(f"/api/v1/runs/{run.pk}").json()["verdict"] is None
    for part in ("findings", "exchanges"):
        assert caller.get(f"/api/v1/runs/{run.pk}/{part}").json() == {"items": [], "is_open": True}


def test_rows_of_an_older_shape_are_answered(program: Program, org: OAuthClient) -> None:
    run = make_run(org, verdict=[], environment=[], inputs=[], planned=[1, "oauth.token"], target="")
    assert program().get(f"/api/v1/runs/{run.pk}").json()["planned"] == ["oauth.token"]


def test_issues_are_narrowed(program: Program, org: OAuthClient) -> None:
    is_open = make_issue(org, cause="env.dns")
    ended = make_issue(org, cause="env.tls", resolved_at=timezone.now())
    caller = program()
    assert ids(caller, f"issues?cause=env.dns&org={org.org_id}&client={org.pk}") == [is_open.pk]
    assert ids(caller, "issues?status=resolved") == [ended.pk]
    assert caller.get(f"/api/v1/issues/{ended.pk}").json()["status"] == "resolved"


def test_incidents_and_changes_are_narrowed(program: Program, org: OAuthClient) -> None:
    incident = make_incident(make_schedule(org))
    change = make_org_change(org)
    caller = program()
    assert ids(caller, "incidents?open=yes") == [incident.pk]
    assert ids(caller, "incidents?open=no") == []
    assert ids(caller, "changes?about=deployment&kind=disabled") == [change.pk]
    assert ids(caller, "changes?about=grant") == []


def test_the_reference_is_answered_without_an_org(program: Program) -> None:
    caller = program()
    found = caller.get("/api/v1/operations?q=conversations%20cobrowse&limit=1").json()
    assert (len(found["items"]), found["found"] > 1) == (1, True)
    assert caller.get("/api/v1/operations?region=Ireland").status_code == 200
    assert caller.get("/api/v1/operations?region=nowhere").status_code == 422
    assert caller.get("/api/v1/causes/nope").status_code == 404
    text = {"text": "Add the scope `cobrowse:write`, and call GET /api/v2/cobrowse/providers."}
    claims = caller.post("/api/v1/claims", text, content_type="application/json").json()["items"]
    assert {claim["verdict"] for claim in claims} == {"wrong"}


def test_the_impact_of_a_permission_is_counted(program: Program, org: OAuthClient) -> None:
    make_held_permission(org)
    make_schedule(org)
    caller = program()
    found = caller.get("/api/v1/impact?permission=conversation:cobrowse:add").json()
    assert (found["clients"], found["schedules"]) == (1, 1)
    assert caller.get("/api/v1/impact?permission=cobrowse").status_code == 422
    assert caller.get(f"/api/v1/clients/{org.pk}/permissions").json() == {"synced_at": None, "items": []}


def test_changes_are_narrowed(program: Program, org: OAuthClient) -> None:
    caller = program()
    made = {about: make_org_change(org, about=about).pk for about in OrgChange.About.values}
    for about, pk in made.items():
        assert ids(caller, f"changes?about={about}") == [pk]
