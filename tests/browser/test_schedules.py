"""A schedule from its making to its runs: previewed, planned, due, broken and mended orgs seen by it, paused, let go on."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.schedules import claim_due_schedules
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_client, make_schedule, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def register(demo: Running) -> OAuthClient:
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == scenario("healthy-web").client)
    return create_client(name="Acme", region_key="demo-published", client_id=known.id, secret=known.secret, user=None)


def tick() -> Run:
    """What beat and a worker would do as soon as the schedule is due."""
    Schedule.objects.update(next_run_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    (pk,) = claim_due_schedules()
    execute_run(pk)
    return Run.objects.get(pk=pk)


def is_accessible(page: Page) -> None:
    assert violations(page) == []


def test_a_schedule_is_made_seen_coming_and_its_runs_are_found(window: Visit, demo: Running) -> None:
    make_user("ada")
    register(demo)
    window.sign_in("ada")
    page = window.page
    window.open("/monitoring/schedules/")
    page.get_by_role("link", name="Add a schedule").click()
    page.get_by_label("Name").fill("Acme, each morning")
    page.get_by_label("Client").select_option(label="Acme")
    expect(page.get_by_label("Cron expression")).to_be_hidden()
    page.get_by_label("How often").select_option("weekly")
    page.get_by_label("Monday").check()
    page.get_by_label("Time of day").fill("02:30")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Every Monday at 02:30, Europe/Berlin time")
    expect(preview.get_by_role("listitem")).not_to_have_count(0)
    is_accessible(page)
    page.get_by_label("How often").select_option("cron")
    page.get_by_label("Cron expression").fill("61 * * * *")
    expect(preview).to_contain_text("Invalid cron expression")
    page.get_by_label("How often").select_option("minutes")
    page.get_by_label("Minutes").fill("5")
    expect(preview).to_contain_text("Every 5 minutes")
    page.get_by_role("button", name="Add schedule").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme, each morning")
    is_accessible(page)

    run = tick()
    page.reload()
    expect(page.get_by_role("table", name="Runs of this schedule")).to_contain_text(f"Run {run.pk}")
    assert (run.status, run.cause, run.source) == ("finished", "none", "schedule")
    page.get_by_role("link", name=f"Run {run.pk}").first.click()
    page.locator("#details summary").click()
    expect(page.get_by_role("link", name="Schedule of this run")).to_be_visible()
    cut_off = "htmx:"  # a preview that was still asked for when the page was left
    assert [each for each in window.complaints if not each.startswith(cut_off)] == []


def test_many_are_paused_with_a_reason_and_go_on(window: Visit) -> None:
    make_user("ada")
    for number in range(3):
        make_schedule(make_client(f"Client {number}"), f"Schedule {number}")
    window.sign_in("ada")
    page = window.page
    window.open("/monitoring/schedules/")
    is_accessible(page)
    page.get_by_label("Schedule 0", exact=True).check()
    page.get_by_label("Schedule 2", exact=True).check()
    page.get_by_label("Reason").fill("Move of the data centre")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("row", name="Schedule 2")).to_contain_text("Move of the data centre")
    expect(page.get_by_role("row", name="Schedule 1")).not_to_contain_text("Paused")
    page.get_by_label("Schedule 0", exact=True).check()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("row", name="Schedule 0")).not_to_contain_text("Paused")
    assert Schedule.objects.filter(paused_at=None).count() == 2
    assert window.complaints == []


def test_without_script_the_times_are_shown_by_a_button(window_without_script: Visit) -> None:
    make_user("ada")
    make_client()
    window_without_script.sign_in("ada")
    window_without_script.open("/monitoring/schedules/add/")
    page = window_without_script.page
    page.get_by_label("How often").select_option("daily")
    page.get_by_label("Time of day").fill("09:00")
    page.get_by_role("button", name="Show next runs").click()
    expect(page.locator("#preview")).to_contain_text("Every day at 09:00")
    assert not Schedule.objects.exists()


def test_an_operator_runs_it_and_a_team_lead_reads_it(window: Visit) -> None:
    make_user("otto", "operator")
    make_team_lead("tess")
    schedule = make_schedule()
    page = window.page
    window.sign_in("otto")
    window.open(f"/monitoring/schedules/{schedule.pk}/")
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/*/")
    page.context.clear_cookies()
    window.sign_in("tess")
    window.open(f"/monitoring/schedules/{schedule.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(schedule.name)
    expect(page.locator("main form")).to_have_count(0)
