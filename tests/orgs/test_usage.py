"""The daily reading of each client's API usage, against the demo orgs: requests, permissions, failures, and its issues."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.demo import server
from diagnostics.demo.app import DemoApp
from diagnostics.demo.orgs import read_data
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest
from diagnostics.evaluation.usage import evaluate_usage
from diagnostics.genesys.documents.usage import PERMISSIONS
from diagnostics.issues.models import Issue
from diagnostics.orgs.clients import change_client, create_client
from diagnostics.orgs.models import CallFailure, ClientRateLimit, OAuthClient, UsageReading
from diagnostics.orgs.usage import due_readings, read_usage
from tests.factories import make_call_failure, make_client, make_issue, make_run, make_user

pytestmark = pytest.mark.django_db
State = UsageReading.State


@pytest.fixture(scope="module")
def running() -> Iterator[server.Running]:
    running = server.start()
    yield running
    running.stop()


@pytest.fixture
def orgs(running: server.Running, settings: Settings) -> server.Running:
    settings.GENESYS_ENDPOINTS = running.endpoints
    return running


def registered(running: server.Running, name: str, key: str = "published") -> OAuthClient:
    """A verified client of the demo."""
    found = next(client for org in running.orgs[key].orgs for client in org.clients if client.name == name)
    org = running.orgs[key].org_of(found.id)
    assert org is not None
    client = create_client(name=name, region_key=f"demo-{key}", client_id=found.id, secret=found.secret, user=None)
    client.state, client.org_id, client.org_name, client.gateway = "verified", org.id, org.name, key == "gateway"
    client.save()
    return client


def requests_of(running: server.Running, client: OAuthClient) -> list[str]:
    """The calls about API usage that the demo received from the client, without the query."""
    lines = [line for line in running.log.as_json()["requests"] if line["client_id"] == client.client_id]
    return [line["target"].split("?")[0] for line in lines if "/usage/" in line["target"]]


def read_all(client: OAuthClient) -> UsageReading:
    """Both requests, as if the wait between them were over."""
    due_readings()
    read_usage(client.pk)
    UsageReading.objects.filter(client=client, state=State.REQUESTED).update(next_at=timezone.now())
    read_usage(client.pk)
    return UsageReading.objects.get(client=client)


def next_day(client: OAuthClient) -> None:
    past = timezone.now() - timedelta(days=2)
    UsageReading.objects.filter(client=client).update(next_at=past, began_at=past)
    ClientRateLimit.objects.all().delete()


def test_all_seeded_patterns_are_found_and_none_is_invented(orgs: server.Running) -> None:
    names = ("Demo: published API", "Demo: Larkspur production", "Demo: Larkspur sandbox")
    clients = [registered(orgs, name) for name in names]
    clients.append(registered(orgs, "Demo: provider gateway", "gateway"))
    for client in clients:
        assert read_all(client).state == State.READ
    seeded = {
        (client_id, row["httpMethod"], row["templateUri"])
        for client_id, rows in read_data("usage.json")["failing"].items()
        for row in rows
    }
    assert len(seeded) == 12
    assert set(CallFailure.objects.values_list("client__client_id", "method", "template")) == seeded
    assert CallFailure.objects.count() == 12
    assert not CallFailure.objects.filter(client__name="Demo: Larkspur sandbox").exists()
    assert set(OAuthClient.objects.values_list("status", flat=True)) == {"unknown"}  # no org is down because of a call


def test_a_client_gets_two_requests_a_day(orgs: server.Running) -> None:
    client = registered(orgs, "Demo: cobrowse switched off")
    assert due_readings() == [client.pk]
    for _ in range(3):
        read_usage(client.pk)
    assert [path.rpartition("/usage/")[2] for path in requests_of(orgs, client)] == ["summary"]
    assert read_all(client).state == State.READ
    for _ in range(3):
        read_all(client)
    assert len(requests_of(orgs, client)) == 2
    assert due_readings() == []
    next_day(client)
    assert due_readings() == [client.pk]
    read_all(client)
    assert len(requests_of(orgs, client)) == 4


def test_missing_permission_names_the_one_that_enables_it(orgs: server.Running, client: Client) -> None:
    without = registered(orgs, "Demo: no role")
    reading = read_all(without)
    assert reading.state == State.DENIED
    assert all(permission in reading.error for permission in PERMISSIONS)
    assert len(requests_of(orgs, without)) == 1
    client.force_login(make_user("ada"))
    assert reading.error in client.get("/issues/failing-calls/").content.decode().replace("&#x27;", "'")


@pytest.fixture
def served(orgs: server.Running, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the published demo orgs return this document, or this error, to requests about API usage."""

    def serve(document: object = None, error: ApiError | None = None) -> None:
        def respond(request: DemoRequest) -> DemoResponse:
            if error is not None:
                raise error
            return json_response(document)

        app = orgs.servers[0].get_app()
        assert isinstance(app, DemoApp)
        routes = [replace(route, handle=respond) if "/usage/" in route.template else route for route in app.routes]
        monkeypatch.setattr(app, "routes", tuple(routes))

    return serve


