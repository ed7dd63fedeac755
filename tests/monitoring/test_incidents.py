"""Incidents and whom they are told to: what the runs of a schedule make of rules, channels, quiet hours and mutes."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.issues.models import Incident
from diagnostics.issues.snoozes import end_snooze, snooze
from diagnostics.monitoring.announcements import CHANNEL_DISABLED
from diagnostics.monitoring.deliveries import deliver, due_deliveries
from diagnostics.monitoring.incidents import send_reminders, update_incidents_of
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, Schedule
from diagnostics.runs.models import Run
from tests.factories import (
    make_channel,
    make_client,
    make_open_run,
    make_rule,
    make_run,
    make_schedule,
    make_user,
    make_verdict,
)

pytestmark = pytest.mark.django_db

CAUSES = {"g": "none", "x": "config.cobrowse_disabled", "y": "authz.permission_missing", "u": "undetermined"}
Runs = Callable[[str], list[Run]]


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(make_client("Acme", environment="production"))


@pytest.fixture
def runs(schedule: Schedule) -> Runs:
    """A letter for each scheduled run: g right, x and y wrong by a cause each, u could not tell; i cut short."""

    def make(letters: str) -> list[Run]:
        return [make_one(schedule, letter) for letter in letters]

    return make


def make_one(schedule: Schedule, letter: str, **values: Any) -> Run:
    target: dict[str, Any] = {
        "client": schedule.client,
        "schedule": schedule,
        "target": f"health:{schedule.client_id}",
        "kind": "health",
    }
    if letter == "i":
        return looked_at(make_run(status="interrupted", cause="env.dns", **target))
    cause = CAUSES[letter]
    sentence = f"Says {letter}."
    return looked_at(
        make_run(cause=cause, verdict=make_verdict(cause=cause, sentence=sentence), **{**target, **values})
    )


def looked_at(run: Run) -> Run:
    update_incidents_of(run)
    return run


def reported(channel: Channel | None = None) -> list[str]:
    rows = Delivery.objects.order_by("pk")
    return list((rows.filter(channel=channel) if channel else rows).values_list("event", flat=True))


@pytest.mark.parametrize(
    ("letters", "events"),
    [
        ("gg", []),
        ("ggx", []),
        ("ggxg", []),
        ("ggxx", ["opened"]),
        ("ggxxxxxx", ["opened"]),  # one message for each cause, however long it goes on
        ("ggxxgx", ["opened"]),
        ("ggxxg", ["opened"]),
        ("ggxxgg", ["opened", "recovered"]),
        ("ggxxgggg", ["opened", "recovered"]),
        ("ggxxyy", ["opened", "changed"]),
        ("ggxxyxxyx", ["opened"]),
        ("ggxxyygg", ["opened", "changed", "recovered"]),
        ("ggxxggxx", ["opened", "recovered", "opened"]),
        ("uuuu", []),
        ("ggiiii", []),
        ("ggxxuuuu", ["opened"]),
        ("xx", ["opened"]),  # it may never have worked
    ],
)
def test_runs_lead_to_these_events(runs: Runs, letters: str, events: list[str]) -> None:
    make_rule(channels=[make_channel()])
    runs(letters)
    assert reported() == events


def test_inconclusive_runs_are_announced_if_a_rule_counts_them(runs: Runs) -> None:
    make_rule(channels=[make_channel()], counts_inconclusive=True)
    runs("gguugg")
    assert reported() == ["opened", "recovered"]


def test_an_incident_shows_its_start_end_and_runs(runs: Runs) -> None:
    rows = runs("ggxxxgg")
    incident = Incident.objects.get()
    assert (incident.first_run, incident.last_run, incident.good_run) == (rows[2], rows[4], rows[5])
    assert incident.began_at == rows[2].created_at
    assert incident.sentence == "Says x."
    assert not incident.is_open


def test_without_a_rule_incidents_are_stored_and_nobody_is_notified(runs: Runs) -> None:
    runs("ggxx")
    assert (Incident.objects.count(), Delivery.objects.count()) == (1, 0)


def test_a_rule_added_later_announces_open_incidents(runs: Runs) -> None:
    runs("ggxx")
    make_rule(channels=[make_channel()])
    runs("x")
    assert reported() == ["opened"]


def test_a_rule_is_for_its_clients_alone(runs: Runs) -> None:
    rule = make_rule(channels=[make_channel()])
    rule.clients.set([make_client("Another")])
    runs("ggxx")
    assert reported() == []


def test_a_disabled_rule_announces_nothing(runs: Runs) -> None:
    make_rule(channels=[make_channel()], is_on=False)
    runs("ggxx")
    assert reported() == []


def test_each_rule_announces_by_its_own_threshold_and_the_slowest_resolves_it(runs: Runs) -> None:
    quick, slow = make_channel("Quick"), make_channel("Slow")
    make_rule("Quick", [quick], needed=1, out_of=1)
    make_rule("Slow", [slow], needed=3, out_of=5)
    runs("gggggx")
    assert (reported(quick), reported(slow)) == (["opened"], [])
    runs("xx")
    assert reported(slow) == ["opened"]
    runs("gg")
    assert (reported(quick), reported(slow)) == (["opened"], ["opened"])
    runs("g")
    assert (reported(quick), reported(slow)) == (["opened", "recovered"], ["opened", "recovered"])


def test_one_channel_in_two_rules_gets_one_message(runs: Runs) -> None:
    channel = make_channel()
    make_rule("One", [channel])
    make_rule("Two", [channel])
    runs("ggxxgg")
    assert reported() == ["opened", "recovered"]


def test_another_cause_is_another_incident_of_the_same_break(runs: Runs) -> None:
    make_rule(channels=[make_channel()])
    rows = runs("ggxxyygg")
    first, second = Incident.objects.order_by("pk")
    assert (first.became, second.came_from, first.is_open, second.is_open) == (second, first, False, False)
    ends = Delivery.objects.get(event="recovered").message
    assert ends["began_at"] == rows[2].created_at.isoformat(timespec="seconds")
    assert len({each["thread"] for each in Delivery.objects.values_list("message", flat=True)}) == 1


def test_the_end_reports_the_duration_and_what_changed(schedule: Schedule) -> None:
    make_rule(channels=[make_channel()])
    start = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    lost: dict[str, object] = {"permissions": {"conversation:cobrowse:add": []}}
    held: dict[str, object] = {"permissions": {"conversation:cobrowse:add": ["Home"]}}
    for place, (letter, environment) in enumerate(
        (("g", held), ("g", held), ("x", lost), ("x", lost), ("g", held), ("g", held))
    ):
        at = start + timedelta(hours=place)
        make_one(schedule, letter, environment=environment, created_at=at, started_at=at, finished_at=at)
    opened, recovered = Delivery.objects.order_by("pk").values_list("message", flat=True)
    assert "2 hours" in recovered["sentences"][0]
    assert any("no longer has conversation:cobrowse:add" in each for each in opened["changes"])
    assert any("now has conversation:cobrowse:add" in each for each in recovered["changes"])


def test_a_flapping_incident_is_announced_once_more_and_then_only_when_it_is_stable(runs: Runs) -> None:
    make_rule(channels=[make_channel()])
    runs("ggxxggxxggxx")
    assert reported() == ["opened", "recovered", "opened", "recovered", "opened"]
    assert any("on and off" in each for each in Delivery.objects.latest("pk").message["sentences"])
    runs("gggxggg")
    assert Delivery.objects.count() == 5
    runs("ggg")
    assert reported()[-1] == "recovered"


def test_looking_twice_changes_nothing(runs: Runs) -> None:
    make_rule(channels=[make_channel()])
    last = runs("ggxx")[-1]
    update_incidents_of(last)
    update_incidents_of(last)
    assert (Incident.objects.count(), reported()) == (1, ["opened"])


def test_runs_of_people_and_parts_of_runs_open_nothing(schedule: Schedule) -> None:
    make_rule(channels=[make_channel()])
    for _ in range(3):
        looked_at(make_run(schedule.client, cause=CAUSES["x"], target=f"health:{schedule.client_id}"))
        make_one(schedule, "x", branch="oauth.token")
    assert not Incident.objects.exists()


def test_a_run_that_is_open_is_not_counted(schedule: Schedule) -> None:
    make_one(schedule, "x")
    looked_at(make_open_run(schedule.client, schedule=schedule, target=f"health:{schedule.client_id}"))
    assert not Incident.objects.exists()


def test_a_schedule_that_asks_for_something_else_now_is_judged_by_that_alone(schedule: Schedule) -> None:
    make_one(schedule, "x")
    make_one(schedule, "x", target=f"start:{schedule.client_id}")
    assert not Incident.objects.exists()


def test_quiet_hours_hold_a_message_until_they_end(runs: Runs) -> None:
    now = timezone.now()
    starts, ends = (now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time()
    make_rule(channels=[make_channel()], quiet_from=time(starts.hour, 0), quiet_until=time(ends.hour, 59, 59))
    runs("ggxx")
    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.HELD
    assert delivery.next_try_at is not None
    assert delivery.next_try_at > now
    assert due_deliveries() == ()
    assert due_deliveries(delivery.next_try_at) == (delivery.pk,)


def test_an_incident_that_ends_during_quiet_hours_is_announced_only_by_its_end(runs: Runs) -> None:
    make_rule(channels=[make_channel(kind="slack", secret="https://192.0.2.1/x")], quiet_days=list(range(6)))
    AlertRule.objects.update(quiet_days=[timezone.now().weekday()])
    runs("ggxxgg")
    Delivery.objects.update(next_try_at=timezone.now())
    opened, recovered = Delivery.objects.order_by("pk")
    deliver(opened.pk)
    deliver(recovered.pk)
    opened.refresh_from_db()
    recovered.refresh_from_db()
    assert opened.state == Delivery.State.DROPPED
    assert recovered.attempts


def test_a_muted_incident_is_silent_until_the_mute_ends(runs: Runs) -> None:
    runs("ggxx")
    snooze(Incident.objects.get().issue, "Known, mended on Monday", timezone.now() + timedelta(hours=1), make_user())
    make_rule(channels=[make_channel()])
    runs("x")
    assert reported() == []
    end_snooze(Incident.objects.get().issue)
    runs("x")
    assert reported() == ["opened"]


def test_the_end_is_announced_despite_a_snooze(runs: Runs) -> None:
    make_rule(channels=[make_channel()])
    runs("ggxx")
    snooze(Incident.objects.get().issue, "Known", timezone.now() + timedelta(hours=1), make_user())
    runs("gg")
    assert reported() == ["opened", "recovered"]


def test_a_reminder_is_sent_when_the_last_message_is_older_than_the_rule_allows(runs: Runs) -> None:
    make_rule(channels=[make_channel()], remind_hours=24)
    runs("ggxx")
    now = timezone.now()
    send_reminders(now + timedelta(hours=23))
    assert reported() == ["opened"]
    send_reminders(now + timedelta(hours=25))
    send_reminders(now + timedelta(hours=25, minutes=1))
    assert reported() == ["opened", "reminder"]
    send_reminders(now + timedelta(hours=50))
    assert reported() == ["opened", "reminder", "reminder"]


@pytest.mark.parametrize("why", ["never", "snoozed", "paused", "off"])
def test_nobody_is_reminded_where_that_is_not_wanted(runs: Runs, schedule: Schedule, why: str) -> None:
    rule = make_rule(channels=[make_channel()], remind_hours=0 if why == "never" else 1)
    runs("ggxx")
    now = timezone.now()
    if why == "snoozed":
        snooze(rule, "Holidays", now + timedelta(days=9), make_user())
    elif why == "paused":
        Schedule.objects.update(paused_at=now, next_run_at=None)
    elif why == "off":
        AlertRule.objects.update(is_on=False)
    send_reminders(now + timedelta(days=3))
    assert reported() == ["opened"]


def test_an_incident_without_active_schedule_is_ended_and_announced(runs: Runs, schedule: Schedule) -> None:
    make_rule(channels=[make_channel()])
    runs("ggxx")
    schedule.delete()
    send_reminders()
    assert not Incident.objects.get().is_open
    assert reported() == ["opened", "ended"]


def test_a_disabled_channel_gets_no_message_and_this_is_logged(runs: Runs) -> None:
    make_rule(channels=[make_channel(state=Channel.State.DISABLED)])
    runs("ggxx")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.next_try_at) == (Delivery.State.DROPPED, None)
    assert delivery.reason == CHANNEL_DISABLED


def test_a_fault_in_looking_costs_no_run(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.monitoring.incidents._update", lambda *args: 1 / 0)
    run = make_one(schedule, "x")
    run.refresh_from_db()
    assert run.status == Run.Status.FINISHED
