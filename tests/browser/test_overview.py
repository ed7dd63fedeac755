"""A newcomer opens a fresh demo: the first page explains itself, and leads to what broke and why."""

import re

import pytest
from playwright.sync_api import expect

from diagnostics.demo import registration
from diagnostics.demo.server import Running
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.conftest import Visit
from tests.factories import make_client, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PRODUCTION = "Demo: Larkspur production"


def test_a_fresh_demo_explains_itself_and_its_story_is_walked(window: Visit, demo_history: None) -> None:
    make_user("ada")
    window.sign_in("ada")
    page = window.page
    expect(page.get_by_text("Try it with the demo orgs")).to_be_visible()
    page.get_by_role("link", name="Compare runs").click()
    answer = page.get_by_role("main")
    expect(answer).to_contain_text("switched off")
    expect(answer).to_contain_text("Booking site")
    page.go_back()
    page.get_by_role("link", name="Compare orgs").click()
    expect(page.get_by_role("main")).to_contain_text("Larkspur sandbox")

    page.get_by_role("link", name="Diagnose", exact=True).click()
    page.get_by_role("button", name="Paste this call").click()
    expect(page.locator(".review-verdict")).to_contain_text("Proven")
    page.get_by_role("button", name="Check in this org").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    run = Run.objects.order_by("-pk")[0]
    execute_run(run.pk)
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Path isn't in the Genesys Cloud API")
    page.get_by_role("link", name="Diagnose", exact=True).click()
    expect(page.get_by_role("link", name="Compare runs")).to_be_hidden()
    assert window.complaints == []


def test_a_health_check_changes_the_status_of_a_client(window: Visit, demo: Running) -> None:
    registration.register("published")
    client = OAuthClient.objects.get(name="Demo: no role")
    make_team_lead("tess")
    window.sign_in("tess")
    window.open("/orgs/")
    row = window.page.get_by_role("row").filter(has_text=client.org_name or client.name)
    run = create_run(client=client, kind="health", inputs=Inputs(), user=None, source="cli")
    execute_run(run.pk)
    window.page.reload()
    expect(row).to_contain_text("Permission missing")
    window.open(f"/clients/{client.pk}/")
    expect(window.page.get_by_role("region", name="Status")).to_contain_text("Permission missing")


def test_the_overview_is_narrowed_and_paged_without_script(window_without_script: Visit) -> None:
    for number in range(30):
        make_client(
            f"Shop {number:02}",
            org_id=f"shop-{number}",
            org_name=f"Shop {number:02}",
            environment="production" if number == 7 else "sandbox",
            status="works",
        )
    make_team_lead("tess")
    window = window_without_script
    window.sign_in("tess")
    window.open("/orgs/")
    page = window.page
    overview = page.get_by_role("main")
    expect(overview.get_by_role("row")).to_have_count(26)
    overview.get_by_role("link", name="Next").click()
    expect(overview.get_by_role("row")).to_have_count(6)
    overview.get_by_label("Environment").select_option("Production")
    overview.get_by_role("button", name="Filter").click()
    expect(overview.get_by_role("row")).to_have_count(2)
    expect(overview).to_contain_text("Shop 07")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_account_menu_works_by_keyboard_and_stays_on_the_screen(window: Visit, width: int) -> None:
    make_user("ada")
    window.sign_in("ada")
    page = window.page
    page.set_viewport_size({"width": width, "height": 844})
    menu, password = page.locator("details.account"), page.get_by_role("link", name="Change password")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(password).to_be_visible()
    box = menu.locator(".menu-box").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    expect(password).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("footer").click()
    expect(password).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
