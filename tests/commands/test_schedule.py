"""The command `schedule`: lists, pauses, lets go on, runs now."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from diagnostics import tasks
from diagnostics.accounts.models import AuditEntry
from diagnostics.monitoring.models import Schedule
from diagnostics.runs.models import Run
from tests.factories import make_client, make_schedule

pytestmark = pytest.mark.django_db(transaction=True)


def told(*words: str) -> str:
    out = StringIO()
    call_command("schedule", *words, stdout=out)
    return out.getvalue()


def test_it_lists_what_comes_next() -> None:
    assert "no schedule" in told("list")
    make_schedule(name="Acme at nine")
    assert "Acme at nine\tAcme support\tEvery 5 minutes\tnext " in told("list")
    (row,) = json.loads(told("list", "--json"))["schedules"]
    assert (row["name"], row["paused"], row["missed"], row["last_run"]) == ("Acme at nine", False, 0, None)


def test_it_pauses_and_lets_go_on() -> None:
    one = make_schedule(name="One")
    two = make_schedule(make_client("Other"), "Two")
    told("pause", "one", "--reason", "night of the move")
    one.refresh_from_db()
    assert one.pause_reason == "night of the move"
    assert AuditEntry.objects.get(action="schedule.paused").by == "cli"
    assert "1 of 2" in told("pause", "--all")
    assert "2 of 2" in told("resume", "--all")
    two.refresh_from_db()
    assert Schedule.objects.filter(paused_at=None).count() == 2


def test_it_runs_one_now(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[int] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk))
    make_schedule(name="One")
    told("run", "One")
    run = Run.objects.get()
    assert (sent_tasks, run.source, run.status) == ([run.pk], "cli", "queued")
    with pytest.raises(CommandError):
        told("run", "One")


@pytest.mark.parametrize("words", [("run", "Nobody"), ("pause", "Nobody"), ("pause",), ("resume", "One", "--all")])
def test_what_cannot_be_done_is_bad_input(words: tuple[str, ...]) -> None:
    make_schedule(name="One")
    with pytest.raises(CommandError) as refused:
        told(*words)
    assert refused.value.returncode == 2