def counted(template: str = "/api/v2/conversations/cobrowse", **values: object) -> dict[str, object]:
    return {"httpMethod": "POST", "templateUri": template, "status400": 3, "requests": 3, **values}


def test_rows_in_the_first_response_need_no_second_request(orgs: server.Running, served: Callable[..., None]) -> None:
    served({"queryStatus": "Complete", "results": [counted(), counted("/api/v2/invented", clientId="another")]})
    client = registered(orgs, "Demo: inactive deployment")
    assert read_all(client).state == State.READ
    assert CallFailure.objects.get().template == "/api/v2/conversations/cobrowse"
    assert len(requests_of(orgs, client)) == 1


@pytest.mark.parametrize("document", [None, [], {"executionId": 7}, {"queryStatus": "Failed", "results": [1]}, "x"])
def test_odd_documents_fail_the_reading_and_keep_what_was_known(
    orgs: server.Running, served: Callable[..., None], document: object
) -> None:
    client = registered(orgs, "Demo: role with a condition")
    CallFailure.objects.create(
        client=client, method="GET", template="/x", cause="path.not_in_api", requests=1, failed=1
    )
    served(document)
    reading = read_all(client)
    assert (reading.state, bool(reading.error)) == (State.FAILED, True)
    assert CallFailure.objects.count() == 1
    assert due_readings() == []


def test_rate_limit_ends_the_reading_until_the_next_day(orgs: server.Running, served: Callable[..., None]) -> None:
    client = registered(orgs, "Demo: wildcard role")
    served(error=ApiError("too.many.requests", (("Retry-After", "7"),), seconds="7"))
    assert read_all(client).state == State.FAILED
    read_all(client)
    assert len(requests_of(orgs, client)) == 1


def test_request_that_was_not_sent_is_tried_again_the_same_day(orgs: server.Running) -> None:
    client = registered(orgs, "Demo: voice permission only")
    ClientRateLimit.objects.create(
        region=client.region, client_id=client.client_id, blocked_until=timezone.now() + timedelta(minutes=5)
    )
    due_readings()
    read_usage(client.pk)
    assert requests_of(orgs, client) == []
    reading = UsageReading.objects.get()
    assert timezone.now() < reading.next_at < timezone.now() + timedelta(minutes=10)


def test_only_verified_clients_are_read_and_each_once(settings: Settings) -> None:
    first = make_client()
    make_client("Registered twice")
    make_client("Unverified", client_id="a", state="unverified")
    make_client("Retired", client_id="b", retired_at=timezone.now())
    assert due_readings() == [first.pk]
    settings.SNAPSHOT_HOURS = 0
    assert due_readings() == []


def test_tick_sends_a_task_for_each_due_client(monkeypatch: pytest.MonkeyPatch) -> None:
    client, sent = make_client(), []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent.append((task.name, pk)))
    tasks.TICK_PARTS["api_usage"]()
    assert sent == [(tasks.read_client_usage.name, client.pk)]


