"""The first page: a pasted text is judged without a client, shown masked, and becomes a queued run."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.demo import story
from diagnostics.issues.models import Incident
from diagnostics.orgs.models import OAuthClient
from diagnostics.pages.paste_review import PasteReview
from diagnostics.runs.models import Run
from tests.factories import CONVERSATION, make_client, make_incident, make_run, make_schedule

pytestmark = pytest.mark.django_db

TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
SHORT = 'POST /api/v2/conversations/chat/{conversationId}/cobrowse\n\n{"providerId": "genesys"}'
CURL = f"curl -X POST https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse -H 'Authorization: Bearer {TOKEN}'"
SEVERAL = (
    f"GET /api/v2/conversations/{CONVERSATION} -> 200\n\n"
    f"POST /api/v2/conversations/{CONVERSATION}/cobrowse -> 404\nAuthorization: Bearer {TOKEN}"
)
NO_CALL = "It just says not found, please help."
OnCommit = Callable[..., Any]


@pytest.fixture
def org(db: None) -> OAuthClient:
    return make_client()


def test_a_started_diagnosis_is_queued_and_shown(
    as_admin: Client,
    ada: User,
    org: OAuthClient,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_admin.post("/diagnose/start/", {"client": org.pk, "call": SHORT, "conversation_id": CONVERSATION})
    run = Run.objects.get()
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    assert (run.status, run.source, run.started_by, run.client) == ("queued", "web", ada, org)
    assert sent_tasks == [("execute_run", run.pk)]


def test_a_conversation_alone_is_enough(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    as_admin.post("/diagnose/start/", {"client": org.pk, "conversation_id": CONVERSATION})
    assert Run.objects.get().conversation_id == CONVERSATION


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"call": "   "},
        {"call": NO_CALL},
        {"call": "x" * 1_000_001},
        {"conversation_id": "x" * 201},
        {"call": SHORT, "client": "999"},
        {"call": SHORT, "client": ""},
    ],
)
def test_an_unparsable_paste_starts_nothing_and_is_explained(
    as_admin: Client, org: OAuthClient, typed: dict[str, str]
) -> None:
    answer = as_admin.post("/diagnose/start/", {"client": org.pk, **typed})
    assert answer.status_code == 200
    assert b'class="errorlist"' in answer.content
    assert not Run.objects.exists()


def test_a_retired_client_cannot_be_chosen(as_admin: Client) -> None:
    retired = make_client(retired_at=timezone.now())
    make_client("another")
    as_admin.post("/diagnose/start/", {"client": retired.pk, "call": SHORT})
    assert not Run.objects.exists()


def test_errors_keep_what_was_typed_with_its_secrets_masked(as_admin: Client, org: OAuthClient) -> None:
    page = as_admin.post("/diagnose/start/", {"client": "", "call": CURL}).content.decode()
    assert CONVERSATION in page
    assert TOKEN not in page


def test_parsing_without_javascript_shows_the_result_and_starts_nothing(as_admin: Client, org: OAuthClient) -> None:
    page = as_admin.post("/diagnose/", {"call": CURL}).content.decode()
    assert 'class="review-parts"' in page
    assert 'role="alert"' not in page
    assert TOKEN not in page
    assert not Run.objects.exists()


def review_of(browser: Client, text: str, **more: str) -> PasteReview:
    review: PasteReview = browser.post("/diagnose/preview/", {"call": text, **more}).context["review"]
    return review


def test_the_threads_call_is_proven_wrong_and_corrected_without_a_client(as_lead: Client) -> None:
    review = review_of(as_lead, SHORT)
    assert review.call is not None
    assert (review.call.verdict.cause, review.call.verdict.certainty) == ("path.not_in_api", "proved")
    assert "/api/v2/conversations/$CONVERSATION_ID/cobrowse" in review.call.fix.curl
    assert [(part.label, part.outcome) for part in review.parts] == [
        ("Path", "fail"), ("Method", "skip"), ("Host", "skip"), ("Body", "pass")]  # fmt: skip
    assert [(each.claim.text, each.result.verdict) for each in review.other_claims] == [("providerId", "wrong")]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"POST https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse", "none"),
        (f"POST https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse -> 404", "undetermined"),
        (f"PUT https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse", "path.wrong_method"),
        (f"POST https://api.us.genesys.cloud/api/v2/conversations/{CONVERSATION}/cobrowse", "host.unknown_host"),
        (f"POST http://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse", "host.plain_http"),
        ("POST /api/v2/conversations//cobrowse", "path.id_missing"),
        ("POST /api/v2/conversations/12/cobrowse", "conv.id_malformed"),
        ("api.post_conversations_cobrowse(x)", "path.not_in_api"),
        (CONVERSATION, "none"),
    ],
)
def test_what_the_text_alone_proves_is_reported_without_an_org(as_lead: Client, text: str, cause: str) -> None:
    review = review_of(as_lead, text)
    assert review.call is not None
    assert review.call.verdict.cause == cause


def test_a_path_of_a_provider_gateway_is_left_to_the_org(as_lead: Client) -> None:
    review = review_of(as_lead, f"POST /api/v2/conversations/chat/{CONVERSATION}/cobrowse/sessions")
    assert review.call is not None
    assert review.call.verdict.cause == "undetermined"
    assert not review.call.fix.curl


def test_prose_without_a_call_has_its_claims_judged(as_lead: Client) -> None:
    review = review_of(as_lead, "Just add the scope `cobrowse:write` to your client.")
    assert review.call is None
    assert [(each.claim.text, each.result.verdict.label) for each in review.other_claims] == [
        ("cobrowse:write", "Not real")
    ]


def test_a_file_has_its_claims_judged(as_lead: Client) -> None:
    text = "Add the scope `cobrowse:write`.\n" + "Good morning. " * 20_000
    answer = as_lead.post("/diagnose/", {"call_file": upload(text)})
    assert [each.claim.text for each in answer.context["review"].other_claims] == ["cobrowse:write"]


def test_nothing_pasted_becomes_markup(as_lead: Client) -> None:
    page = as_lead.post("/diagnose/", {"call": "GET /api/v2/<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("text", ["", "   ", "Good morning", "x" * 300, "\x00 ?", "{" * 5_000])
def test_a_text_about_nothing_has_no_result(as_lead: Client, text: str) -> None:
    assert review_of(as_lead, text) is None


def test_a_conversation_id_in_the_box_is_enough_to_start(
    as_admin: Client, org: OAuthClient, sent_tasks: object
) -> None:
    for text in (CONVERSATION, f"https://apps.mypurecloud.ie/directory/#/analytics/interactions/{CONVERSATION}/admin"):
        as_admin.post("/diagnose/start/", {"client": org.pk, "call": text})
        run = Run.objects.latest("pk")
        assert (run.conversation_id, run.inputs["call"]) == (CONVERSATION, None)


def test_a_health_check_is_started_by_hand(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    as_admin.post("/diagnose/start/", {"client": org.pk, "kind": "health", "call": SHORT})
    run = Run.objects.get()
    assert (run.kind, run.inputs["call"]) == ("health", None)


def test_without_a_client_an_admin_is_led_to_connect_an_org(as_admin: Client, as_lead: Client) -> None:
    assert b'href="/clients/add/"' in as_admin.get("/").content
    page = as_lead.get("/").content
    assert b'name="call"' in page
    assert b'href="/clients/add/"' not in page
    assert b"/diagnose/start/" not in page


def test_the_client_of_the_last_run_is_chosen(as_admin: Client, ada: User, org: OAuthClient) -> None:
    make_client("another")
    make_run(org, started_by=ada)
    assert f'<option value="{org.pk}" selected>' in as_admin.get("/").content.decode()


def test_open_incidents_are_listed_on_the_first_page_the_org_and_the_client(as_lead: Client, org: OAuthClient) -> None:
    causes = ("config.cobrowse_disabled", "env.dns", "env.tls", "env.timeout", "env.proxy", "authz.scope_missing")
    first, *_ = [make_incident(make_schedule(org, cause), cause=cause) for cause in causes]
    make_incident(make_schedule(org, "Same issue"), cause=first.cause)
    over = make_incident(make_schedule(org, "Over"), cause="conv.ended", closed_at=timezone.now())
    make_incident(make_schedule(make_client("Other", org_id="other")), cause="auth.token_expired")
    for place, count in (("/", 7), (f"/orgs/{org.org_id}/", 6), (f"/clients/{org.pk}/", 6)):
        page = as_lead.get(place).content.decode()
        listed = page.split("Open incidents</h2>")[1].split("</section>")[0]
        assert f'<a href="/issues/{first.issue_id}/">' in listed, place
        assert (f"View all {count}</a>" in listed, listed.count("<li")) == (True, 5), place
        assert f"/issues/{over.issue_id}/" not in listed, place
        link = re.search(r'href="(/issues/\?[^"]+)"', listed)
        assert link is not None
        issues = as_lead.get(unescape(link[1]))
        assert len(issues.context["page"].rows) == count, place
        assert issues.context["not_understood"] == [], place
    Incident.objects.all().delete()
    assert b"Open incident" not in as_lead.get("/").content


def test_a_fresh_demo_is_explained_to_everybody(as_admin: Client, as_lead: Client) -> None:
    clients = {name: make_client(name, region="demo-published") for name in story.CLIENTS}
    good = make_run(clients[story.PRODUCTION_CLIENT], cause="none", source="demo")
    bad = make_run(clients[story.PRODUCTION_CLIENT], source="demo")
    make_run(clients[story.SANDBOX_CLIENT], cause="none", source="demo")
    for browser in (as_admin, as_lead):
        assert f"/compare/?a={good.pk}&amp;b={bad.pk}" in browser.get("/").content.decode()


def test_a_stale_form_gives_the_text_back(ada: User, org: OAuthClient) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    for place in ("/diagnose/", "/diagnose/start/"):
        answer = browser.post(place, {"client": org.pk, "call": CURL, "note": "since noon\x00"})
        assert answer.status_code == 403
        assert CONVERSATION in answer.content.decode()
        assert b"since noon" in answer.content
        assert TOKEN not in answer.content.decode()
    assert not Run.objects.exists()


def radios(page: str) -> list[tuple[str, bool]]:
    """(value, checked) of each call that can be chosen."""
    return [(value, " checked" in rest) for value, rest in re.findall(r'name="choice" value="([^"]+)"([^>]*)>', page)]


def test_of_several_calls_another_can_be_chosen(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    page = as_admin.post("/diagnose/", {"call": SEVERAL}).content.decode()
    (first, first_used), (_, second_used) = radios(page)
    assert (first_used, second_used) == (False, True)
    assert TOKEN not in page
    again = as_admin.post("/diagnose/preview/", {"call": SEVERAL, "choice": first}).content.decode()
    assert [used for _, used in radios(again)] == [True, False]
    as_admin.post("/diagnose/start/", {"client": org.pk, "call": SEVERAL, "choice": first})
    assert Run.objects.get().inputs["call"]["url"] == f"/api/v2/conversations/{CONVERSATION}"


def test_a_masked_text_shown_again_offers_the_same_choices(as_admin: Client, org: OAuthClient) -> None:
    har = json.dumps({"log": {"entries": [
        {"request": {"method": "POST", "url": f"https://api.mypurecloud.ie/api/v2/x/{number}", "headers": [
            {"name": "Authorization", "value": f"Bearer {TOKEN}"}]}, "response": {"status": 404}} for number in range(3)
    ]}})  # fmt: skip
    page = as_admin.post("/diagnose/", {"call": har}).content.decode()
    shown = unescape(re.search(r'<textarea name="call"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1])  # type: ignore[index]
    again = as_admin.post("/diagnose/", {"call": shown, "choice": radios(page)[2][0]}).content.decode()
    assert TOKEN not in page + again
    assert [value for value, _ in radios(again)] == [value for value, _ in radios(page)]
    assert [used for _, used in radios(again)] == [False, False, True]


@pytest.mark.parametrize("choice", ["0-0000000000000000", "x", "9", "-1", "0", "1" * 40, "\x00", "x" * 41])
def test_a_choice_made_for_another_text_changes_nothing(as_admin: Client, org: OAuthClient, choice: str) -> None:
    page = as_admin.post("/diagnose/preview/", {"call": SEVERAL, "choice": choice}).content.decode()
    assert [used for _, used in radios(page)] in ([False, True], [])


def upload(text: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.har", text if isinstance(text, bytes) else text.encode())


HAR = json.dumps({"log": {"entries": [
    {"request": {"method": "POST", "url": f"https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse",
                 "headers": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}]}, "response": {"status": 404}}]}})  # fmt: skip


def test_a_file_takes_the_place_of_the_text(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    page = as_admin.post("/diagnose/", {"call": "", "call_file": upload(HAR)}).content.decode()
    assert 'class="review-parts"' in page
    assert TOKEN not in page
    as_admin.post("/diagnose/start/", {"client": org.pk, "call_file": upload(HAR)})
    run = Run.objects.get()
    assert CONVERSATION in run.inputs["call"]["url"]
    assert run.inputs["answer"]["status"] == 404
    assert TOKEN not in str(run.inputs)


def test_a_har_of_many_megabytes_is_read_from_a_file(as_admin: Client, org: OAuthClient) -> None:
    picture = {
        "request": {"url": "https://h.example/a.png"},
        "response": {"status": 200, "content": {"text": "A" * 900_000}},
    }
    rows = json.dumps({"log": {"entries": [picture] * 20}})
    page = as_admin.post("/diagnose/", {"call_file": upload(rows[:-3] + ", " + HAR[HAR.index('{"request') :])})
    assert page.status_code == 200
    assert b'class="review-parts"' in page.content
    assert CONVERSATION in page.content.decode()


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (HAR, {"call": SHORT}),
        ("", {}),
        ("   ", {}),
        ('{"log": {"entries": []}}', {}),
        (HAR[:100], {}),
        (b"\xff\xd8\xff\xe0" * 5000, {}),
        (b"\x00" * 5000, {}),
        ("x" * 9_000_000, {}),
        ("It just says not found", {}),
    ],
)
def test_an_unreadable_file_starts_nothing_and_the_reason_is_shown(
    as_admin: Client, org: OAuthClient, content: str | bytes, more: dict[str, str]
) -> None:
    answer = as_admin.post("/diagnose/start/", {"client": org.pk, "call_file": upload(content), **more})
    assert answer.status_code == 200
    assert b'class="errorlist"' in answer.content
    assert not Run.objects.exists()


def test_one_call_offers_no_choice(as_admin: Client, org: OAuthClient) -> None:
    assert radios(as_admin.post("/diagnose/preview/", {"call": CURL}).content.decode()) == []


def test_a_method_that_no_sdk_has_is_shown_by_its_name(as_admin: Client, org: OAuthClient) -> None:
    page = as_admin.post("/diagnose/preview/", {"call": "api.post_conversations_cobrowse(x)"}).content.decode()
    assert "post_conversations_cobrowse" in page
    assert "no address" not in page


def test_the_preview_shows_what_was_masked(as_admin: Client, org: OAuthClient) -> None:
    page = as_admin.post("/diagnose/preview/", {"call": CURL}, headers={"HX-Request": "true"}).content.decode()
    assert "Masked" in page
    assert TOKEN not in page
    assert "<html" not in page


@pytest.mark.parametrize("is_chosen", [True, False])
def test_the_host_of_a_company_gateway_is_not_wrong(as_admin: Client, is_chosen: bool) -> None:
    client = make_client(company_gateway="https://gateway.bank.example/gc")
    call = f"POST https://gateway.bank.example/gc/api/v2/conversations/{CONVERSATION}/cobrowse -> 404"
    review = review_of(as_admin, call, **({"client": str(client.pk)} if is_chosen else {}))
    assert review.call is not None
    assert [part.outcome for part in review.parts if part.label in ("Path", "Host")] == ["pass", "pass"]


def test_the_preview_without_a_call_explains_why(as_admin: Client, org: OAuthClient) -> None:
    assert b"tone-fail" in as_admin.post("/diagnose/preview/", {"call": NO_CALL}).content


def test_no_secret_reaches_the_row(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    as_admin.post("/diagnose/start/", {"client": org.pk, "call": CURL})
    run = Run.objects.get()
    assert TOKEN not in str(run.inputs)


def test_the_client_in_the_address_is_chosen_already(as_admin: Client, org: OAuthClient) -> None:
    page = as_admin.get("/", {"client": str(org.pk)}).content.decode()
    assert f'<option value="{org.pk}" selected>' in page


@pytest.mark.parametrize("client", ["999999", "x", "\x00", ""])
def test_a_client_in_the_address_that_is_none_is_ignored(as_admin: Client, org: OAuthClient, client: str) -> None:
    assert as_admin.get("/", {"client": client}).status_code == 200


def test_notes_are_stored_masked_and_shown(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    reported = f"Failed at noon with Bearer {TOKEN}, works again"
    as_admin.post("/diagnose/start/", {"client": org.pk, "conversation_id": CONVERSATION, "note": reported})
    run = Run.objects.get()
    assert run.inputs["note"].startswith("Failed at noon")
    assert TOKEN not in run.inputs["note"]
    assert b"Failed at noon" in as_admin.get(f"/runs/{run.pk}/").content


def test_a_client_without_a_secret_offers_to_add_it_and_starts_nothing(
    as_admin: Client, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    empty = make_client("Empty", state=OAuthClient.State.NO_SECRET)
    starts, secret = 'formaction="/diagnose/start/"', f'href="/clients/{empty.pk}/secret/"'

    def offered(answer: Any) -> tuple[bool, bool]:
        page = answer.content.decode()
        return starts in page, secret in page

    assert offered(as_admin.get(f"/?client={org.pk}")) == (True, False)
    assert offered(as_admin.get(f"/?client={empty.pk}")) == (False, True)
    assert offered(as_admin.post("/diagnose/preview/", {"client": empty.pk, "call": SHORT})) == (False, True)
    assert offered(as_admin.post("/diagnose/preview/", {"client": org.pk, "call": SHORT})) == (True, False)
    for given in ({"call": SHORT}, {"kind": "health"}):
        form = as_admin.post("/diagnose/start/", {"client": empty.pk, **given}).context["form"]
        assert [error.code for error in form.errors.as_data()["client"]] == ["secret_missing"]
    assert not Run.objects.exists()
