"""The first page as a newcomer uses it: paste, read the answer, and lose nothing on the way."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from diagnostics.runs.models import Run
from tests.browser.conftest import Visit
from tests.browser.test_screens import look_at, unfold
from tests.factories import PASSWORD, make_client, make_incident, make_schedule, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CALL = 'POST /api/v2/conversations/chat/{conversationId}/cobrowse\n\n{"providerId": "genesys"}'
ANSWER = "POST /api/v2/conversations/{conversationId}/cobrowse"
THREAD = """POST /api/v2/conversations/chat/{conversationId}/cobrowse {"providerId": "genesys"} gives 404.
Add the scopes `cobrowse:write` and `conversations`, and make sure that the chat is `connected`.
See GET /api/v2/cobrowse/providers and conversation:cobrowse:add, on api.us.genesys.cloud or api.mypurecloud.ie.
"""


def test_a_newcomer_reads_the_answer_to_the_threads_404_without_a_client(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    expect(page.locator("#id_call")).to_be_focused()
    page.keyboard.insert_text(CALL)
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    expect(page.locator(".review-verdict")).to_contain_text(ANSWER)
    expect(page.locator("#corrected-call")).to_contain_text("/api/v2/conversations/$CONVERSATION_ID/cobrowse")
    expect(page.get_by_role("button", name="Copy Corrected call")).to_be_visible()
    expect(page.locator(".review-parts li").first).to_contain_text("Failed")
    expect(page.locator("#said")).not_to_be_empty()
    expect(page.get_by_role("link", name="Connect an org")).to_be_visible()
    assert window.complaints == []


def test_a_team_lead_checks_a_thread_without_script(window_without_script: Visit) -> None:
    make_team_lead("tess")
    window = window_without_script
    window.sign_in_by_form("tess")
    window.page.get_by_label("Call, response or thread").fill(THREAD)
    window.page.get_by_role("button", name="Check this call").click()
    expect(window.page.locator(".review-verdict")).to_contain_text(ANSWER)
    expect(window.page.locator(".claims > li", has_text="cobrowse:write")).to_contain_text("Not real")
    expect(window.page.get_by_label("Call, response or thread")).to_have_value(THREAD)
    expect(window.page.get_by_role("button", name="Check in this org")).to_have_count(0)


def test_the_result_is_accessible_and_whole(window: Visit) -> None:
    make_user("ada")
    client = make_client("A production client with a long name")
    make_incident(make_schedule(client))
    window.sign_in("ada")
    problems = look_at(window, "empty")
    window.page.get_by_label("Call, response or thread").fill(THREAD)
    expect(window.page.locator(".claims").first).to_be_visible()
    unfold(window)
    assert problems + look_at(window, "result") == []


def test_a_draft_outlives_the_session_and_continues_after_a_sign_in_elsewhere(window: Visit) -> None:
    make_user("ada")
    client = make_client()
    page = window.page
    window.sign_in_by_form("ada")
    Session.objects.all().delete()
    page.get_by_label("Call, response or thread").fill(CALL)
    expect(page.get_by_role("alert")).to_contain_text("Your session ended")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in_at(opened.value)
    expect(page.get_by_label("Call, response or thread")).to_have_value(CALL)
    page.get_by_label("Client").select_option(str(client.pk))
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Check in this org").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    assert Run.objects.count() == 1


def test_a_draft_outlives_a_sign_in_in_the_same_tab_another_page_and_back(window: Visit) -> None:
    make_user("ada")
    make_client()
    page = window.page
    window.sign_in_by_form("ada")
    page.get_by_label("Call, response or thread").fill(CALL)
    expect(page.locator(".review-verdict")).to_be_visible()
    Session.objects.all().delete()
    page.get_by_role("button", name="Check in this org").click()
    sign_in_at(page)
    expect(page.get_by_label("Call, response or thread")).to_have_value(CALL)
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.go_back()
    expect(page.get_by_label("Call, response or thread")).to_have_value(CALL)
    page.get_by_role("button", name="Check in this org").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    assert not page.evaluate("'draft' in sessionStorage")
    page.get_by_role("link", name="Diagnose", exact=True).click()
    expect(page.get_by_label("Call, response or thread")).to_have_value("")


def test_a_draft_is_shown_to_nobody_else(window: Visit) -> None:
    make_user("ada")
    make_user("grace")
    page = window.page
    window.sign_in_by_form("ada")
    page.get_by_label("Call, response or thread").fill(CALL)
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert not page.evaluate("'draft' in sessionStorage")
    window.sign_in_by_form("ada")
    page.get_by_label("Call, response or thread").fill(CALL)
    Session.objects.all().delete()
    window.sign_in_by_form("grace")
    expect(page.get_by_label("Call, response or thread")).to_have_value("")


def sign_in_at(page: Page) -> None:
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".account summary").wait_for()
