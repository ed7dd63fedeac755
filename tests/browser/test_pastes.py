"""Each form that a call can be pasted in, once: it is read, started, and its verdict stands on the page."""

import json

import pytest
from playwright.sync_api import expect

from diagnostics.demo.orgs import DemoClient
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.conftest import Visit
from tests.factories import make_client, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FULL = "Demo: published API"
LIVE = next(each.conversation_id for each in scenarios() if each.id == "healthy-web")
PATH = f"/api/v2/conversations/chat/{LIVE}/cobrowse"
URL = "{{baseUrl}}" + PATH
TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
BODY = '{"providerId": "genesys"}'
BEARER = [{"name": "Authorization", "value": f"Bearer {TOKEN}"}]
HAR_ENTRY = {"request": {"method": "POST", "url": PATH, "headers": BEARER}, "response": {"status": 404}}

# The thread's call, in every form.
PASTES = {
    "curl": f"curl -X POST '{URL}' \\\n  -H 'Authorization: Bearer {TOKEN}' --json '{BODY}' --compressed",
    "curl of Windows": f'curl -X POST "{URL}" ^\n  -H "Authorization: Bearer {TOKEN}" -d "{{\\"providerId\\": \\"genesys\\"}}"',
    "PowerShell": f"Invoke-RestMethod -Uri \"$base{PATH}\" -Method Post -Headers @{{ Authorization = 'Bearer {TOKEN}' }}",
    "wget": f"wget --method=POST --header='Authorization: Bearer {TOKEN}' {URL}",
    "raw HTTP": f"POST {PATH} HTTP/1.1\nAuthorization: Bearer {TOKEN}\n\n{BODY}\n\nHTTP/1.1 404 Not Found\n\n",
    "JSON": json.dumps({"method": "POST", "url": PATH, "headers": {"Authorization": f"Bearer {TOKEN}"}}),
    "HAR": json.dumps({"log": {"entries": [{"request": {"url": "/app.js"}, "response": {"status": 200}}, HAR_ENTRY]}}),
    "Postman": json.dumps({"info": {"name": "c"}, "item": [{"name": "Start", "request": {"method": "POST", "url": {"raw": URL}}}]}),
    "fetch": f"await fetch(`${{base}}{PATH}`, {{ method: 'POST', headers: {{ Authorization: 'Bearer {TOKEN}' }} }})",
    "axios": f"axios.post('{PATH}', {{ providerId: 'genesys' }}, {{ headers: {{ Authorization: 'Bearer {TOKEN}' }} }})",
    "requests": f"import requests\nrequests.post(f'{{base}}{PATH}', headers={{'Authorization': 'Bearer {TOKEN}'}})",
    "SDK": f'new ConversationsApi().postConversationChatCobrowseSessions("{LIVE}", {{ providerId: "genesys" }})',
    "gc": f"gc conversations chat cobrowse create {LIVE} --accesstoken {TOKEN}",
    "log": f'10.0.0.1 - - [22/Nov/2026:13:00:00 +0000] "POST {PATH} HTTP/1.1" 404 182',
    "thread": f"Hello,\nI get a token:\n\n  curl -u me:{TOKEN} https://login.mypurecloud.com/oauth/token\n\nthen\n\nPOST {PATH} -> 404",
    "short": f"POST {PATH}      {BODY}     -> 404",
}  # fmt: skip


@pytest.fixture
def org(demo: Running) -> OAuthClient:
    clients: list[DemoClient] = [client for each in demo.orgs["published"].orgs for client in each.clients]
    known = next(client for client in clients if client.name == FULL)
    return make_client(name=FULL, region="demo-published", client_id=known.id, secret=known.secret)


@pytest.mark.parametrize("form", list(PASTES)[::3])  # tests/parsing judges every form
def test_each_form_leads_to_its_verdict(window: Visit, org: OAuthClient, form: str) -> None:
    page = window.page
    make_user("ada")
    window.sign_in("ada")
    window.open(f"/?client={org.pk}")
    page.get_by_label("Call, response or thread").fill(PASTES[form])
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    page.get_by_role("button", name="Check in this org").click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    execute_run(Run.objects.get().pk)
    answer = page.locator(".answer")
    expect(answer).to_contain_text("path.not_in_api")
    expect(answer).to_contain_text("Proven")
    expect(page.locator("#corrected-call")).to_contain_text(f"/api/v2/conversations/{LIVE}/cobrowse")
    assert TOKEN not in page.content()
    assert window.complaints == []


def test_another_call_of_a_paste_is_chosen(window: Visit, org: OAuthClient) -> None:
    page = window.page
    make_user("ada")
    window.sign_in("ada")
    window.open(f"/?client={org.pk}")
    page.get_by_label("Call, response or thread").fill(f"GET /api/v2/users/me -> 200\n\nPOST {PATH} -> 404")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    page.get_by_role("radio").nth(0).check()
    expect(page.locator(".review-parts")).to_contain_text("/api/v2/users/me")
    expect(page.get_by_role("radio").nth(0)).to_be_checked()
    page.get_by_role("button", name="Check in this org").click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    assert Run.objects.get().inputs["call"]["url"] == "/api/v2/users/me"
    assert window.complaints == []


def test_a_file_is_read_and_its_calls_offered_without_script(window_without_script: Visit, org: OAuthClient) -> None:
    window = window_without_script
    page = window.page
    make_user("ada")
    window.sign_in("ada")
    window.open(f"/?client={org.pk}")
    content = PASTES["HAR"].encode()
    page.get_by_text("Add a file, the response or notes").click()
    page.get_by_label("File").set_input_files({"name": "a.har", "mimeType": "application/json", "buffer": content})
    page.get_by_role("button", name="Check this file").click()
    expect(page.locator(".review-parts")).to_contain_text(PATH)
    page.get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Check in this org").click()
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    run = Run.objects.get()
    assert run.inputs["call"]["url"] == "/app.js"
    assert TOKEN not in str(run.inputs)
