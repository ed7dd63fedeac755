"""An admin pastes a failure of yesterday: the verdict is that of yesterday's configuration, with today's below."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.demo.stage import org_in_state
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OFF = "config.cobrowse_disabled"


@pytest.fixture
def client_with_history(demo: Running) -> Iterator[OAuthClient]:
    """Cobrowse was off three days ago and until yesterday evening, and it is on today."""
    call = scenario("sandbox-works")
    known = next(each for org in demo.orgs["published"].orgs for each in org.clients if each.name == call.client)
    client = create_client(
        name=known.name, region_key="demo-published", client_id=known.id, secret=known.secret, user=None
    )
    for state, days in (("version 4, off", 3), ("version 5, on", 0)):
        with org_in_state(client, demo, state):
            sync = start_sync(client, source=ConfigurationSync.Source.WEB, user=None)
            assert sync is not None
            run_sync(sync.pk)
        past = timezone.now() - timedelta(days=days)
        ConfigurationSync.objects.filter(pk=sync.pk).update(created_at=past, finished_at=past)
    published = timezone.now() - timedelta(hours=3)
    Provider.objects.update(first_seen_at=timezone.now() - timedelta(days=4))
    OrgChange.objects.update(not_before=published, at=published)
    yield client


def test_a_failure_of_yesterday_is_judged_by_yesterdays_configuration(
    window: Visit, client_with_history: OAuthClient
) -> None:
    make_user("ada", role="admin")
    page = window.page
    window.sign_in("ada")
    window.open("/")
    at = (timezone.now() - timedelta(days=1)).replace(microsecond=0)
    answer = (
        f"HTTP/1.1 404 Not Found\nDate: {format_datetime(at, usegmt=True)}\n\n" + '{"code": "not.found", "status": 404}'
    )
    page.get_by_label("Call, response or thread").fill(f"{scenario('sandbox-works').call}\n\n{answer}")
    page.locator("#id_client").select_option(label=client_with_history.name)
    then = page.locator("#review .review-verdict").nth(1)
    expect(then).to_contain_text(f"{at:%-d %b %Y, %H:%M} UTC")
    page.get_by_role("button", name="Check in this org").click()
    page.wait_for_url("**/runs/*/")
    run = Run.objects.get()
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.cause, run.certainty) == (OFF, "proved")

    window.open(f"/runs/{run.pk}/")
    expect(page.locator("#verdict-head")).to_contain_text(f"{at:%-d %b %Y, %H:%M} UTC")
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect(page.get_by_text("Cobrowse was turned on in")).to_be_visible()
    answers = page.locator("section.answer")
    assert answers.count() == 2 and "Undetermined" in answers.nth(1).inner_text()
    assert violations(page) == []
    assert not window.complaints
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
