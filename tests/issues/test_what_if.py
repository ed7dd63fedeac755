"""What-if on an issue's page: who sees it, that it reads stored rows only, and that any query string is harmless."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils.http import urlencode

from diagnostics.accounts.api_tokens import make_token
from diagnostics.evaluation.cases import read_cases
from diagnostics.evaluation.score import inputs_of
from diagnostics.evaluation.what_if import counted_requests, stored_run_of
from diagnostics.issues.models import Issue
from diagnostics.runs.models import Exchange, Run
from diagnostics.runs.reevaluation.verdicts import StoredRun
from tests.factories import make_client, make_issue, make_run, make_team_lead

pytestmark = pytest.mark.django_db

CONVERSATION = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
CASE = {
    "org_state": {
        "region": "us-east-1",
        "permissions": ["conversation:communication:view"],
        "conversation": {"id": CONVERSATION, "media": "message (web messaging)", "state": "connected"},
    },
    "request": {"method": "POST", "url": f"https://api.mypurecloud.com/api/v2/conversations/{CONVERSATION}/cobrowse"},
    "expected": {"cause": "authz.permission_missing"},
}
SECRET = "Bearer abcdefghijklmnop1234567890ABCDEFGHIJ"


@pytest.fixture(scope="module")
def stored() -> StoredRun:
    (case,) = read_cases(json.dumps([CASE]))
    return stored_run_of(case, inputs_of(case))[0]


@pytest.fixture
def issue(stored: StoredRun) -> Issue:
    client = make_client(region="us-east-1")
    run = make_run(client, inputs=stored.inputs.to_json(), cause=stored.cause, planned=list(stored.planned))
    Exchange.objects.bulk_create(
        Exchange.from_value(value, number, run_id=run.pk) for number, value in enumerate(stored.exchanges)
    )
    return make_issue(client, last_run=run)


def query(*changes: list[str], **one_more: str) -> str:
    return urlencode([*(("change", json.dumps(change)) for change in changes), *one_more.items()])


def test_team_lead_predicts_from_stored_rows_without_a_request_or_a_write(issue: Issue, client: Client) -> None:
    client.force_login(make_team_lead())
    before = Run.objects.values().get()
    with counted_requests() as sent:
        fix = client.get(f"/issues/{issue.pk}/what-if/").context["what_if"].fixes[0]
        page = client.get(f"/issues/{issue.pk}/what-if/?{fix.query}").context["what_if"]
        more = client.get(f"/issues/{issue.pk}/what-if/?{fix.query}&kind=host&value=api.mypurecloud.ie", follow=True)
    assert (page.prediction.effect, page.prediction.cause) == ("fixes", "none")
    assert more.context["what_if"].prediction.cause == "host.wrong_region"
    assert sent == []
    assert Run.objects.values().get() == before


@pytest.mark.parametrize(
    "text",
    [
        query(["add_permission", "conversation:cobrowse:add", "no such role"], ["remove_role", "x", ""]),
        query(["path", "/\u202e//[::1", ""], ["host", "a.b:99999", ""], ["body", '{"a": ' * 300, ""]),
        query(["add_division", "\x00", "The caller's role"], ["status", "Active", "x" * 1500]),
        query(*[["add_scope", f"scope{number}", ""] for number in range(50)]),
        "change=&change=%5B%5D&change=null&change=%ff",
        query(kind="nothing", value="x"),
        query(kind="method", value=""),
        query(kind="body", value="\x00\ud7ff"),
    ],
)
def test_any_query_string_shows_the_page(issue: Issue, client: Client, text: str) -> None:
    client.force_login(make_team_lead())
    assert client.get(f"/issues/{issue.pk}/what-if/?{text}", follow=True).status_code == 200


def test_a_secret_that_somebody_typed_is_masked(issue: Issue, client: Client) -> None:
    client.force_login(make_team_lead())
    text = query(kind="header", of="Authorization", value=SECRET)
    page = client.get(f"/issues/{issue.pk}/what-if/?{text}", follow=True)
    assert "Authorization: Bearer [masked]" in page.content.decode()
    assert SECRET.split()[1] not in page.content.decode()


def test_a_header_that_carries_a_key_is_masked_by_its_name(issue: Issue, client: Client) -> None:
    client.force_login(make_team_lead())
    text = query(["header", "plain-words", "X-Api-Key"], kind="header", of="Cookie", value="sid=plain-words")
    page = client.get(f"/issues/{issue.pk}/what-if/?{text}", follow=True)
    assert [change.value for change in page.context["what_if"].prediction.changes] == ["[masked]", "[masked]"]


def test_a_program_gets_the_prediction_and_the_smallest_change(issue: Issue) -> None:
    """With a token that only reads: nothing is sent, and nothing is stored."""
    _, token = make_token(make_team_lead(), name="A program", scope="read", days=1)
    before = Run.objects.values().get()

    def ask(place: str, *changes: dict[str, str]) -> tuple[int, Any]:
        response = Client(headers={"Authorization": f"Bearer {token}"}).post(
            f"/api/v1/{place}/what-if", {"changes": changes}, content_type="application/json"
        )
        assert SECRET.split()[1] not in response.content.decode()
        return response.status_code, response.json()

    run = f"runs/{issue.last_run_id}"
    with counted_requests() as sent:
        status, plain = ask(f"issues/{issue.pk}")
        fixed = ask(run, *plain["smallest"][0]["changes"])[1]["prediction"]
        worse = ask(run, *plain["smallest"][0]["changes"], {"kind": "host", "value": "api.mypurecloud.ie"})[1]
        header = ask(run, {"kind": "header", "of": "Authorization", "value": SECRET})[1]["prediction"]
    assert (status, plain["run"], plain["prediction"]) == (200, issue.last_run_id, None)
    assert plain["verdict"]["cause"] == "authz.permission_missing"
    assert (fixed["effect"], fixed["verdict"]["cause"], len(fixed["unknown"]) >= 2) == ("fixes", "none", True)
    assert (worse["prediction"]["effect"], worse["prediction"]["verdict"]["cause"]) == ("other", "host.wrong_region")
    assert header["changes"][0]["changes"] == [{"kind": "header", "value": "Bearer [masked]", "of": "Authorization"}]
    assert (sent, Run.objects.values().get()) == ([], before)
    for wrong in ({"kind": "method", "value": "SING"}, {"kind": "nothing"}, {"kind": "provider", "value": "on"}):
        status, problem = ask(run, wrong)
        assert (status, problem["code"], bool(problem["errors"])) == (422, "invalid", True)
    assert ask(run, *({"kind": "add_scope", "value": f"s{number}"} for number in range(11)))[0] == 422


def test_a_program_learns_why_there_is_no_prediction(issue: Issue) -> None:
    _, token = make_token(make_team_lead(), name="A program", scope="read", days=1)
    caller = Client(headers={"Authorization": f"Bearer {token}"})
    empty, gone = (
        make_issue(issue.client, last_run=make_run(issue.client), cause="env.tls"),
        make_issue(issue.client, cause="env.dns"),
    )
    for found in (empty, gone):
        answer = caller.post(f"/api/v1/issues/{found.pk}/what-if", {}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_predictable")


def test_an_issue_without_evidence_predicts_nothing(client: Client) -> None:
    client.force_login(make_team_lead())
    owner = make_client()
    empty, gone = make_issue(owner, last_run=make_run(owner)), make_issue(owner, cause="env.dns")
    assert client.get(f"/issues/{empty.pk}/what-if/").context["what_if"].problem
    assert client.get(f"/issues/{gone.pk}/what-if/").status_code == 404
