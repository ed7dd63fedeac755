"""A team lead sees everything and is refused every act, by the server and not only by hiding."""

import pytest
from playwright.sync_api import expect

from diagnostics.accounts.models import User
from tests.browser.conftest import Visit
from tests.factories import make_client, make_finding, make_open_run, make_run, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_team_lead_reads_and_is_refused_every_act(window: Visit) -> None:
    run = make_run(make_client())
    make_finding(run)
    make_team_lead("tess")
    page = window.page
    window.sign_in("tess")
    places = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(places).to_have_text(["Diagnose", "Issues", "Orgs", "Runs", "Monitoring"])

    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("link", name=f"Run {run.pk}").first.click()
    expect(page.locator(".answer")).to_be_visible()
    expect(page.get_by_role("button", name="Run again")).to_have_count(0)

    for place in ("/settings/users/", "/clients/add/", f"/clients/{run.client_id}/secret/"):
        window.open(place)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your role doesn't allow this")


def test_a_session_that_ends_while_a_run_is_watched_goes_on_after_the_next_sign_in(window: Visit) -> None:
    ada = make_user("ada")
    run = make_open_run(make_client())
    page = window.page
    window.sign_in("ada")
    window.open(f"/runs/{run.pk}/")
    ada.set_password("changed-by-somebody-else-1")
    ada.save()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    other = opened.value
    other.get_by_label("Username").fill("ada")
    other.get_by_label("Password").fill("changed-by-somebody-else-1")
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("heading", level=1).wait_for()
    expect(page.locator("#trouble")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Run {run.pk}")


def test_a_new_person_signs_in_with_the_password_shown_once(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    window.open("/settings/users/add/")
    page.get_by_label("Username").fill("grace")
    page.get_by_role("button", name="Add user").click()
    password = page.locator("#password").inner_text()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".account summary")).to_contain_text("grace")
    assert User.objects.get(username="grace").role == User.Role.TEAM_LEAD
