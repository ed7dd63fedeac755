"""Who may call what: every call of the document is in the table, by token, role, scope and org."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, User
from diagnostics.api.v1 import document
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.api.conftest import Program
from tests.factories import (
    make_batch,
    make_client,
    make_exchange,
    make_finding,
    make_incident,
    make_issue,
    make_org_change,
    make_person,
    make_provider,
    make_run,
    make_schedule,
    make_user,
)

pytestmark = pytest.mark.django_db
RUNNERS = {User.Role.ADMIN, User.Role.OPERATOR}


@dataclass(frozen=True)
class Call:
    """`of` names the row of an org that the call is about; `lists` that rows of orgs are in its answer."""

    path: str
    method: str = "get"
    of: str = ""
    lists: bool = False
    query: str = ""
    is_for_admins: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def starts_a_run(self) -> bool:
        return self.method == "post" and self.path in ("/api/v1/runs", "/api/v1/batches")

    @property
    def is_a_question(self) -> bool:
        """A POST that changes nothing."""
        return self.path.endswith(("/claims", "/what-if"))

    @property
    def manages(self) -> bool:
        """Needs an admin's token of the scope for it: tests/api/test_writes.py."""
        return self.is_for_admins or (self.method != "get" and not self.starts_a_run and not self.is_a_question)


CALLS = (
    Call("/api/v1/me"),
    Call("/api/v1/clients", lists=True),
    Call("/api/v1/clients/{client_id}", of="client"),
    Call("/api/v1/providers", lists=True),
    Call("/api/v1/providers/{provider_id}", of="provider"),
    Call("/api/v1/runs", lists=True),
    Call("/api/v1/runs", "post", of="client"),
    Call("/api/v1/runs/{run_id}", of="run"),
    Call("/api/v1/runs/{run_id}/findings", of="run"),
    Call("/api/v1/runs/{run_id}/exchanges", of="run"),
    Call("/api/v1/batches", "post", of="client"),
    Call("/api/v1/batches/{batch_id}", of="batch"),
    Call("/api/v1/comparisons", of="run"),
    Call("/api/v1/clients/{client_id}/permissions", of="client"),
    Call("/api/v1/clients", "post"),
    Call("/api/v1/client-imports", "post"),
    Call("/api/v1/clients/{client_id}", "patch"),
    Call("/api/v1/clients/{client_id}", "delete"),
    Call("/api/v1/clients/{client_id}/secret", "put"),
    Call("/api/v1/clients/{client_id}/listing", is_for_admins=True),
    Call("/api/v1/clients/{client_id}/listing", "post"),
    Call("/api/v1/clients/{client_id}/listing/registrations", "post"),
    Call("/api/v1/runs/{run_id}/what-if", "post", of="run"),
    Call("/api/v1/issues/{issue_id}/what-if", "post", of="issue"),
    Call("/api/v1/claims", "post"),
    Call("/api/v1/operations"),
    Call("/api/v1/causes"),
    Call("/api/v1/causes/{code}"),
    Call("/api/v1/issues", lists=True),
    Call("/api/v1/issues/{issue_id}", of="issue"),
    Call("/api/v1/incidents", lists=True),
    Call("/api/v1/impact", query="?permission=conversation:cobrowse:add"),
    Call("/api/v1/changes", lists=True),
    Call("/api/v1/findings", lists=True),
    Call("/api/v1/findings/{finding_id}", of="finding"),
    Call("/api/v1/schedules", lists=True),
    Call("/api/v1/schedules/{schedule_id}", of="schedule"),
    Call("/api/v1/schedules", "post"),
    Call("/api/v1/schedules/{schedule_id}", "patch"),
    Call("/api/v1/schedules/{schedule_id}", "delete"),
)
CALLS_OF_AN_ORG = [each for each in CALLS if each.of]
LISTS = [each for each in CALLS if each.lists]

Rows = dict[str, int]


@pytest.fixture
def rows(sent_tasks: list[tuple[str, int]]) -> Rows:
    run = make_run(make_client(org_id="theirs"))
    make_finding(run)
    make_exchange(run)
    schedule, issue = make_schedule(run.client), make_issue(run.client, last_run=run)
    make_incident(schedule, issue=issue)
    make_org_change(run.client)
    return {
        "client": run.client_id,
        "run": run.pk,
        "provider": make_provider(run.client).pk,
        "finding": issue.pk,
        "issue": issue.pk,
        "schedule": schedule.pk,
        "batch": make_batch(run.client, run).pk,
    }


