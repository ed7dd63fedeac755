"""Retention in a real browser: other rules looked at, counted, confirmed, deleted while one watches; a pinned run stays."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from diagnostics.operations.models import RetentionPass
from diagnostics.operations.retention import work_on_pass
from diagnostics.runs.models import Run
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.builders.months import end_month
from tests.factories import make_client, make_exchange, make_finding, make_run, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def aged(days: int) -> Run:
    client = make_client(f"Aged {days}")
    run = make_run(client, created_at=timezone.now() - timedelta(days=days))
    make_finding(run)
    make_exchange(run)
    return run


def test_other_rules_are_counted_confirmed_and_carried_out(window: Visit, one_month: None) -> None:
    make_user("ada")
    pinned, old = aged(300), aged(299)
    end_month()
    new = aged(3)
    page = window.page
    window.sign_in("ada")
    window.open(f"/runs/{pinned.pk}/")
    page.locator(".head summary").click()
    page.get_by_role("button", name="Keep forever").click()
    expect(page.locator("main")).to_contain_text("Kept forever by ada")

    window.open("/settings/retention/")
    assert violations(page) == []
    runs = page.get_by_role("group", name="Runs and findings")
    runs.get_by_label("Days").fill("200")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Retention preview")).to_be_visible()
    expect(page.get_by_role("row", name="Runs and findings")).to_contain_text("Runs: 1")
    expect(page.locator("main")).to_contain_text("in the night after the last of them is 200 days old")
    assert violations(page) == []
    assert Run.objects.count() == 3

    page.get_by_role("button", name="Save and delete now").click()
    expect(page.locator("#passes")).to_contain_text("Running")
    window.mark()
    work_on_pass(RetentionPass.objects.get().pk)
    expect(page.locator("#passes")).to_contain_text("Finished")
    assert window.is_marked, "the end was told on the same page"
    assert set(Run.objects.values_list("pk", flat=True)) == {pinned.pk, new.pk}
    assert old.pk not in set(Run.objects.values_list("pk", flat=True))
    assert window.complaints == []


def test_an_invalid_rule_is_reported_at_its_field(window_without_script: Visit) -> None:
    make_user("ada")
    window_without_script.sign_in("ada")
    window_without_script.open("/settings/retention/")
    page = window_without_script.page
    page.get_by_role("group", name="Request and response bodies").get_by_label("Days").fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("group", name="Request and response bodies").locator(".errorlist")).to_be_visible()
    page.get_by_role("group", name="Request and response bodies").get_by_label("Forever").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("row", name="Request and response bodies")).to_contain_text("Forever")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="Request and response bodies")).to_contain_text("Forever")
    assert not RetentionPass.objects.exists()


def test_a_team_lead_sees_the_rules_and_can_change_none(window: Visit, one_month: None) -> None:
    run = aged(500)
    end_month()
    make_team_lead("tess")
    window.sign_in("tess")
    window.open("/settings/retention/")
    expect(window.page.get_by_role("row", name="Runs and findings")).to_contain_text("Runs: 1")
    expect(window.page.locator("main form")).to_have_count(0)
    window.open("/settings/retention/preview/?findings_days=1&bodies_days=1&snapshots_days=1")
    expect(window.page.locator("main form")).to_have_count(0)
    window.open(f"/runs/{run.pk}/")
    expect(window.page.get_by_role("button", name="Keep forever")).to_have_count(0)
