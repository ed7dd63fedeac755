"""`manage.py schedule`: list, pause, resume and run."""

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


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("schedule", *arguments, stdout=out)
    return out.getvalue()


def test_it_lists_schedules_by_next_run() -> None:
    assert "No schedules" in run_command("list")
    make_schedule(name="Acme at nine")
    assert "Acme at nine\tAcme support\tEvery 5 minutes\tnext " in run_command("list")
    (row,) = json.loads(run_command("list", "--json"))["schedules"]
    assert (row["name"], row["paused"], row["missed"], row["last_run"]) == ("Acme at nine", False, 0, None)


def test_it_pauses_and_resumes() -> None:
    one = make_schedule(name="One")
    two = make_schedule(make_client("Other"), "Two")
    run_command("pause", "one", "--reason", "night of the move")
    one.refresh_from_db()
    assert one.pause_reason == "night of the move"
    assert AuditEntry.objects.get(action="schedule.paused").by == "cli"
    assert "1 of 2" in run_command("pause", "--all")
    assert "2 of 2" in run_command("resume", "--all")
    two.refresh_from_db()
    assert Schedule.objects.filter(paused_at=None).count() == 2


def test_it_runs_one_now(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[int] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk))
    make_schedule(name="One")
    run_command("run", "One")
    run = Run.objects.get()
    assert (sent_tasks, run.source, run.status) == ([run.pk], "cli", "queued")
    with pytest.raises(CommandError):
        run_command("run", "One")


@pytest.mark.parametrize("words", [("run", "Nobody"), ("pause", "Nobody"), ("pause",), ("resume", "One", "--all")])
def test_an_impossible_action_is_bad_input(words: tuple[str, ...]) -> None:
    make_schedule(name="One")
    with pytest.raises(CommandError) as refused:
        run_command(*words)
    assert refused.value.returncode == 2
