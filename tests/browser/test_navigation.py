"""Search and shortcuts by keyboard, and filters after Back."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.factories import make_client, make_issue, make_run, make_schedule, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_search_and_shortcuts_work_by_keyboard(window: Visit) -> None:
    make_team_lead("tess")
    run = make_run()
    window.sign_in("tess")
    window.open("/runs/")
    page, shortcuts = window.page, window.page.get_by_role("dialog", name="Keyboard shortcuts")
    page.keyboard.press("?")
    expect(shortcuts).to_be_visible()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(shortcuts).to_be_visible()
    shortcuts.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    page.keyboard.type(f"run {run.pk}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{run.pk}/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("/")
    page.wait_for_url("**/search/")
    assert page.evaluate("document.activeElement.id") == "query"
    assert window.complaints == []


def test_shortcuts_can_be_turned_off(window: Visit) -> None:
    make_team_lead("tess")
    window.sign_in("tess")
    window.open("/runs/")
    page = window.page
    page.get_by_role("link", name="Keyboard shortcuts").click()
    page.get_by_label("Use / and ?").uncheck()
    page.get_by_role("button", name="Close").click()
    window.open("/runs/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_twenty_rows_fit_in_three_screens_of_a_phone(window: Visit) -> None:
    client = make_client("A client with a name of some length", environment="production")
    for _ in range(20):
        make_run(client)
    make_team_lead("tess")
    window.sign_in("tess")
    window.page.set_viewport_size({"width": 390, "height": 844})
    window.open("/runs/")
    assert window.page.evaluate("document.querySelector('.rows').offsetHeight") <= 3 * 844


def test_filters_after_back_are_those_of_the_list_without_script(window_without_script: Visit) -> None:
    client = make_client()
    make_run(client)
    make_issue(client)
    make_schedule(client)
    make_user("ada")
    window = window_without_script
    window.sign_in("ada")
    page = window.page
    for path in (
        "/runs/",
        "/orgs/",
        "/issues/",
        "/providers/",
        "/changes/",
        "/monitoring/schedules/",
        "/settings/audit-log/",
    ):
        window.open(path)
        form = page.locator("main form[method=get]", has=page.locator("select")).first
        if path == "/issues/":
            page.get_by_text("Filters", exact=True).click()
        chosen = form.locator("select:visible").first
        before = chosen.input_value()
        chosen.select_option(index=1)
        assert chosen.input_value() != before, path
        form.get_by_role("button").first.click()
        page.wait_for_url(f"**{path}?*")
        page.go_back()
        expect(form.locator("select").first).to_have_value(before)
