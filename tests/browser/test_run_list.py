"""Looking for runs: narrow, page, save a view, walk a strip by keyboard, see checks by runs and causes over time."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import ViewportSize, expect

from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.queries import pages as run_pages
from tests.browser.axe import RULES_OF_APPEARANCE, WCAG, violations
from tests.browser.conftest import Visit
from tests.browser.test_screens import unfold
from tests.factories import make_client, make_run, make_team_lead, make_user, make_verdict

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=900)


def a_history() -> tuple[OAuthClient, OAuthClient]:
    """Two clients; of the second one the calls go wrong in the end."""
    now = timezone.now()
    sandbox, production = (
        make_client("Sandbox", environment="sandbox"),
        make_client("Production", environment="production"),
    )
    for hours in range(40, 0, -1):
        is_broken = hours <= 3
        for client in (sandbox, production):
            cause = "config.cobrowse_disabled" if is_broken and client == production else "none"
            output = "fail" if cause != "none" else "pass"
            make_run(
                client,
                cause=cause,
                verdict=make_verdict(cause=cause),
                created_at=now - timedelta(hours=hours),
                search_keys=[f"check:deployments.cobrowse={output}", "check:oauth.token=pass"],
            )
    return sandbox, production


def test_a_team_leads_way_from_all_runs_to_the_ones_that_matter(window: Visit) -> None:
    a_history()
    make_team_lead("tess")
    window.sign_in("tess")
    window.open("/runs/")
    page = window.page
    rows = page.locator("table.rows tbody tr")
    expect(rows).to_have_count(run_pages.PAGE_SIZE)
    page.get_by_label("Cause").select_option("config.cobrowse_disabled")
    page.get_by_role("search").get_by_role("button", name="Filter").first.click()
    expect(rows).to_have_count(3)
    assert page.url.endswith("/runs/?cause=config.cobrowse_disabled")
    page.get_by_role("link", name="remove").click()
    expect(rows).to_have_count(run_pages.PAGE_SIZE)
    page.get_by_role("link", name="Last", exact=True).click()
    expect(rows).to_have_count(run_pages.PAGE_SIZE)
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)  # eighty runs are two pages
    assert window.complaints == []


def test_a_strip_can_be_used_by_keyboard_and_has_labels(window: Visit) -> None:
    _, production = a_history()
    make_team_lead("tess")
    window.sign_in("tess")
    window.open(f"/runs/?client={production.pk}")
    cells = window.page.locator(".strip a")
    expect(cells).to_have_count(30)
    cells.nth(28).focus()
    window.page.keyboard.press("Tab")
    words = cells.nth(29).locator(".words")
    expect(words).to_contain_text("Cobrowse disabled in the deployment")
    assert (words.bounding_box() or {"height": 0})["height"] > 15
    newest = Run.objects.filter(client=production).latest("created_at")
    window.page.keyboard.press("Enter")
    window.page.wait_for_url(f"**/runs/{newest.pk}/")


def test_an_admin_saves_a_view_and_a_team_lead_opens_it(window: Visit) -> None:
    a_history()
    make_user("ada")
    window.sign_in("ada")
    window.open("/runs/?environment=production&cause=wrong")
    page = window.page
    page.get_by_text("Save as a view for everyone").click()
    page.get_by_label("Name", exact=True).fill("Production in trouble")
    page.get_by_role("button", name="Save view").click()
    view = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Production in trouble")
    expect(view).to_have_attribute("aria-current", "true")
    make_team_lead("tess")
    page.context.clear_cookies()
    window.sign_in("tess")
    window.open("/runs/")
    view.click()
    expect(page.locator("table.rows tbody tr")).to_have_count(3)
    expect(page.get_by_text("Save as a view")).to_have_count(0)


def test_the_matrix_and_the_chart_show_the_same_runs_and_lead_back(window: Visit) -> None:
    _, production = a_history()
    make_team_lead("tess")
    window.sign_in("tess")
    window.open(f"/runs/?client={production.pk}")
    page = window.page
    page.get_by_role("link", name="Checks by run").click()
    expect(page.locator(".matrix tbody td.tone-fail")).to_have_count(3)
    page.get_by_role("rowheader").get_by_role("link").click()
    expect(page.locator("table.rows tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Failures over time").click()
    expect(page.locator(".bars rect")).not_to_have_count(0)
    page.locator("summary", has_text="Data").click()
    page.locator(".numbers tbody td a").first.click()
    expect(page.locator("table.rows tbody tr")).not_to_have_count(0)


def test_days_are_those_of_the_readers_own_clock(window: Visit) -> None:
    a_history()
    make_team_lead("tess")
    window.sign_in("tess")
    reported = {cookie["name"]: cookie["value"] for cookie in window.page.context.cookies()}
    assert reported["zone"] == window.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")


def test_each_way_to_see_runs_is_accessible_and_whole(window: Visit) -> None:
    sandbox, _ = a_history()
    make_user("ada")
    window.sign_in("ada")
    page = window.page
    problems = []
    for query in ("", "?colour=red&cause=wrong", f"?client={sandbox.pk}&check=oauth.token"):
        for place in ("/runs/", "/runs/matrix/", "/runs/causes/", "/runs/latency/"):
            window.open(place + query)
            unfold(window)
            for size, rules in ((DESK, WCAG), (PHONE, RULES_OF_APPEARANCE)):
                page.set_viewport_size(size)
                problems += [f"{place}{query}, {size['width']} px: {each}" for each in violations(page, rules)]
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    problems.append(f"{place}{query}: wider than a screen of {size['width']} px")
    assert problems == []
    assert window.complaints == []
