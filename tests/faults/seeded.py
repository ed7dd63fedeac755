"""Drives runs, schedules and alerts through faults that a seed decides, on the real services and a real Postgres.

Only the edges are replaced: the broker is a list of messages, the org and the receiver of alerts answer at once, and checks
run one after another, so that a seed always does the same. The database's clock can be moved: `seed_clock.shift` is added
to it. A trigger notes whatever must never happen to a run.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection, connections, transaction
from django.utils import timezone

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.checks.base import CheckContext, Result, failed, find_check, passed
from diagnostics.engine import runner
from diagnostics.engine.verdict import judge
from diagnostics.genesys import client as genesys_client
from diagnostics.issues.models import Incident
from diagnostics.jobs.models import RowFailure
from diagnostics.monitoring import deliveries
from diagnostics.monitoring.channels.responses import Reply
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.monitoring.schedules import pause_schedules
from diagnostics.operations.set_aside import run_next_safely
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import create, execute, store_steps, turns
from diagnostics.runs.create import create_run
from diagnostics.runs.live_start import OFFER_LIFETIME, start_live
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.web.refusals import ActionRefused
from tests.factories import make_channel, make_client, make_rule, make_schedule, make_user

ACTIONS = 6
DRAIN_ROUNDS = 12
WATCHDOG = """
CREATE TABLE seed_clock (shift interval NOT NULL);
INSERT INTO seed_clock VALUES ('0');
CREATE TABLE seed_violation (run_id bigint, what text);
CREATE TABLE seed_end (run_id bigint);
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS
    'BEGIN RETURN pg_catalog.clock_timestamp() + (SELECT shift FROM public.seed_clock); END';
