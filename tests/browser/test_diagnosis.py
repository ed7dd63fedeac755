"""The main journey: register a client, paste the thread's call, watch the checks arrive, read the verdict."""

import re

import pytest
from playwright.sync_api import expect

from diagnostics.demo.orgs import DemoClient
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import verify_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.conftest import Visit, Worker
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FULL = "Demo: published API"
LIVE = next(each.conversation_id for each in scenarios() if each.id == "healthy-web")
THREADS_CALL = 'POST /api/v2/conversations/chat/{conversationId}/cobrowse\n\n{"providerId": "genesys"}'


@pytest.fixture
def org_client(demo: Running) -> DemoClient:
    clients = (client for org in demo.orgs["published"].orgs for client in org.clients)
    return next(client for client in clients if client.name == FULL)


def register(window: Visit, org_client: DemoClient) -> OAuthClient:
    page = window.page
    window.open("/clients/add/")
    page.get_by_label("Name").fill(FULL)
    page.get_by_label("Region").fill("demo-published")
    page.get_by_label("Client ID").fill(org_client.id)
    page.get_by_label("Client secret").fill(org_client.secret)
    page.get_by_role("button", name="Connect and verify").click()
    page.get_by_role("heading", name="Verification", exact=True).wait_for()
    return OAuthClient.objects.get()


def test_connecting_an_org_with_too_small_a_role_names_the_missing_permission(window: Visit, demo: Running) -> None:
    make_user("ada")
    name = "Demo: cannot read conversations"
    known = next(each for org in demo.orgs["published"].orgs for each in org.clients if each.name == name)
    page = window.page
    window.sign_in("ada")
    page.get_by_role("link", name="Connect an org").click()
    client = register(window, known)
    verify_client(client.pk)
    verification = page.locator("#verification")
    expect(verification).to_contain_text("Missing permission")
    expect(verification).to_contain_text("conversation:communication:view")
    expect(verification).to_contain_text("Conversation > Communication > View")
    verification.get_by_role("link", name="Copy the smallest role").click()
    expect(page.locator("#smallest-role")).to_contain_text("conversation:communication:view")
    assert window.complaints == []


def test_from_registering_a_client_to_the_verdict(window: Visit, org_client: DemoClient, worker: Worker) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    page.get_by_role("link", name="Connect an org").click()
    client = register(window, org_client)
    expect(page.locator("#verification")).to_contain_text("Verifying")
    window.mark()
    worker.release(100)
    verify_client(client.pk)
    expect(page.locator("#verification")).to_contain_text("Verified")
    expect(page.locator("#verification .finding")).not_to_have_count(0)
    assert window.is_marked, "the steps came without a new page"
    while worker.gate.acquire(blocking=False):
        pass  # what the verification did not need

    page.get_by_role("main").get_by_role("link", name="Diagnose", exact=True).click()
    page.get_by_label("Call, response or thread").fill(THREADS_CALL)
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    page.get_by_text("Add a file, the response or notes").click()
    page.get_by_label("Conversation ID").fill(LIVE)
    page.get_by_role("button", name="Check in this org").click()

    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    window.mark()
    worker.execute(Run.objects.get())
    expect(page.get_by_role("heading", name="Running checks")).to_be_visible()
    worker.release()
    expect(page.locator("#run")).to_contain_text("1 of ")
    expect(page.locator("#line")).to_contain_text("1 of ")
    worker.finish()

    answer = page.locator(".answer")
    expect(answer).to_contain_text("path.not_in_api")
    expect(answer).to_contain_text("Proven")
    assert window.is_marked, "the whole run was watched on one page"
    expect(page.locator("#corrected-call")).to_contain_text(f"/api/v2/conversations/{LIVE}/cobrowse")
    expect(page.locator("#run")).not_to_have_attribute("hx-trigger", re.compile("."))
    expect(page.locator("#line")).to_contain_text("Finished")

    page.locator("#requests summary").click()
    page.locator("#request-0 a").click()
    expect(page.locator("#request-0-details dl")).to_be_visible()
    page.locator(".chain a").first.click()
    expect(page.locator(".finding:target")).to_be_visible()
    assert org_client.secret not in page.content()
    assert window.complaints == []


def test_the_same_without_script(window_without_script: Visit, org_client: DemoClient) -> None:
    make_user("ada")
    window = window_without_script
    page = window.page
    window.sign_in("ada")
    client = register(window, org_client)
    verify_client(client.pk)
    page.reload()
    expect(page.locator("#verification")).to_contain_text("Verified")

    window.open("/")
    page.get_by_label("Call, response or thread").fill(THREADS_CALL)
    page.get_by_role("button", name="Check this call").click()
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    page.get_by_text("Add a file, the response or notes").click()
    page.get_by_label("Client", exact=True).select_option(label=FULL)
    page.get_by_label("Conversation ID").fill(LIVE)
    page.get_by_role("button", name="Check in this org").click()

    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    execute_run(Run.objects.get().pk)
    # The page refreshes by itself; nothing is clicked.
    expect(page.locator(".answer")).to_contain_text("path.not_in_api")
    expect(page.locator("#corrected-call")).to_be_visible()
