"""The end of a month: every row stays, in its partition, while runs are written, and nobody waits for it for long."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from diagnostics import tasks
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs import months as module
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.months import Month, close_month, drop_month, months, runs_without_findings
from tests.builders.months import end_month, month_after
from tests.builders.threads import in_thread, in_threads
from tests.factories import make_client, make_exchange, make_finding, make_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_month")]


def partitions(model: Any, run: Run) -> set[str]:
    """The partitions with rows of the run."""
    with connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {table} WHERE run_id = %s", [run.pk])  # noqa: S608
        return {name.removeprefix(f"{table}_") for (name,) in cursor.fetchall()}


def written_run(**values: Any) -> Run:
    run = make_run(OAuthClient.objects.first() or make_client(), **values)
    make_finding(run)
    make_exchange(run)
    return run


def test_a_month_ends_with_the_first_tick_of_the_next_one_that_has_a_run() -> None:
    [first] = months()
    assert (first.first, first.end) == (0, None)
    later = month_after(first)
    assert not close_month(later), "it has no run"
    before = written_run()
    assert not close_month(), "it isn't over"
    assert close_month(later)
    after = written_run()
    ended, newest = months()
    assert (ended.name, ended.first, ended.end) == (first.name, 0, after.pk)
    assert (newest.name, newest.first, newest.end) == (f"{later:%Y_%m}", after.pk, None)
    for model in (Finding, Exchange):
        assert [partitions(model, run) for run in (before, after)] == [{ended.name}, {newest.name}]


def test_months_are_those_of_the_time_zone() -> None:
    written_run()
    [open_month] = months()
    year, month = map(int, open_month.name.split("_"))
    midnight = datetime(year + month // 12, month % 12 + 1, 1, 0, 30, tzinfo=UTC)
    with timezone.override("America/New_York"):
        assert not close_month(midnight)
    assert close_month(midnight)


def test_the_tick_ends_the_month(monkeypatch: pytest.MonkeyPatch) -> None:
    written_run()
    monkeypatch.setattr(module, "database_now", lambda: month_after(months()[-1]))
    tasks.TICK_PARTS["months"]()
    assert len(months()) == 2


def test_two_ticks_at_once_end_the_month_once() -> None:
    written_run()
    together, later = threading.Barrier(2), month_after(months()[-1])

    def tick(number: int) -> bool:
        together.wait(20)
        return close_month(later)

    assert sorted(in_threads(2, tick)) in ([False, True], [False, False])
    close_month(later)  # if both found the tables in use by the other
    assert len(months()) == 2


def test_no_row_is_lost_or_misplaced_while_the_month_ends() -> None:
    client, writers = written_run().client, 3
    together = threading.Barrier(writers + 1)

    def work(number: int) -> list[Run]:
        together.wait(20)
        if number == writers:
            while not close_month(later):
                pass
            return []
        runs = []
        for _ in range(12):
            with transaction.atomic():
                run = make_run(client)
                make_finding(run)
            with transaction.atomic():
                make_exchange(run)
                Run.objects.filter(pk=run.pk).update(branch="")
            runs.append(run)
        return runs

    later = month_after(months()[-1])
    runs = [run for part in in_threads(writers + 1, work) for run in part]
    ended, newest = months()
    assert Finding.objects.count() == Exchange.objects.count() == 12 * writers + 1
    for run in runs:
        month = ended if run.pk < newest.first else newest
        assert partitions(Finding, run) == partitions(Exchange, run) == {month.name}


@pytest.mark.parametrize("model", [Run, Finding, Exchange])
def test_a_month_doesn_t_end_while_somebody_reads_or_writes(model: Any) -> None:
    run = written_run()
    later = month_after(months()[-1])
    with transaction.atomic():
        assert model.objects.exists()
        assert not in_thread(lambda: close_month(later))
    assert (len(months()), run.findings.count()) == (1, 1)
    assert close_month(later)


def test_a_run_with_an_id_of_its_own_belongs_to_the_month_too() -> None:
    """A program that copied rows left the sequence behind."""
    run = written_run(id=written_run().pk + 500)
    ended = end_month()
    assert ended.end == run.pk + 1
    assert partitions(Finding, run) == {ended.name}


def test_findings_of_a_month_that_was_dropped_can_still_be_written() -> None:
    """A run that was open when its month was dropped, and one that nobody could have expected."""
    running, gone = written_run(status="running"), written_run()
    month = end_month()
    assert drop_month(month, timezone.now()) == {"findings": 1, "requests": 1}
    assert drop_month(month, timezone.now()) == {}, "another worker was faster"
    make_finding(running, "request.body")
    assert partitions(Finding, running) == partitions(Exchange, running) == {"kept"}
    assert [run.pk for run in runs_without_findings()] == [gone.pk]


def test_months_follow_one_another() -> None:
    ended: list[Month] = []
    for _ in range(3):
        written_run()
        ended.append(end_month())
    assert months()[:3] == ended
    assert [month.end for month in ended] == [month.first for month in months()[1:]]
    assert [month.runs().count() for month in months()] == [1, 1, 1, 0]
