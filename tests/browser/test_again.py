"""After the diagnosis: check one finding again, see what changed, watch, and start a real session where all is right."""

import pytest
from playwright.sync_api import expect

from diagnostics.demo.scenarios import Scenario, scenario
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run, Watch
from diagnostics.runs.watches import advance_watches
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEALTHY, NO_ROLE = scenario("healthy-web"), scenario("client-no-role")


def registered(demo: Running, reported: Scenario) -> OAuthClient:
    known = next(each for org in demo.orgs[reported.org].orgs for each in org.clients if each.name == reported.client)
    return create_client(
        name=known.name, region_key=f"demo-{reported.org}", client_id=known.id, secret=known.secret, user=None
    )


def diagnosed(client: OAuthClient, reported: Scenario) -> Run:
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    return run


def grant_everything(demo: Running, reported: Scenario) -> None:
    """What an admin of the org would do to mend it."""
    org = next(each for each in demo.orgs[reported.org].orgs if any(c.name == reported.client for c in each.clients))
    full = next(each for each in org.clients if each.name == HEALTHY.client)
    org.update_client(next(each.id for each in org.clients if each.name == reported.client), grants=full.grants)


def test_a_repeated_check_shows_what_changed_and_a_watch_ends_automatically(window: Visit, demo: Running) -> None:
    make_user("ada")
    run = diagnosed(registered(demo, NO_ROLE), NO_ROLE)
    page = window.page
    window.sign_in("ada")
    window.open(f"/runs/{run.pk}/")
    expect(page.locator(".answer")).to_contain_text("authz.permission_missing")

    page.get_by_role("button", name="Re-check until fixed").click()
    watch = page.locator("#watch")
    expect(watch).to_contain_text("We re-check")
    window.mark()
    grant_everything(demo, NO_ROLE)
    (pk,) = advance_watches(Watch.objects.get().next_at)
    execute_run(pk)
    advance_watches()
    expect(watch).to_contain_text("passed in")
    assert window.is_marked, "the watch was followed on one page"

    page.locator("#evidence summary").first.click()
    page.locator("#evidence form.check-again button").first.click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    again = Run.objects.latest("pk")
    assert (again.repeats, again.branch) == (run, "permissions.call")
    execute_run(again.pk)
    since = page.locator("section", has=page.get_by_role("heading", name="Changes since"))
    expect(since).to_contain_text("Better")
    expect(page.locator(".answer")).to_contain_text("This branch passes now")
    expect(page.locator(".answer")).not_to_contain_text("Nothing wrong")
    assert demo.log.writes == []
    assert window.complaints == []


def test_a_real_session_starts_only_after_the_id_was_typed(window_without_script: Visit, demo: Running) -> None:
    make_user("ada")
    run = diagnosed(registered(demo, HEALTHY), HEALTHY)
    window = window_without_script
    page = window.page
    window.sign_in("ada")
    window.open(f"/runs/{run.pk}/")
    page.locator(".head summary").click()
    page.get_by_role("link", name="Start a real session").click()
    expect(page.get_by_role("heading", name="Start a real session?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("A customer will be offered a session")

    page.get_by_label("Conversation ID").fill("yes, please")
    page.get_by_role("button", name="Start session").click()
    expect(page.locator(".errorlist")).to_be_visible()
    assert Run.objects.count() == 1

    page.get_by_label("Conversation ID").fill(HEALTHY.conversation_id)
    page.get_by_role("button", name="Start session").click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    assert demo.log.writes == []
    execute_run(Run.objects.latest("pk").pk)
    page.reload()
    expect(page.locator(".answer")).to_contain_text("It works")
    assert [each.method for each in demo.log.writes] == ["POST"]
    assert "cobrowse.demo.invalid" not in page.content()


def test_the_list_of_checks_is_accessible_and_its_role_can_be_copied(window: Visit) -> None:
    make_user("ada")
    window.sign_in("ada")
    window.page.get_by_role("link", name="Checks").click()
    expect(window.page.locator("#role-api")).to_contain_text("conversation:communication:view")
    expect(window.page.get_by_role("button", name="Copy API names")).to_be_visible()
    assert violations(window.page) == []
