"""An issue in a real browser: shown from its first run, accepted, resolved and reopened."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.issues.models import Issue
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run, repeat_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_call_failure, make_client, make_issue, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_ROLE, HEALTHY = scenario("client-no-role"), scenario("healthy-web")


def registered(demo: Running) -> OAuthClient:
    known = next(each for org in demo.orgs["published"].orgs for each in org.clients if each.name == NO_ROLE.client)
    return create_client(
        name=known.name, region_key="demo-published", client_id=known.id, secret=known.secret, user=None
    )


def diagnosed(client: OAuthClient) -> Run:
    inputs, _ = Inputs.from_paste(NO_ROLE.call, NO_ROLE.answer, NO_ROLE.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    return run


def test_issue_is_accepted_resolved_and_reopened(window: Visit, demo: Running) -> None:
    make_user("ada")
    client = registered(demo)
    first = diagnosed(client)
    page = window.page
    window.sign_in("ada")
    window.open(f"/runs/{first.pk}/")
    line = page.locator(".issue-line").first
    expect(line).to_contain_text("First seen in this run")
    line.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Since when")).to_be_visible()
    known = Issue.objects.get(pk=int(page.url.rstrip("/").rsplit("/", 1)[1]))

    page.get_by_role("textbox", name="Note").fill("Asked the org's admin for the role.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("main")).to_contain_text("Asked the org's admin for the role.")
    page.get_by_text("Accept for a while").click()
    page.get_by_label("Reason").last.fill("The role comes with the next release.")
    page.get_by_label("Until the end of").fill((timezone.localdate() + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Accept issue").click()
    expect(page.locator("main")).to_contain_text("Accepted until the end of")
    assert violations(page) == []

    second = diagnosed(client)
    window.open(f"/runs/{second.pk}/")
    expect(page.locator(".issue-line").first).to_contain_text("The role comes with the next release.")
    window.open("/issues/?status=accepted&target=all")
    expect(page.get_by_role("link", name=known.title)).to_be_visible()

    org = next(each for each in demo.orgs["published"].orgs if any(c.name == NO_ROLE.client for c in each.clients))
    lacking = next(each for each in org.clients if each.name == NO_ROLE.client)
    full = next(each for each in org.clients if each.name == HEALTHY.client)
    org.update_client(lacking.id, grants=full.grants)
    execute_run(repeat_run(second, None).pk)
    window.open(f"/issues/{known.pk}/")
    expect(page.locator(".answer-kicker .badge").first).to_have_text("Resolved")

    org.update_client(lacking.id, grants=lacking.grants)
    third = repeat_run(second, None)
    execute_run(third.pk)
    Issue.objects.update(accepted_until=timezone.now())  # its time is over
    page.reload()
    expect(page.locator(".answer-kicker .badge").first).to_have_text("Reopened")
    expect(page.get_by_role("link", name=f"Run {third.pk}").first).to_be_visible()
    assert window.complaints == []


def test_team_lead_reads_an_issue_and_may_note_and_assign(window: Visit) -> None:
    known = make_issue(
        make_client(), accepted_until=timezone.now() + timedelta(days=3), accepted_reason="Next release."
    )
    make_team_lead("tess")
    window.sign_in("tess")
    page = window.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Issues").click()
    expect(page.get_by_text("No open issues.")).to_be_visible()
    page.get_by_role("link", name="Accepted", exact=True).click()
    page.get_by_role("link", name=known.title).click()
    expect(page.locator("main")).to_contain_text("Next release.")
    expect(page.locator("main form button")).to_have_text(["Assign", "Add note"])
    assert window.complaints == []


def test_list_is_accessible_and_reports_an_unknown_filter(window: Visit) -> None:
    client = make_client(environment="production")
    make_issue(client)
    make_issue(client, cause="env.dns", resolved_at=timezone.now())
    make_user("ada")
    window.sign_in("ada")
    window.open("/issues/?status=all&colour=red")
    expect(window.page.get_by_text("“colour” isn't a filter")).to_be_visible()
    expect(window.page.locator("table.rows tbody tr")).to_have_count(2)
    assert violations(window.page) == []


def test_issue_is_read_and_noted_without_script(window_without_script: Visit) -> None:
    make_user("ada")
    known = make_issue(make_client())
    window_without_script.sign_in("ada")
    window_without_script.open(f"/issues/{known.pk}/")
    page = window_without_script.page
    page.get_by_role("textbox", name="Note").fill("Read without script.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("main")).to_contain_text("Read without script.")


def test_failing_call_is_found_from_the_menu_and_prefills_a_diagnosis(window: Visit) -> None:
    make_user("ada")
    client = make_client()
    make_call_failure(client)
    make_call_failure(make_client("Elsewhere", client_id="c", org_id="other", org_name="Other"), template="/api/v2/x")
    page = window.page
    window.sign_in("ada")
    page.get_by_role("navigation").get_by_role("link", name="Issues").first.click()
    page.get_by_role("link", name="Failing calls").click()
    page.get_by_label("Org").select_option(label=client.org_name)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert violations(page) == []
    page.get_by_role("link", name="Check POST /api/v2/conversations/cobrowse").click()
    expect(page.locator("textarea").first).to_have_value("POST /api/v2/conversations/cobrowse")
    assert page.url.startswith(f"{window.address}/?failing_call=")
