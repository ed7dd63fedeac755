"""Search and shortcuts by keyboard, and filters after Back."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.factories import make_client, make_run, make_team_lead

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


def test_filters_after_back_are_those_of_the_list(window: Visit) -> None:
    make_run(make_client())
    make_team_lead("tess")
    window.sign_in("tess")
    page = window.page
    for path in ("/runs/", "/orgs/", "/monitoring/schedules/", "/settings/audit-log/"):
        window.open(path)
        chosen = page.locator("main form select:visible").first
        if not chosen.count():
            continue
        before = chosen.input_value()
        chosen.select_option(index=1)
        chosen.evaluate("field => field.form.requestSubmit()")
        page.wait_for_url(f"**{path}?*")
        page.go_back()
        expect(chosen).to_have_value(before)