def answer(program: Client, call: Call, rows: Rows) -> tuple[int, str]:
    """Status, and the problem's code where it is one."""
    place = call.path.replace("{code}", "path.not_in_api") + call.query
    for part, pk in rows.items():
        place = place.replace(f"{{{part}_id}}", str(pk))
    if call.path.endswith("/comparisons"):
        place += f"?a={rows['run']}&b={rows['run']}"
    if call.method == "get":
        response = program.get(place)
    else:
        response = getattr(program, call.method)(
            place, json.dumps(body_of(call, rows)), content_type="application/json"
        )
    reported = response.json()
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert reported["status"] == response.status_code
    return response.status_code, reported.get("code", "") if response.status_code >= 400 else ""


def body_of(call: Call, rows: Rows) -> object:
    if call.path.endswith("/what-if"):
        return {}
    client = {"name": "New", "region": "eu-west-1", "client_id": "x", "secret": "s"}
    return {
        "/api/v1/runs": {"client": rows["client"]},
        "/api/v1/batches": {"client": rows["client"], "text": "POST /api/v2/conversations/chat/x/cobrowse -> 404"},
        "/api/v1/claims": {"text": "GET /api/v2/cobrowse/providers"},
        "/api/v1/clients": client,
        "/api/v1/client-imports": {"clients": [client]},
        "/api/v1/clients/{client_id}/secret": {"secret": "s"},
        "/api/v1/clients/{client_id}/listing/registrations": {"clients": [{"client_id": "x"}]},
        "/api/v1/schedules": {"name": "New", "client": rows["client"], "every": "minutes", "minutes": 5},
    }.get(call.path, {"name": "New"})


def test_no_call_is_missing_from_the_table() -> None:
    documented = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert {(call.path, call.method) for call in CALLS} == documented


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YWRhOmZhY3Rvcnk=",
        "Bearer cbd_aaaaaaaa_" + "a" * 40,
        "cbd_x",
        "Bearer \x7f",
    ],
)
def test_without_a_token_that_is_good_nothing_opens(header: str, rows: Rows) -> None:
    program = Client(headers={"Authorization": header} if header else {})
    for call in CALLS:
        assert answer(program, call, rows)[0] == 401, call
    assert Run.objects.count() == 1


def test_a_session_opens_nothing(rows: Rows) -> None:
    """So no page elsewhere can make a browser call the API."""
    browser = Client()
    browser.force_login(make_user())
    for call in CALLS:
        assert answer(browser, call, rows) == (401, "token_missing"), call


@pytest.mark.parametrize("place", ["?token={}", "?access_token={}", "?api_key={}", "?Authorization=Bearer%20{}"])
def test_a_token_in_an_address_opens_nothing(place: str, db: None) -> None:
    _, text = make_token(make_user(), name="x", scope="read", days=1)
    assert Client().get(f"/api/v1/me{place.format(text)}").status_code == 401


@pytest.mark.parametrize("what", ["revoked", "expired", "deactivated"])
def test_a_token_that_is_over_opens_nothing(what: str, rows: Rows, program: Program) -> None:
    caller = program()
    now = timezone.now()
    if what == "revoked":
        ApiToken.objects.update(revoked_at=now)
    elif what == "expired":
        ApiToken.objects.update(expires_at=now - timedelta(seconds=1))
    else:
        User.objects.update(is_active=False)
    for call in CALLS:
        assert answer(caller, call, rows) == (401, "token_refused"), call


@pytest.mark.parametrize("role", list(User.Role))
def test_each_role_may_do_its_own_and_no_more(role: User.Role, rows: Rows, program: Program) -> None:
    caller = program(make_person(role))
    starting = 202 if role in RUNNERS else 403
    for call in CALLS:
        status, _ = answer(caller, call, rows)
        assert status == (403 if call.manages else starting if call.starts_a_run else 200), call


