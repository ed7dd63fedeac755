"""Half a surrogate pair, NUL, control and direction characters, from anybody and anywhere: no 5xx, and no run is lost."""

import json
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings

from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, User
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import read_paste
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep
from tests.builders.every_page import make_sample_site
from tests.factories import make_client, make_user

CONVERSATION = scenario("healthy-web").conversation_id
POISONED_CALL = (
    f"POST https://api.mypurecloud.com/api/v2/conversations/{CONVERSATION}/cobrowse\n\n" + '{"providerId":"\\ud800"}'
)
POISONED_ANSWER = (
    "HTTP/1.1 404 Not Found\nContent-Type: application/json\n\n" + '{"message":"\\ud800","code":"\\udfff"}'
)
ODD = "\x00\x1b[31mred\u202egnp.exe\u2066\ufeff\u2028\U0001f468\u200d\U0001f469 \u05d0\u0628 \x85\x7f"
ODD_TEXT = st.text(st.characters(blacklist_categories=[]), max_size=40)


@pytest.fixture
def org(demo: server.Running, settings: Settings, transactional_db: None) -> OAuthClient:
    settings.GENESYS_ENDPOINTS = {"us-east-1": demo.endpoints["demo-published"]}
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == scenario("healthy-web").client)
    return create_client(name="Demo", region_key="us-east-1", client_id=known.id, secret=known.secret, user=None)


@pytest.fixture
def admin(transactional_db: None) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user("ada"))
    return browser


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.tasks.send", lambda task, pk: None)


def ends_well(run: Run) -> None:
    """The run finishes. Path and conversation are right, and a 404 whose code can't be read proves nothing else."""
    assert execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.cause) == ("finished", "undetermined")
    assert sweep().closed == ()


def test_a_poisoned_call_that_is_pasted_ends_with_its_verdict(org: OAuthClient, admin: Client) -> None:
    answer = admin.post("/diagnose/start/", {"client": org.pk, "call": POISONED_CALL, "answer": POISONED_ANSWER})
    assert answer.status_code == 302
    ends_well(Run.objects.get())
    assert admin.get(answer["Location"]).status_code == 200


def test_a_poisoned_call_by_program_ends_with_its_verdict(org: OAuthClient) -> None:
    _, token = make_token(make_user("bo"), name="A program", scope=ApiToken.Scope.RUN, days=1)
    program = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
    body = json.dumps({"client": org.pk, "call": POISONED_CALL, "answer": POISONED_ANSWER})
    answer = program.post("/api/v1/runs", body, content_type="application/json")
    assert answer.status_code == 202
    ends_well(Run.objects.get())
    assert program.get(answer["Location"]).json()["status"] == "finished"


@examples(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
@given(texts=st.tuples(ODD_TEXT, ODD_TEXT, ODD_TEXT))
def test_any_text_from_a_program_is_accepted_or_refused_with_a_reason(
    db: None, monkeypatch: pytest.MonkeyPatch, texts: tuple[str, str, str]
) -> None:
    client = OAuthClient.objects.first() or make_client()
    user = User.objects.first() or make_user("bo")
    _, token = make_token(user, name="A program", scope=ApiToken.Scope.RUN, days=1)
    program = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
    call, conversation, note = texts
    body = json.dumps(
        {"client": client.pk, "call": POISONED_CALL + call, "conversation_id": conversation, "note": note}
    )
    answer = program.post("/api/v1/runs", body, content_type="application/json")
    assert answer.status_code in (202, 400, 422, 429)


@examples(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
@given(call=ODD_TEXT, answer=ODD_TEXT, note=ODD_TEXT)
def test_any_pasted_text_is_read_and_can_be_stored(call: str, answer: str, note: str) -> None:
    try:
        inputs = read_paste(POISONED_CALL + call, answer, "", note).inputs
    except Unreadable:
        return
    json.dumps(inputs.to_json(), ensure_ascii=False, allow_nan=False).encode()
    assert "\x00" not in json.dumps(inputs.to_json(), ensure_ascii=False)


class Forms(HTMLParser):
    """The forms of a page: address, method, and each field's name with the value that it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), {}))
        elif self.found and tag in ("input", "textarea", "select") and given.get("name"):
            kind = given.get("type", "text") if tag == "input" else tag
            typed = kind in ("text", "search", "password", "textarea", "email", "url", "number", "datetime-local")
            if kind != "file":
                self.found[-1][2][given["name"]] = ODD_MARK if typed else given.get("value", "")
            self.select = given["name"] if tag == "select" else ""
        elif tag == "option" and self.select and given.get("value") and not self.found[-1][2].get(self.select):
            self.found[-1][2][self.select] = given["value"]


ODD_MARK = "a typed value"
ODD_TEXTS = (ODD, "\ud800", "x\x00" * 200)


def test_no_form_of_any_page_breaks_over_odd_text(db: None) -> None:
    admin = Client(raise_request_exception=False)
    admin.force_login(make_user("ada"))
    forms = forms_of_every_page(admin)
    assert len(forms) > 40
    for odd in ODD_TEXTS:
        with transaction.atomic():
            broken = [
                (form[:2], status)
                for form, fields in forms
                if (status := status_of(admin, *form[:2], fields, odd)) >= 500
            ]
            assert broken == [], repr(odd)
            assert sweep().closed == ()
            transaction.set_rollback(True)


Form = tuple[str, str, tuple[str, ...]]  # address, method and the names of the fields


def forms_of_every_page(admin: Client) -> list[tuple[Form, dict[str, str]]]:
    forms: dict[Form, dict[str, str]] = {}
    for site_page in make_sample_site().pages():
        page = admin.get(site_page.path)
        if page.status_code == 200 and "html" in page.get("Content-Type", "") and not page.streaming:
            parser = Forms()
            parser.feed(page.content.decode())
            forms |= {
                (action or site_page.path, method, tuple(sorted(fields))): fields
                for action, method, fields in parser.found
            }
    return sorted((form, fields) for form, fields in forms.items() if "/logout/" not in form[0])


def status_of(admin: Client, address: str, method: str, fields: dict[str, str], odd: str) -> int:
    """The status of the answer when `odd` is typed into each field of the form."""
    typed = {name: odd if value == ODD_MARK else value for name, value in fields.items()}
    body = urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in typed.items()])
    if method == "get":
        return admin.get(f"{address.partition('?')[0]}?{body}").status_code
    return admin.post(address, body, content_type="application/x-www-form-urlencoded").status_code