CREATE FUNCTION seed_watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'running' AND NEW.worker <> OLD.worker AND OLD.lease_until >= public.clock_timestamp()
            AND NEW.status IN ('queued', 'running') AND current_setting('seed.released', true) IS DISTINCT FROM 'yes' THEN
        INSERT INTO seed_violation VALUES (OLD.id, 'taken from a living worker');
    END IF;
    IF OLD.status IN ('finished', 'interrupted') AND NEW.status <> OLD.status THEN
        INSERT INTO seed_violation VALUES (OLD.id, 'changed after its end');
    END IF;
    IF OLD.status IN ('queued', 'running') AND NEW.status IN ('finished', 'interrupted') THEN
        INSERT INTO seed_end VALUES (OLD.id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER seed_watch BEFORE UPDATE ON diagnostics_run FOR EACH ROW EXECUTE FUNCTION seed_watch();
"""
OPEN_ROWS = """
SELECT EXISTS (SELECT FROM diagnostics_run WHERE client_id = %(client)s AND status IN ('queued', 'running'))
    OR EXISTS (SELECT FROM diagnostics_delivery WHERE client_id = %(client)s AND state IN ('queued', 'sending', 'held'))
"""
UNDO = """
DROP TRIGGER seed_watch ON diagnostics_run;
DROP FUNCTION seed_watch(); DROP FUNCTION public.clock_timestamp();
DROP TABLE seed_clock, seed_violation, seed_end;
"""


class ProcessKilled(BaseException):
    """Stands for kill -9: nothing handles it."""


class Violation(BaseException):
    """A rule was broken by a seed. The product handles exceptions, so it is none."""


# ---------------------------------------------------------------------- the edges


def _read_token(ctx: CheckContext) -> Iterator[Result]:
    assert ctx.genesys.token().value
    yield passed("issued", "The token is valid.")


def _read_identity(ctx: CheckContext) -> Iterator[Result]:
    yield passed("same", "It is the org.", evidence={"status": ctx.genesys.get("/api/v2/tokens/me").status})


def _read_deployments(ctx: CheckContext) -> Iterator[Result]:
    is_on = ctx.genesys.get("/api/v2/webdeployments/deployments").data["on"]
    yield passed("on", "Cobrowse is on.") if is_on else failed("off", "Cobrowse is off.")


CHECKS = (
    replace(find_check("deployments.cobrowse"), run=_read_deployments),
    replace(find_check("oauth.identity"), run=_read_identity),
    replace(find_check("oauth.token"), run=_read_token),
    find_check("session.start"),
)


class InlineExecutor:
    """Runs each call at once, in the same thread."""

    def __init__(self, *arguments: object, **named: object) -> None:
        pass

    def submit(self, call: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(call(*arguments))
        return done

    def shutdown(self, **named: object) -> None:
        pass


@dataclass
class Org:
    """Answers requests, and counts the starts of each conversation."""

    is_on: bool = True
    starts: Counter[str] = field(default_factory=Counter)

    def session(self, *arguments: object) -> Any:
        return SimpleNamespace(fetch=self.fetch)

    @contextmanager
    def fetch(self, method: str, url: str, **named: object) -> Iterator[Any]:
        body = '{"access_token": "abc-token", "expires_in": 86400}' if url.endswith("/oauth/token") else ""
        if method == "POST" and url.endswith("/cobrowse"):
            self.starts[url] += 1
        body = body or f'{{"on": {str(self.is_on).lower()}}}'
        limits = {"inin-ratelimit-allowed": "9000", "inin-ratelimit-count": "1", "inin-ratelimit-reset": "30"}
        yield SimpleNamespace(status_code=200, headers=limits, iter_content=lambda size: [body.encode()])


# ---------------------------------------------------------------------- faults


@dataclass
class Fault:
    """What happens at the statement `at` of one piece of work."""

    kind: str
    at: int
    meanwhile: Callable[[], None]
    count: int = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.count += 1
        if self.count == self.at:
            if self.kind == "killed":
                raise ProcessKilled
            if self.kind == "killed after":
                execute(sql, params, many, context)
                raise ProcessKilled
            if self.kind == "backend lost":
                context["connection"].connection.close()
            elif self.kind == "frozen" and connection.in_atomic_block:
                self.at += 1  # other processes would wait for our locks
            elif self.kind == "frozen":
                self.meanwhile()
        return execute(sql, params, many, context)


@contextmanager
def without_faults() -> Iterator[None]:
    wrappers, connection.execute_wrappers = connection.execute_wrappers, []
    try:
        yield
    finally:
        connection.execute_wrappers = wrappers


KINDS = ("none", "none", "none", "killed", "killed", "killed after", "backend lost", "frozen", "frozen")


class World:
    """One seed: a client with a schedule, its messages, and what a person and the machines do."""

    def __init__(self, seed: int, shared: "Shared") -> None:
        self.seed, self.shared, self.random = seed, shared, random.Random(seed)
        self.org = shared.org
        self.org.is_on = True
        self.messages: list[tuple[str, int]] = []
        self.steps: list[str] = []
        self.skew = timedelta()
        self.client = make_client(f"Seed {seed}")
        self.schedule = make_schedule(self.client, name=f"Seed {seed}", next_run_at=self.now(), due_at=self.now())
        self.health = Inputs()

    def now(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (now,) = cursor.fetchone()
        return now  # type: ignore[no-any-return]

    # -- what happens

    def act(self) -> None:
        act = self.random.choice(
            [self.work, self.work, self.work, self.work, self.start, self.sweep, self.due, self.due, self.alert,
             self.jump, self.flip, self.start_session]
        )  # fmt: skip
        kind, at = self.random.choice(KINDS), self.random.randint(1, 30)
        self.steps.append(f"{act.__name__} ({kind} at {at})")
        self.with_fault(Fault(kind, at, self.others), act)

    def with_fault(self, fault: Fault, act: Callable[[], None]) -> None:
        try:
            with connection.execute_wrapper(fault):
                act()
        except ProcessKilled:
            connection.close()
        except Error:  # the worker logs it; its message comes again, or the tick finds the row
            connection.close()
        if fault.kind == "backend lost":  # as Celery does after a task
            connection.close()

    def others(self) -> None:
        """What other processes do while one is frozen."""
        self.shared.helper.submit(self._others).result()

    def _others(self) -> None:
        try:
            self.shared.move_clock(timedelta(seconds=self.random.choice((0, 14, 14, 90))))
            self.sweep()
            for _ in range(self.random.randint(1, 2)):
                self.work()
        except Error:
            connection.close()

    def start(self) -> None:
        inputs = Inputs(conversation_id=str(UUID(int=self.random.getrandbits(128), version=4)))
        run = create_run(client=self.client, kind="diagnosis", inputs=inputs, user=None, source="web")
        self.send("execute_run", run.pk)

    def start_session(self) -> None:
        run = Run.objects.filter(client=self.client, status="finished", cause="none", kind="diagnosis").first()
        if run is not None:
            try:
                with transaction.atomic():
                    started = start_live(run, self.shared.person, run.conversation_id)
            except ActionRefused:
                return
            self.send("execute_run", started.pk)

    def send(self, name: str, pk: int) -> None:
        """Messages get lost, and are delivered twice."""
        self.messages += [(name, pk)] * self.random.choice((0, 1, 1, 1, 2))

    def work(self) -> None:
        if not self.messages:
            return
        name, pk = self.messages.pop(self.random.randrange(len(self.messages)))
        if name == "deliver":
            deliveries.deliver(pk)
        else:
            run_next_safely(turns.SCHEDULED if name == "execute_scheduled_run" else turns.PEOPLE)

    def sweep(self) -> None:
        self.random.choice((tasks.send_swept_runs, tasks.send_abandoned_runs))()

    def due(self) -> None:
        tasks.send_due_schedules()
        tasks.send_paced_runs()

    def alert(self) -> None:
        tasks.send_deliveries()

    def jump(self) -> None:
        """The database's clock moves on or back, and the clock of this machine to anywhere."""
        self.shared.move_clock(timedelta(seconds=self.random.choice((-30, 1, 5, 13, 25, 61, 310))))
        self.skew = timedelta(seconds=self.random.choice((-3600, -15, -3, 0, 3, 15, 3600)))

    def flip(self) -> None:
        self.org.is_on = not self.org.is_on

    # -- the end

    def drain(self) -> None:
        """Without further faults, everything has to come to its end."""
        pause_schedules([self.schedule.pk], None)
        for _ in range(DRAIN_ROUNDS):
            tasks.send_swept_runs()
            tasks.send_paced_runs()
            self.messages += [("execute_run", 0), ("execute_scheduled_run", 0)]
            self.work_all()
            tasks.send_deliveries()
            self.work_all()
            if not self.has_open_rows():
                return
            self.shared.move_clock(timedelta(seconds=65))

    def work_all(self) -> None:
        while self.messages:
            self.work()

    def has_open_rows(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(OPEN_ROWS, {"client": self.client.pk})
            return bool(cursor.fetchone()[0])

    def check(self) -> None:
        self.expect(not self.has_open_rows(), "something never ended")
        found = list(Run.objects.filter(client=self.client))
        with connection.cursor() as cursor:
            cursor.execute("SELECT run_id, what FROM seed_violation")
            self.expect(not (rows := cursor.fetchall()), f"a run was {rows}")
            cursor.execute("SELECT run_id FROM seed_end WHERE run_id = ANY(%s)", [[run.pk for run in found]])
            ends = Counter(pk for (pk,) in cursor.fetchall())
        self.expect(ends == Counter(run.pk for run in found), "a run ended not exactly once")
        findings, reads = defaultdict(list), defaultdict(list)
        for finding in Finding.objects.filter(run__in=found):
            findings[finding.run_id].append(finding)
        for pk, url in Exchange.objects.filter(run__in=found, method="GET").values_list("run", "url"):
            reads[pk].append(url)
        for run in found:
            self.check_run(run, findings[run.pk], reads[run.pk])
        self.check_starts(found)
        incidents = Incident.objects.filter(client=self.client)
        self.expect([each.closed_at for each in incidents].count(None) <= 1, "two incidents are open")
        deliveries_made = list(Delivery.objects.filter(client=self.client))
        sent = Counter((each.incident_id, each.channel_id, each.event) for each in deliveries_made if each.incident_id)
        self.expect(max(sent.values(), default=0) <= 1, "a cause was announced twice")
        sent_ends = Counter(
            each.run_id
            for each in deliveries_made
            if each.event == Delivery.Event.RUN_ENDED and each.state == Delivery.State.SENT
        )
        self.expect(sent_ends == ends, "the end of a run wasn't sent exactly once")
        self.expect(not (failures := list(RowFailure.objects.values())), f"a row failed: {failures}")

    def check_starts(self, runs: list[Run]) -> None:
        """A person may offer a session again once the first offer has expired. Each run offers one."""
        times: dict[str, list[datetime]] = defaultdict(list)
        for run in runs:
            if run.start_claimed_at is not None:
                times[run.conversation_id].append(run.start_claimed_at)
        for conversation, at in times.items():
            sent = sum(count for url, count in self.org.starts.items() if conversation in url)
            self.expect(sent <= len(at), "a run started a session twice")
            apart = [later - earlier for earlier, later in pairwise(sorted(at))]
            self.expect(all(each >= OFFER_LIFETIME for each in apart), "two offers were open at once")

    def check_run(self, run: Run, findings: list[Finding], reads: list[str]) -> None:
        known = Counter((each.check_id, each.subject) for each in findings)
        self.expect(max(known.values(), default=0) <= 1, "a finding was stored twice")
        self.expect(max(Counter(reads).values(), default=0) <= 1, "a stored request was repeated")
        self.expect(all(each.code != "crashed" for each in findings), "a check crashed")
        if run.status == Run.Status.FINISHED:
            self.expect(
                {each.check_id for each in findings} == set(run.planned), "a finished run has no finding of a check"
            )
            self.expect(judge(findings, part=run.is_part).cause == run.cause, "the verdict isn't that of the findings")

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise Violation(f"seed {self.seed}: {what}\n" + "\n".join(self.steps))


@dataclass
class Shared:
    """What all seeds of a test share."""

    helper: ThreadPoolExecutor
    person: User
    org: Org = field(default_factory=Org)
    world: World | None = None

    def move_clock(self, by: timedelta) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE seed_clock SET shift = shift + %s * interval '1 second'", [by.total_seconds()])

    def send(self, task: Any, pk: int) -> None:
        if self.world is not None:
            self.world.send(task.__name__, pk)

    def run_seed(self, seed: int) -> None:
        self.world = world = World(seed, self)
        world.start()
        for _ in range(ACTIONS):
            world.act()
        world.skew = timedelta()
        world.drain()
        world.check()

    def store(self, original: Callable[..., None]) -> Callable[..., None]:
        """After results are stored, the run must belong to the worker that stored them."""

        def checked(run_id: int, worker: str, *arguments: Any) -> None:
            original(run_id, worker, *arguments)
            with without_faults():  # nobody else may come between
                holder = Run.objects.values_list("worker", flat=True).get(pk=run_id)
            if holder != worker and self.world is not None:
                self.world.expect(False, "a worker stored results of a run that another one has")

        return checked


@contextmanager
def seeded_faults() -> Iterator[Shared]:
    real_now = timezone.now
    with ThreadPoolExecutor(1) as helper, pytest.MonkeyPatch.context() as patch:
        with connection.cursor() as cursor:
            cursor.execute(WATCHDOG)
            cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET search_path = public, pg_catalog')
        connection.close()
        shared = Shared(helper, make_user("seeds"))
        make_rule(channels=[make_channel(events=list(Channel.Subscription))])
        patch.setattr(timezone, "now", lambda: real_now() + (shared.world.skew if shared.world else timedelta()))
        patch.setattr(tasks, "send", shared.send)
        patch.setattr(deliveries, "send", lambda *arguments: Reply(status=200))
        patch.setattr(genesys_client, "SESSIONS", shared.org)
        patch.setattr(genesys_client, "make_session", shared.org.session)
        patch.setattr(runner, "ThreadPoolExecutor", InlineExecutor)
        patch.setattr(runner, "wait", lambda futures, timeout, **named: _wait(shared, futures, timeout))
        patch.setattr(execute, "all_checks", lambda: CHECKS)
        patch.setattr(create, "planned_checks", lambda given: tuple(c for c in CHECKS if given.issuperset(c.needs)))
        patch.setattr(store_steps, "_store", shared.store(store_steps._store))
        patch.setattr("diagnostics.runs.store_steps.time.sleep", lambda seconds: None)
        try:
            yield shared
        finally:
            helper.submit(connections.close_all).result()  # those of its own thread
            with connection.cursor() as cursor:
                cursor.execute(UNDO)
                cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" RESET search_path')
            connection.close()


def _wait(shared: Shared, futures: Any, timeout: float | None) -> Any:
    """Ends a batch of results after any check, as a slow org would."""
    ends_batch = timeout is not None and shared.world is not None and shared.world.random.random() < 0.5
    return SimpleNamespace(done=set() if ends_batch else set(futures))