def test_a_token_for_reading_starts_nothing(rows: Rows, program: Program) -> None:
    caller = program(scope=ApiToken.Scope.READ)
    for call in CALLS:
        is_refused = call.starts_a_run or call.manages
        assert answer(caller, call, rows) == ((403, "scope_missing") if is_refused else (200, "")), call
    assert Run.objects.count() == 1


def test_who_may_no_longer_run_starts_nothing_with_an_old_token(rows: Rows, program: Program) -> None:
    caller = program(make_person(User.Role.OPERATOR))
    User.objects.update(role=User.Role.TEAM_LEAD)
    assert answer(caller, Call("/api/v1/runs", "post"), rows) == (403, "role_missing")


def test_what_belongs_to_another_org_is_not_there(rows: Rows, program: Program) -> None:
    limited = program(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"]))
    for call in CALLS_OF_AN_ORG:
        assert answer(limited, call, rows) == (404, "not_found"), call
    assert Run.objects.count() == 1


def test_what_belongs_to_one_s_own_org_is_there(rows: Rows, program: Program) -> None:
    limited = program(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["theirs"]))
    for call in CALLS_OF_AN_ORG:
        assert answer(limited, call, rows)[0] in (200, 202), call


def test_what_is_not_there_and_what_may_not_be_seen_look_alike(rows: Rows, program: Program) -> None:
    limited = program(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"]))
    for call in CALLS_OF_AN_ORG:
        assert answer(limited, call, rows) == answer(limited, call, dict.fromkeys(rows, 10**12)), call


def test_lists_leave_out_what_belongs_to_another_org(rows: Rows, program: Program) -> None:
    own, other = (
        program(make_user(name, User.Role.OPERATOR, is_limited=True, only_orgs=[name])) for name in ("ours", "theirs")
    )
    for call in LISTS:
        assert len(other.get(call.path).json()["items"]) == 1, call
        assert own.get(call.path).json() == {"items": [], "next": None}, call


def test_one_run_of_another_org_makes_no_comparison(rows: Rows, program: Program) -> None:
    mine = make_run(make_client("Mine", org_id="ours"))
    limited = program(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"]))
    assert limited.get(f"/api/v1/comparisons?a={mine.pk}&b={mine.pk}").status_code == 200
    for a, b in ((mine.pk, rows["run"]), (rows["run"], mine.pk)):
        assert limited.get(f"/api/v1/comparisons?a={a}&b={b}").status_code == 404


def test_no_answer_holds_a_secret(rows: Rows, program: Program) -> None:
    caller = program()
    secret = OAuthClient.objects.get().secret
    for call in CALLS:
        place = call.path.split("{")[0]
        assert secret not in caller.get(place).content.decode(), call


@pytest.mark.parametrize("place", ["", "nope", "runs/", "runs/1/nope", "../", "admin/", "clients/1/secrets"])
def test_any_other_address_is_a_problem_and_no_page(place: str, client: Client) -> None:
    answered = client.get(f"/api/v1/{place}")
    assert (answered.status_code, answered.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_another_method_is_a_problem_that_names_the_allowed_ones(method: str, program: Program) -> None:
    answered = getattr(program(), method)("/api/v1/runs")
    assert (answered.status_code, answered.json()["code"]) == (405, "wrong_method")
    assert answered.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("place", ["/api/v1/openapi.json", "/api/", "/api/v1/runs/1"])
def test_a_post_to_a_document_is_a_problem_with_the_methods_it_takes(place: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    answered = strict.post(place, {}, content_type="application/json")
    assert (answered.status_code, answered.headers["Content-Type"]) == (405, "application/problem+json")
    assert (answered.json()["code"], answered.headers["Allow"]) == ("wrong_method", "GET, HEAD")


@pytest.mark.parametrize("place", ["/api/nope", "/api/v2/runs", "/api/v1/nope", "/api/v1/"])
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_an_unknown_address_of_the_api_is_a_problem(place: str, method: str) -> None:
    answered = getattr(Client(enforce_csrf_checks=True), method)(place)
    assert (answered.status_code, answered.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("place", ["/api/v1/openapi.json", "/api/v1/runs", "/api/v1/runs/999999", "/api/v1/nope"])
def test_head_is_answered_as_get_without_the_body(place: str, program: Program) -> None:
    caller = program()
    full, head = caller.get(place), caller.head(place)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert head.headers["Content-Type"] == full.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(full.content))
