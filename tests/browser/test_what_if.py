"""What-if on an issue, in a real browser: the smallest change, one of the reader's own, and what can't be known."""

import pytest
from playwright.sync_api import expect

from diagnostics.demo.registration import register
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.issues.models import Issue
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_team_lead

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_team_lead_predicts_the_verdict_without_a_request(window: Visit, demo: Running) -> None:
    off = scenario("deployment-off")
    client = next(client for client in register("published") if client.name == off.client)
    inputs, _ = Inputs.from_paste(off.call, off.answer, off.conversation_id)
    execute_run(create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web").pk)
    issue = Issue.objects.get(cause="config.cobrowse_disabled")
    make_team_lead("tess")
    window.sign_in("tess")
    window.open(f"/issues/{issue.pk}/")
    page, part = window.page, window.page.locator("#what-if")
    asked = demo.log.total
    part.get_by_text("What if", exact=True).click()
    part.get_by_role("link", name="Show prediction").first.click()
    expect(part.get_by_role("heading", name="Prediction")).to_be_visible()
    expect(part.locator(".note.tone-pass").last).to_contain_text("This fixes it")
    part.get_by_role("link", name="Remove").first.click()

    part.get_by_label("Change", exact=True).select_option("Host")
    part.get_by_label("New value").fill("not a host")
    part.get_by_role("button", name="Add change").click()
    expect(part.locator(".errorlist")).to_be_visible()
    part.get_by_label("New value").fill("api.mypurecloud.ie")
    part.get_by_role("button", name="Add change").click()
    expect(part.locator(".chain .is-first")).to_contain_text("Host")
    expect(part.get_by_role("heading", name="What can't be known")).to_be_visible()
    assert violations(page) == []
    assert demo.log.total == asked
    assert window.complaints == []
