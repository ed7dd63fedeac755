"""Watches: rows that the tick moves on, whatever stops or starts between; at most one of a run is open."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client, retire_client
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run, Watch
from diagnostics.runs.watches import _advance, advance_watches, check_to_watch, start_watch, stop_watch
from diagnostics.web.refusals import ActionRefused
from tests.factories import make_client, make_finding, make_run, make_user, make_verdict

WATCHED = "conversation.connected"


@pytest.fixture
def ada(db: None) -> User:
    return make_user()


def broken_run(check_id: str = WATCHED, **values: Any) -> Run:
    verdict = make_verdict(cause="conv.not_connected", because=["oauth.token", check_id])
    run = make_run(cause="conv.not_connected", verdict=verdict, **values)
    make_finding(run, "oauth.token", "pass", code="issued")
    make_finding(run, check_id, "fail", code="queued")
    return run


def started(ada: User) -> Watch:
    return start_watch(broken_run(), ada)


def at(watch: Watch, seconds: float) -> datetime:
    return watch.created_at + timedelta(seconds=seconds)


def end(pk: int, outcome: str = "fail") -> None:
    """What a worker would do with the run."""
    run = Run.objects.get(pk=pk)
    make_finding(run, WATCHED, outcome, code="queued" if outcome == "fail" else "connected")
    Run.objects.filter(pk=pk).update(status="finished")


def test_it_watches_the_finding_that_proves_the_cause(ada: User) -> None:
    assert started(ada).check_id == WATCHED


def test_it_checks_again_with_a_back_off_and_gives_up_after_ten_minutes(ada: User) -> None:
    watch = started(ada)
    begun = []
    for second in range(0, 700, 5):
        for pk in advance_watches(at(watch, second)):
            begun.append(second)
            end(pk)
    watch.refresh_from_db()
    assert begun == [15, 45, 105, 225, 345, 465, 585]
    assert (watch.state, watch.checked) == ("not_fixed", 7)
    assert watch.ended_at == at(watch, 600)


def test_each_check_is_a_run_of_the_branch_alone(ada: User) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 15))
    run = Run.objects.get(pk=pk)
    assert (run.repeats, run.branch, run.source, run.started_by) == (watch.run, WATCHED, "watch", ada)
    assert "provider.configured" not in run.planned


def test_a_watch_ends_as_fixed_as_soon_as_the_finding_passes(ada: User) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 15))
    end(pk, "pass")
    assert advance_watches(at(watch, 20)) == ()
    watch.refresh_from_db()
    assert (watch.state, watch.latest_id, watch.ended_at) == ("fixed", pk, at(watch, 20))


@pytest.mark.parametrize("outcome", ["fail", "warn", "error", "skip"])
def test_an_inconclusive_check_does_not_resolve_an_issue(ada: User, outcome: str) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 15))
    end(pk, outcome)
    advance_watches(at(watch, 20))
    watch.refresh_from_db()
    assert watch.state == "watching"


def test_a_run_without_findings_resolves_nothing(ada: User) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 15))
    Run.objects.filter(pk=pk).update(status="interrupted")
    advance_watches(at(watch, 20))
    watch.refresh_from_db()
    assert watch.state == "watching"


def test_the_next_check_waits_for_the_one_under_way(ada: User) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 15))
    assert advance_watches(at(watch, 300)) == ()
    end(pk)
    assert len(advance_watches(at(watch, 301))) == 1


def test_a_check_that_ends_after_the_time_still_counts(ada: User) -> None:
    watch = started(ada)
    (pk,) = advance_watches(at(watch, 590))
    advance_watches(at(watch, 620))
    watch.refresh_from_db()
    assert watch.state == "watching"
    end(pk, "pass")
    advance_watches(at(watch, 630))
    watch.refresh_from_db()
    assert watch.state == "fixed"


def test_after_a_long_stop_it_ends_without_another_check(ada: User) -> None:
    watch = started(ada)
    assert advance_watches(at(watch, 3600)) == ()
    watch.refresh_from_db()
    assert watch.state == "not_fixed"


def test_two_ticks_at_once_begin_one_run(ada: User) -> None:
    watch = started(ada)
    stale = Watch.objects.select_related("latest").get(pk=watch.pk)
    assert len(advance_watches(at(watch, 15))) == 1
    assert _advance(stale, at(watch, 15)) is None
    assert Run.objects.filter(source="watch").count() == 1


def test_a_row_that_cannot_be_read_holds_up_no_other(ada: User) -> None:
    bad, good = started(ada), start_watch(broken_run(client=make_client("Other")), ada)
    Run.objects.filter(pk=bad.run_id).update(inputs={"call": {"method": 1}})
    assert len(advance_watches(at(good, 15))) == 1
    assert advance_watches(at(good, 700)) == ()
    bad.refresh_from_db()
    assert bad.state == "not_fixed"


def test_a_stop_is_final(ada: User) -> None:
    watch = started(ada)
    assert stop_watch(watch.run)
    assert not stop_watch(watch.run)
    assert advance_watches(at(watch, 15)) == ()
    watch.refresh_from_db()
    assert watch.state == "stopped"


def test_a_run_has_one_open_watch(ada: User) -> None:
    watch = started(ada)
    assert start_watch(watch.run, ada) == watch
    with pytest.raises(IntegrityError), transaction.atomic():
        Watch.objects.create(run=watch.run, check_id=WATCHED, next_at=timezone.now(), ends_at=timezone.now())
    stop_watch(watch.run)
    assert start_watch(watch.run, ada) != watch


def test_a_client_that_is_retired_meanwhile_ends_it(ada: User) -> None:
    watch = started(ada)
    retire_client(watch.run.client)
    assert advance_watches(at(watch, 15)) == ()
    watch.refresh_from_db()
    assert (watch.state, Run.objects.count()) == ("stopped", 1)
    assert "retired" in watch.reason


def none_wrong() -> Run:
    return make_run(cause="none", verdict=make_verdict(cause="none", because=["oauth.token"]))


def of_a_retired_client() -> Run:
    return broken_run(client=make_client(retired_at=timezone.now()))


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(none_wrong, id="none wrong"),
        pytest.param(of_a_retired_client, id="retired client"),
        # what was pasted does not change by waiting
        pytest.param(lambda: broken_run("request.path"), id="the call"),
        pytest.param(lambda: broken_run("answer.meaning"), id="the answer"),
        pytest.param(lambda: broken_run("gone.from_the_registry"), id="check is gone"),
        pytest.param(lambda: broken_run(status="interrupted"), id="interrupted"),
        pytest.param(lambda: make_run(verdict={}), id="no verdict"),
    ],
)
def test_where_waiting_cannot_help_nothing_is_watched(ada: User, made: Callable[[], Run]) -> None:
    run = made()
    assert check_to_watch(run) == ""
    with pytest.raises(ActionRefused):
        start_watch(run, ada)


def test_the_tick_rings_for_the_runs_it_begins(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[tuple[object, int]] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append((task, pk)))
    watch = started(ada)
    Watch.objects.filter(pk=watch.pk).update(next_at=timezone.now())
    tasks.tick()
    runs = [pk for task, pk in sent_tasks if task is tasks.execute_run]
    assert runs == [Run.objects.get(source="watch").pk]


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


def test_a_permission_given_meanwhile_is_seen(demo: server.Running, transactional_db: None) -> None:
    """The whole way: a client without the permission, a grant in the org, a new token, mended."""
    reported = scenario("client-no-role")
    org = next(each for each in demo.orgs["published"].orgs if any(c.name == reported.client for c in each.clients))
    known = next(each for each in org.clients if each.name == reported.client)
    full = next(each for each in org.clients if each.name == "Demo: published API")
    client = create_client(
        name=known.name, region_key="demo-published", client_id=known.id, secret=known.secret, user=None
    )
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    run.refresh_from_db()
    watch = start_watch(run, make_user())
    org.update_client(known.id, grants=full.grants)
    (pk,) = advance_watches(at(watch, 15))
    execute_run(pk)
    advance_watches(at(watch, 20))
    watch.refresh_from_db()
    assert (watch.check_id, watch.state) == ("permissions.call", "fixed")
