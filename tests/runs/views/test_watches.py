"""Watching on the run's page: begun and stopped by admins, followed by everybody, and the polling ends by itself."""

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.runs.models import Run, Watch
from tests.factories import make_finding, make_run, make_verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken() -> Run:
    run = make_run(cause="conv.not_connected", verdict=make_verdict(because=["conversation.connected"]))
    make_finding(run, "conversation.connected")
    return run


def begin(browser: Client, run: Run) -> Watch:
    assert browser.post(f"/runs/{run.pk}/watch/start/").headers["Location"] == f"/runs/{run.pk}/"
    return Watch.objects.latest("pk")


def test_an_admin_begins_and_stops(as_admin: Client, broken: Run) -> None:
    assert b"Re-check until fixed</button>" in as_admin.get(f"/runs/{broken.pk}/").content
    watch = begin(as_admin, broken)
    assert b"Stop re-checking" in as_admin.get(f"/runs/{broken.pk}/").content
    as_admin.post(f"/runs/{broken.pk}/watch/stop/")
    watch.refresh_from_db()
    assert watch.state == "stopped"
    assert b"Re-check until fixed</button>" in as_admin.get(f"/runs/{broken.pk}/").content


def test_a_team_lead_follows_and_is_offered_nothing(as_admin: Client, as_lead: Client, broken: Run) -> None:
    assert b"/watch/start/" not in as_lead.get(f"/runs/{broken.pk}/").content
    begin(as_admin, broken)
    page = as_lead.get(f"/runs/{broken.pk}/").content
    assert b"until it passes" in page
    assert b"/watch/stop/" not in page


def test_the_fragment_polls_while_it_is_open_and_not_after(as_admin: Client, broken: Run) -> None:
    watch = begin(as_admin, broken)
    place = f"/runs/{broken.pk}/watch/"
    fragment = as_admin.get(place).content
    assert b"hx-trigger" in fragment
    assert b"<html" not in fragment
    visible = f"{watch.pk}.watching.0."
    assert as_admin.get(place, {"seen": visible}).status_code == 204
    Watch.objects.update(state="not_fixed", ended_at=timezone.now())
    answer = as_admin.get(place, {"seen": visible})
    assert answer.status_code == 200
    assert b"hx-trigger" not in answer.content


def test_the_end_names_the_run_that_was_right(as_lead: Client, broken: Run) -> None:
    right = make_run(broken.client, repeats=broken, branch="conversation.connected", cause="none")
    now = timezone.now()
    Watch.objects.create(
        run=broken,
        check_id="conversation.connected",
        state="fixed",
        next_at=now,
        ends_at=now,
        ended_at=now,
        latest=right,
    )
    page = as_lead.get(f"/runs/{broken.pk}/").content
    assert b"<span>Fixed</span>" in page
    assert f"/runs/{right.pk}/".encode() in page


def test_where_there_is_nothing_to_watch_it_is_refused_in_words(as_admin: Client) -> None:
    run = make_run(cause="none")
    assert b"Nothing in this run" in as_admin.post(f"/runs/{run.pk}/watch/start/", follow=True).content
    assert not Watch.objects.exists()