def test_issues_open_resolve_and_reopen_with_the_calls(orgs: server.Running, served: Callable[..., None]) -> None:
    client = registered(orgs, "Demo: org without the licence")
    wrong = counted("/api/v2/conversations/{conversationId}/cobrowses")
    rejected = counted("/api/v2/conversations/{conversationId}/cobrowse", status400=90, requests=90)

    def read(*rows: object) -> list[tuple[str, str, str]]:
        served({"results": list(rows)})
        next_day(client)
        read_all(client)
        return list(Issue.objects.values_list("cause", "target", "status"))

    issue = "path.not_in_api", "call:POST /api/v2/conversations/{id}/cobrowses"
    assert read(wrong, rejected) == [(*issue, "new")]
    assert read(wrong) == [(*issue, "ongoing")]
    assert read(rejected) == [(*issue, "resolved")]
    assert read(wrong) == [(*issue, "reopened")]


def test_issue_that_a_run_has_shown_keeps_its_evidence(orgs: server.Running, served: Callable[..., None]) -> None:
    client = registered(orgs, "Demo: org without the licence")
    run = make_run(client)
    target = "call:POST /api/v2/conversations/chat/{id}/cobrowse"
    issue = make_issue(
        client,
        org=client.org_id,
        cause="path.not_in_api",
        target=target,
        last_run=run,
        sentence="By a run.",
        occurrences=1,
    )
    served({"results": [counted("/api/v2/conversations/chat/{conversationId}/cobrowse")]})
    read_all(client)
    served({"results": []})
    next_day(client)
    read_all(client)
    issue.refresh_from_db()
    assert (issue.last_run_id, issue.sentence, issue.occurrences) == (run.pk, "By a run.", 2)
    assert issue.resolved_at is None  # only a run shows that it is over


def test_page_groups_the_calls_of_an_org_and_links_to_a_prefilled_diagnosis(client: Client) -> None:
    first = make_client()
    call = make_call_failure(first)
    second = make_call_failure(make_client("Second", client_id="b"), requests=31)
    make_call_failure(make_client("Elsewhere", client_id="c", org_id="other", org_name="Other"))
    client.force_login(make_user("ada"))
    page = client.get("/issues/failing-calls/")
    groups = page.context["groups"]
    assert [(group["clients"], group["failures"], group["total"]) for group in groups] == [
        (["Acme support", "Second"], 18, 40),
        (["Elsewhere"], 9, 9),
    ]
    assert [group["clients"] for group in client.get("/issues/failing-calls/?org=other").context["groups"]] == [
        ["Elsewhere"]
    ]
    assert len(client.get("/issues/failing-calls/?org=nowhere").context["groups"]) == 2
    content = page.content.decode()
    assert f"?failing_call={second.pk}" in content
    assert "/causes/path.id_missing" in content
    home = client.get(f"/?failing_call={call.pk}")
    assert home.context["form"].initial == {"client": first.pk, "call": "POST /api/v2/conversations/cobrowse"}


def test_page_shows_only_orgs_that_the_viewer_may_see(client: Client) -> None:
    mine, theirs = make_client(), make_client("Theirs", client_id="b", org_id="theirs")
    make_call_failure(mine)
    hidden = make_call_failure(theirs, template="/api/v2/hidden")
    UsageReading.objects.create(client=theirs, state=State.DENIED, error="Theirs can't read it.")
    client.force_login(make_user("lea", User.Role.TEAM_LEAD, is_limited=True, only_orgs=[mine.org_id]))
    page = client.get("/issues/failing-calls/")
    assert [group["clients"] for group in page.context["groups"]] == [["Acme support"]]
    assert "Theirs" not in page.content.decode()
    assert client.get(f"/?failing_call={hidden.pk}").status_code == 404


def test_new_client_id_forgets_the_usage_of_the_old_one() -> None:
    client = make_client()
    make_call_failure(client)
    UsageReading.objects.create(client=client)
    change_client(client, name=client.name, region_key=client.region, client_id="another", environment="")
    assert not CallFailure.objects.exists()
    assert not UsageReading.objects.exists()


def test_measure_counts_the_seeded_calls_and_the_silent_clients() -> None:
    result = evaluate_usage()
    assert (result["found"], result["invented"], result["silent"]) == (12, 0, result["healthy"])
    assert result["seeded"] == 12 < result["healthy"] + 12
