"""The pages of schedules: made with a preview, paused one by one and many at once, run now, each for who may."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from diagnostics.accounts.models import User
from diagnostics.monitoring.forms import schedules as forms
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.operations import heartbeats as late_tick
from diagnostics.operations.heartbeats import TICK, beat
from diagnostics.operations.models import Heartbeat
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import CONVERSATION, make_client, make_open_run, make_run, make_schedule, make_team_lead, make_user

pytestmark = pytest.mark.django_db
CALL = {
    "method": "POST",
    "url": "https://api.mypurecloud.ie/api/v2/conversations/chat/x/cobrowse",
    "headers": [],
    "body": "",
    "sdk_method": "",
    "variables": [],
    "as_sent": False,
}


@pytest.fixture
def ada() -> User:
    return make_user()


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def filled(acme: OAuthClient, **values: Any) -> dict[str, Any]:
    defaults = {"name": "Acme", "client": acme.pk, "every": "minutes", "minutes": "5", "zone": "UTC"}
    return {**defaults, **values}


def test_a_schedule_is_made_and_shown(admin: Client, ada: User) -> None:
    answer = admin.post("/monitoring/schedules/add/", filled(make_client(), owner=ada.pk), follow=True)
    schedule = Schedule.objects.get()
    assert answer.redirect_chain == [(f"/monitoring/schedules/{schedule.pk}/", 302)]
    assert (schedule.every, schedule.minutes, schedule.zone, schedule.owner) == ("minutes", 5, "UTC", ada)
    assert schedule.jitter_seconds == 299, "spread over the whole step where nothing else is said"
    assert "Every 5 minutes" in answer.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"every": "daily", "at": "02:30", "zone": "Europe/Berlin"}, "Every day at 02:30, Europe/Berlin time"),
        ({"every": "weekly", "at": "09:00", "weekdays": ["0", "4"]}, "Every Monday and Friday at 09:00, UTC time"),
        ({"every": "cron", "cron": "0 9 * * 1-5"}, "At 09:00 on Monday through Friday, UTC time"),
        # What belongs to another way of saying it does not count, even where it is wrong.
        ({"every": "daily", "at": "09:00", "minutes": "-7", "cron": "nonsense"}, "Every day at 09:00, UTC time"),
    ],
)
def test_each_way_of_saying_when(admin: Client, values: dict[str, Any], words: str) -> None:
    admin.post("/monitoring/schedules/add/", filled(make_client(), **values))
    assert Schedule.objects.get().description == words


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"client": "0"},
        {"client": "9" * 40},
        {"every": "yearly"},
        {"minutes": ""},
        {"minutes": "0"},
        {"minutes": "9" * 4000},
        {"every": "daily", "at": ""},
        {"every": "daily", "at": "25:00"},
        {"every": "weekly", "at": "09:00"},
        {"every": "weekly", "at": "", "weekdays": ["1"]},
        {"every": "weekly", "at": "09:00", "weekdays": ["9"]},
        {"every": "cron", "cron": "61 * * * *"},
        {"every": "cron", "cron": "\0"},
        {"every": "cron", "cron": "* " * 50_000},
        {"zone": "Europe/Atlantis"},
        {"zone": "../../etc/passwd"},
        {"jitter_seconds": "300"},
        {"jitter_seconds": "-1"},
        {"owner": "99999"},
    ],
    ids=str,
)
def test_an_invalid_schedule_is_reported_and_not_saved(admin: Client, values: dict[str, Any]) -> None:
    answer = admin.post("/monitoring/schedules/add/", filled(make_client(), **values))
    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert not Schedule.objects.exists()


def test_the_next_times_can_be_looked_at_before_anything_is_saved(admin: Client) -> None:
    answer = admin.post("/monitoring/schedules/add/", filled(make_client(), every="daily", at="02:30", preview="1"))
    assert "Every day at 02:30, UTC time" in answer.text
    assert not Schedule.objects.exists()


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """For the form alone: a session would be over long before."""
    monkeypatch.setattr(forms, "timezone", SimpleNamespace(now=lambda: moment))


def test_the_preview_shows_times_in_both_zones_and_clock_changes(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2027, 3, 26, 12, tzinfo=UTC))
    admin.cookies["zone"] = "America/New_York"
    place = "/monitoring/schedules/preview/?every=daily&at=02:30&zone=Europe/Berlin"
    text = admin.get(place).text
    assert "Sun 28 Mar 2027, 03:00 CEST" in text
    assert "Sat 27 Mar 2027, 21:00 EDT" in text
    assert "02:30 is skipped that day" in text
    assert "go forward by 1 hour" in text


def test_the_preview_shows_the_times_around_a_later_change_of_the_clock(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2027, 8, 1, 12, tzinfo=UTC))
    text = admin.get("/monitoring/schedules/preview/?every=daily&at=02:30&zone=Europe/Berlin").text
    assert "go back by 1 hour" in text
    assert "Sat 30 Oct 2027, 02:30 CEST" in text
    assert "Sun 31 Oct 2027, 02:30 CEST" in text
    assert "Mon 1 Nov 2027, 02:30 CET" in text
    assert "02:30 occurs twice" in text


@pytest.mark.parametrize(
    "query", ["", "every=cron&cron=%00&zone=UTC", "every=weekly&weekdays=9&zone=x", "every=" + "x" * 9000]
)
def test_a_preview_of_nonsense_is_a_sentence(admin: Client, query: str) -> None:
    assert admin.get(f"/monitoring/schedules/preview/?{query}").status_code == 200


def test_the_diagnosis_of_a_run_is_saved_as_a_schedule(admin: Client) -> None:
    acme, other = make_client(), make_client("Other")
    run = make_run(acme, inputs={"call": CALL, "answer": None, "conversation_id": CONVERSATION, "note": "today"})
    page = admin.get(f"/monitoring/schedules/add/?run={run.pk}")
    assert str(CALL["url"]) in page.text
    assert CONVERSATION in page.text
    admin.post(f"/monitoring/schedules/add/?run={run.pk}", filled(other))
    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.client) == ("diagnosis", acme), "a saved diagnosis stays with its client"
    assert schedule.inputs["call"]["url"] == CALL["url"]
    assert schedule.inputs["note"] == ""


def test_changes_are_saved_and_keep_the_diagnosis(admin: Client) -> None:
    schedule = make_schedule(kind="diagnosis", inputs={"call": CALL, "answer": None, "conversation_id": ""})
    assert admin.get(f"/monitoring/schedules/{schedule.pk}/edit/").status_code == 200
    admin.post(f"/monitoring/schedules/{schedule.pk}/edit/", filled(schedule.client, name="Renamed", minutes="10"))
    schedule.refresh_from_db()
    assert (schedule.name, schedule.minutes, schedule.kind) == ("Renamed", 10, "diagnosis")
    assert schedule.inputs["call"]["url"] == CALL["url"]


def test_the_page_of_a_schedule_shows_last_next_and_missed_times(admin: Client) -> None:
    schedule = make_schedule(missed=3, next_run_at=timezone.now() + timedelta(minutes=4, seconds=30))
    run = make_run(schedule.client, schedule=schedule, source="schedule")
    Schedule.objects.update(last_run=run)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    MissedTime.objects.create(schedule=schedule, reason="outage", times=3, first_due_at=noon, last_due_at=noon)
    text = admin.get(f"/monitoring/schedules/{schedule.pk}/").text
    assert "in 4 minutes" in text
    assert f"/runs/{run.pk}/" in text
    assert "Missed runs (3)" in text
    assert "Scheduler not running" in text
    assert f"/monitoring/schedules/{schedule.pk}/" in admin.get(f"/runs/{run.pk}/").text
    assert schedule.name in admin.get(f"/clients/{schedule.client_id}/").text


def test_one_is_paused_with_a_reason_and_goes_on(admin: Client, ada: User) -> None:
    schedule = make_schedule()
    text = admin.post(f"/monitoring/schedules/{schedule.pk}/pause/", {"reason": "maintenance"}, follow=True).text
    assert "maintenance" in text
    schedule.refresh_from_db()
    assert (schedule.paused_by, schedule.next_run_at) == (ada, None)
    admin.post(f"/monitoring/schedules/{schedule.pk}/resume/")
    schedule.refresh_from_db()
    assert not schedule.is_paused


def test_many_are_paused_at_once_those_ticked_or_all_that_are_shown(admin: Client) -> None:
    acme, other = make_client(), make_client("Other")
    one, two = make_schedule(acme, "One"), make_schedule(acme, "Two")
    three = make_schedule(other, "Three")
    answer = admin.post("/monitoring/schedules/bulk/", {"ids": [one.pk], "act": "pause", "query": "state=active"})
    assert answer.headers["Location"] == "/monitoring/schedules/?state=active"
    assert set(Schedule.objects.filter(paused_at=None)) == {two, three}
    admin.post("/monitoring/schedules/bulk/", {"all": "on", "act": "pause", "query": f"client={acme.pk}"})
    assert set(Schedule.objects.filter(paused_at=None)) == {three}
    admin.post("/monitoring/schedules/bulk/", {"all": "on", "act": "resume", "query": ""})
    assert Schedule.objects.filter(paused_at=None).count() == 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"act": "explode", "all": "on"},
        {"act": "pause", "ids": ["x", "-1", "9" * 60, "\0"]},
        {"act": "pause"},
        {"act": "pause", "all": "on", "reason": "x" * 301},
    ],
    ids=str,
)
def test_nothing_is_paused_by_nonsense(admin: Client, data: dict[str, Any]) -> None:
    make_schedule()
    assert admin.post("/monitoring/schedules/bulk/", data).status_code == 302
    assert Schedule.objects.filter(paused_at=None).count() == 1


def test_a_click_runs_it_now_before_all_that_runs_by_itself(
    admin: Client, ada: User, sent_tasks: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    schedule = make_schedule()
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(f"/monitoring/schedules/{schedule.pk}/run/")
    run = Run.objects.get()
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    assert sent_tasks == [("execute_run", run.pk)]
    again = admin.post(f"/monitoring/schedules/{schedule.pk}/run/", follow=True)
    assert "is in progress" in again.text
    assert Run.objects.count() == 1


def test_it_is_deleted_after_it_was_asked_for(admin: Client) -> None:
    schedule = make_schedule()
    assert admin.get(f"/monitoring/schedules/{schedule.pk}/delete/").status_code == 200
    assert Schedule.objects.exists()
    admin.post(f"/monitoring/schedules/{schedule.pk}/delete/")
    assert not Schedule.objects.exists()


def test_the_list_is_narrowed_and_names_what_it_does_not_understand(admin: Client, ada: User) -> None:
    make_schedule(name="Blue", owner=ada)
    make_schedule(make_client("Other"), "Red", paused_at=timezone.now(), next_run_at=None)
    assert {"Blue", "Red"} <= set(_names(admin, ""))
    assert _names(admin, "q=blu") == ["Blue"]
    assert _names(admin, "state=paused") == ["Red"]
    assert _names(admin, f"owner={ada.pk}") == ["Blue"]
    assert (
        "<code>page=x</code>"
        in admin.get("/monitoring/schedules/?page=x&colour=red&client=9999999999999999999999").text
    )


def test_the_list_s_queries_do_not_grow(admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(60):
        acme = make_client(f"Client {number}")
        schedule = make_schedule(acme, f"Schedule {number}")
        Schedule.objects.filter(pk=schedule.pk).update(last_run=make_run(acme, schedule=schedule))
    with django_assert_max_num_queries(12):
        admin.get("/monitoring/schedules/?page=2")
    with django_assert_max_num_queries(12):
        admin.get("/monitoring/schedules/")


def _names(admin: Client, query: str) -> list[str]:
    return [each.name for each in admin.get(f"/monitoring/schedules/?{query}").context["page"].object_list]


def test_limited_user_sees_no_schedule_of_another_org(client: Client) -> None:
    foreign = make_schedule(make_client(org_id="org-1"), "Theirs")
    other = make_schedule(make_client("Other", org_id="org-2"), "Not theirs")
    client.force_login(make_team_lead(is_limited=True, only_orgs=["org-1"]))
    page = client.get("/monitoring/schedules/")
    assert [each.name for each in page.context["page"].object_list] == ["Theirs"]
    assert page.context["counts"]["all"] == 1
    assert "Not theirs" not in page.text
    assert client.get(f"/monitoring/schedules/{foreign.pk}/").status_code == 200
    assert client.get(f"/monitoring/schedules/{other.pk}/").status_code == 404


def test_an_unknown_schedule_is_404(admin: Client) -> None:
    assert admin.get("/monitoring/schedules/999999/").status_code == 404
    assert admin.get("/monitoring/schedules/add/?run=999999").status_code == 404


# ---------------------------------------------------------------------- the banner


@pytest.fixture
def reported_late(settings: Settings) -> Iterator[None]:
    settings.TICK_LATE_SECONDS = 60
    late_tick._state.at = float("-inf")
    yield
    late_tick._state.at = float("-inf")


@pytest.mark.parametrize(("seconds", "is_reported"), [(None, True), (61, True), (3600, True), (20, False)])
def test_a_late_tick_is_reported_on_every_page(
    reported_late: None, admin: Client, seconds: int | None, is_reported: bool
) -> None:
    if seconds is not None:
        beat(TICK)
        Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=seconds))
    for place in ("/", "/runs/", "/monitoring/schedules/", "/reference/checks/"):
        assert ("late-tick" in admin.get(place).text) is is_reported


def test_the_banner_is_asked_for_once_in_a_while_and_not_by_strangers(
    reported_late: None, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert "late-tick" not in client.get("/login/").text
    client.force_login(make_user())
    client.get("/reference/checks/")
    with django_assert_num_queries(2):  # the session and its person
        client.get("/reference/checks/")


def test_a_run_under_way_does_not_stop_the_page(admin: Client) -> None:
    schedule = make_schedule()
    make_open_run(schedule.client, schedule=schedule)
    assert admin.get(f"/monitoring/schedules/{schedule.pk}/").status_code == 200
