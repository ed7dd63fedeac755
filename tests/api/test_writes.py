"""Programs change clients and schedules: who may, what is refused, and that no answer contains a secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import ApiToken, AuditEntry, User
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import ClientListing, OAuthClient
from diagnostics.runs.models import Run
from tests.api.conftest import Program
from tests.factories import make_client, make_person, make_schedule, make_user

pytestmark = pytest.mark.django_db

ID = "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b99"
NEW = {"name": "New", "region": "Ireland", "client_id": ID, "secret": "a-new-secret", "environment": "sandbox"}
MANAGE = ApiToken.Scope.MANAGE
Sent = list[tuple[str, int]]


def send(program: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    data = "" if body is None else json.dumps(body)
    response = getattr(program, method)(f"/api/v1/{path}", data, content_type="application/json")
    assert "a-new-secret" not in response.content.decode()
    return response.status_code, response.json() if response.content else None


@pytest.fixture
def manager(program: Program) -> Client:
    return program(make_user("manager"), scope=MANAGE)


def test_a_client_is_registered_verified_changed_and_retired(
    manager: Client, sent_tasks: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        status, added = send(manager, "post", "clients", NEW)
    assert (status, added["region"], added["environment"], added["state"]) == (201, "eu-west-1", "sandbox", "verifying")
    client = OAuthClient.objects.get()
    assert client.secret == "a-new-secret"
    assert sent_tasks == [("verify_client", client.pk)]
    place = f"clients/{client.pk}"
    assert send(manager, "patch", place, {"name": "Renamed"})[1]["name"] == "Renamed"
    assert send(manager, "patch", place, {"region": "us-east-1"})[1]["region"] == "us-east-1"
    status, _ = send(manager, "put", f"{place}/secret", {"secret": "another"})
    client.refresh_from_db()
    assert (status, client.secret, client.environment) == (200, "another", "sandbox")
    assert send(manager, "delete", place) == (204, None)
    assert send(manager, "delete", place)[0] == 404
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"client.added", "client.changed", "client.secret_replaced", "client.retired"} <= actions


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"region": "Atlantis"}, "body.region"),
        ({"name": "Taken"}, "body.name"),
        ({"company_gateway": "ftp://x"}, "body.company_gateway"),
        ({"environment": "moon"}, "environment"),
        ({"more": 1}, "more"),
        ({"name": "a\u0000b"}, "body.name"),
        ({"secret": "x" * 1001}, "secret"),
    ],
)
def test_a_wrong_client_is_refused_with_the_field(manager: Client, change: dict[str, Any], where: str) -> None:
    make_client("Taken")
    status, problem = send(manager, "post", "clients", {**NEW, **change})
    if change == {"name": "a\u0000b"}:  # the character is cleaned
        assert status == 201
        return
    assert status == 422
    assert problem["errors"][0]["where"].endswith(where)
    assert OAuthClient.objects.count() == 1


def test_an_import_registers_the_valid_ones_and_lists_those_without_a_secret(
    manager: Client, sent_tasks: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    rows = [NEW, {**NEW, "name": "Later", "secret": ""}, {**NEW, "name": "Bad", "region": "?"}, NEW]
    with django_capture_on_commit_callbacks(execute=True):
        status, result = send(manager, "post", "client-imports", {"clients": rows})
    assert (status, result["registered"], result["without_secret"]) == (200, 2, 1)
    assert [bool(each["errors"]) for each in result["items"]] == [False, False, True, True]
    later = OAuthClient.objects.get(name="Later")
    assert later.state == "no_secret"
    assert sent_tasks == [("verify_client", OAuthClient.objects.get(name="New").pk)]
    status, problem = send(manager, "post", "runs", {"client": later.pk})
    assert (status, problem["code"]) == (409, "secret_missing")
    schedule = {"name": "Nightly", "client": later.pk, "every": "daily", "at": "02:30"}
    assert send(manager, "post", "schedules", schedule)[1]["code"] == "secret_missing"
    assert send(manager, "put", f"clients/{later.pk}/secret", {"secret": "now"})[1]["state"] == "verifying"


@pytest.fixture
def listed(db: None) -> OAuthClient:
    """A client whose org lists it, two new clients, and one that signs in a person."""
    source = make_client("Source", org_id="acme", client_id="own")
    rows = [("own", "Source", "CLIENT-CREDENTIALS"), ("one", "One", "CLIENT-CREDENTIALS")]
    rows += [("two", "Two", "CLIENT-CREDENTIALS"), ("desk", "Desktop", "CODE")]
    entries = [{"client_id": id, "name": name, "grant": grant, "state": "active"} for id, name, grant in rows]
    ClientListing.objects.create(client=source, state="read", entries=entries, read_at=timezone.now())
    return source


def test_the_clients_of_an_org_are_read_in_the_background_and_once_at_a_time(
    manager: Client, sent_tasks: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    client = make_client()
    place = f"clients/{client.pk}/listing"
    assert send(manager, "get", place)[1]["state"] == "unread"
    assert send(manager, "post", f"{place}/registrations", {"clients": [{"client_id": "one"}]})[1]["code"] == (
        "listing_unread"
    )
    with django_capture_on_commit_callbacks(execute=True):
        statuses = [send(manager, "post", place)[0] for _ in range(2)]
    assert (statuses, sent_tasks) == ([202, 202], [("read_client_listing", client.pk)])
    assert AuditEntry.objects.filter(action="client.listing_started", client_id=client.pk).count() == 1
    assert send(manager, "get", place)[1]["state"] == "reading"
    ClientListing.objects.update(started_at=timezone.now() - timedelta(minutes=5))
    assert send(manager, "get", place)[1]["state"] == "failed"
    status, problem = send(manager, "post", f"clients/{make_client('Empty', state='no_secret').pk}/listing")
    assert (status, problem["code"]) == (409, "secret_missing")


def test_listed_clients_are_registered_with_a_secret_or_for_completion(
    manager: Client, listed: OAuthClient, sent_tasks: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    place = f"clients/{listed.pk}/listing"
    items = {item["client_id"]: item for item in send(manager, "get", place)[1]["items"]}
    assert [(id, item["registered"], bool(item["unusable"])) for id, item in items.items()] == [
        ("one", None, False), ("two", None, False), ("desk", None, True), ("own", listed.pk, False),
    ]  # fmt: skip
    chosen = [
        {"client_id": "one", "secret": "a-new-secret"},
        *({"client_id": id} for id in ("two", "desk", "own", "x")),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        status, result = send(manager, "post", f"{place}/registrations", {"clients": chosen})
    assert (status, result["registered"], result["without_secret"]) == (200, 2, 1)
    assert [(item["client_id"], bool(item["client"]), bool(item["errors"])) for item in result["items"]] == [
        ("one", True, False), ("two", True, False), ("desk", False, True), ("own", True, True), ("x", False, True),
    ]  # fmt: skip
    one, two = (OAuthClient.objects.get(client_id=id) for id in ("one", "two"))
    assert (one.secret, one.state, two.state) == ("a-new-secret", "verifying", "no_secret")
    assert {(each.org_id, each.region) for each in (one, two)} == {("acme", listed.region)}
    assert sent_tasks == [("verify_client", one.pk)]
    assert send(manager, "post", f"{place}/registrations", {"clients": chosen})[1]["registered"] == 0
    added = AuditEntry.objects.filter(action="client.added")
    assert {entry.client_id for entry in added} == {one.pk, two.pk}
    assert "a-new-secret" not in str(list(AuditEntry.objects.values()))


def test_a_schedule_is_added_changed_paused_and_deleted(manager: Client) -> None:
    client = make_client()
    new = {"name": "Nightly", "client": client.pk, "every": "daily", "at": "02:30", "zone": "Europe/Berlin"}
    status, added = send(manager, "post", "schedules", new)
    assert (status, added["at"], added["owner"], added["next_run_at"] is not None) == (201, "02:30:00", "manager", True)
    place = f"schedules/{added['id']}"
    changed = send(manager, "patch", place, {"every": "minutes", "minutes": 15})[1]
    assert (changed["every"], changed["minutes"], changed["name"]) == ("minutes", 15, "Nightly")
    paused = send(manager, "patch", place, {"paused": True, "pause_reason": "Holidays"})[1]
    assert (paused["pause_reason"], paused["next_run_at"]) == ("Holidays", None)
    assert send(manager, "patch", place, {"paused": False})[1]["next_run_at"]
    assert send(manager, "delete", place) == (204, None)
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    "change", [{"every": "cron", "cron": "x"}, {"zone": "Mars"}, {"at": "25:00"}, {"name": "Taken"}, {"minutes": 5}]
)
def test_a_wrong_schedule_is_refused(manager: Client, change: dict[str, Any]) -> None:
    client = make_client()
    make_schedule(client, "Taken")
    new = {"name": "Nightly", "client": client.pk, "every": "daily", "at": "02:30"}
    status, _ = send(manager, "post", "schedules", {**new, **change})
    assert status == (201 if change == {"minutes": 5} else 422)  # `daily` does not use it


WRITES = [
    ("post", "clients", NEW),
    ("post", "client-imports", {"clients": [NEW]}),
    ("patch", "clients/{client}", {"name": "x"}),
    ("put", "clients/{client}/secret", {"secret": "x"}),
    ("delete", "clients/{client}", None),
    ("post", "schedules", {"name": "x", "client": 1, "every": "minutes", "minutes": 5}),
    ("patch", "schedules/{schedule}", {"name": "x"}),
    ("delete", "schedules/{schedule}", None),
    ("post", "runs", {"client": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize("scope", [ApiToken.Scope.READ, ApiToken.Scope.RUN])
def test_a_token_without_the_scope_writes_nothing(
    method: str, path: str, body: Any, scope: str, program: Program
) -> None:
    schedule = make_schedule(make_client())
    caller = program(scope=scope)
    before = AuditEntry.objects.count()
    place = path.format(client=schedule.client_id, schedule=schedule.pk)
    status, problem = send(caller, method, place, body)
    if (path, scope) == ("runs", ApiToken.Scope.RUN):
        assert status == 404  # may start runs, but not of this client
    else:
        assert (status, problem["code"]) == (403, "scope_missing")
    assert (OAuthClient.objects.count(), Schedule.objects.count(), Run.objects.count()) == (1, 1, 0)
    assert AuditEntry.objects.count() == before


def test_who_is_no_longer_an_admin_changes_nothing_with_an_old_token(manager: Client) -> None:
    User.objects.update(role=User.Role.OPERATOR)
    assert send(manager, "post", "clients", NEW)[1]["code"] == "role_missing"


def test_rows_of_another_org_are_not_there(program: Program) -> None:
    schedule = make_schedule(make_client(org_id="theirs"))
    limited = program(make_person(User.Role.ADMIN), scope=MANAGE)
    assert send(limited, "patch", f"schedules/{schedule.pk + 1}", {"name": "x"})[0] == 404
    assert send(limited, "patch", f"clients/{schedule.client_id + 1}", {"name": "x"})[0] == 404
