"""Prometheus metrics. All values come from the database and the broker, so every web process reports the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from diagnostics import product
from diagnostics.jobs.models import RowFailure
from diagnostics.operations.models import TickPart
from diagnostics.operations.queries.broker import Broker
from diagnostics.operations.queries.system import Worker
from diagnostics.operations.queries.workload import Workload

PREFIX = "cobrowse_doctor"


class _Metric(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


@dataclass(frozen=True)
class Scheduler:
    """`at` is the time of the last tick. `failures` maps a kind to its rows set aside and its rows still retried.

    `skews` are the seconds that the clock of each process is ahead of the database's.
    """

    at: datetime | None = None
    parts: Sequence[TickPart] = ()
    failures: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    skews: Mapping[str, float] = field(default_factory=dict)


def render_metrics(
    work: Workload,
    broker: Broker,
    workers: list[Worker],
    scheduler: Scheduler,
    now: datetime,
) -> bytes:
    registry = CollectorRegistry()
    families = [
        *_system_metrics(broker, workers, scheduler.at, now),
        *_scheduler_metrics(scheduler, now),
        *_workload_metrics(work, now),
        _gauges(
            "clock_skew_seconds",
            "How far a process's clock is ahead of the database's.",
            ("process",),
            {(name,): seconds for name, seconds in scheduler.skews.items()},
        ),
    ]
    registry.register(_Metric(families))
    return generate_latest(registry)


def _system_metrics(broker: Broker, workers: list[Worker], tick: datetime | None, now: datetime) -> list[Metric]:
    age = (now - tick).total_seconds() if tick else float("inf")
    return [
        _gauges("info", "The running version.", ("version",), {(product.version(),): 1}),
        _gauge("tick_age_seconds", "Since the last tick of the scheduler; +Inf if it never ran.", age),
        _gauge("broker_up", "1 if the broker responds.", broker.answers),
        _gauges("queue_messages", "Messages waiting in a queue of the broker.", ("queue",), _by_label(broker.queues)),
        _gauges(
            "worker_last_heard_seconds",
            "Since the last heartbeat of a worker.",
            ("worker",),
            {(worker.name,): (now - worker.at).total_seconds() for worker in workers},
        ),
        _gauges(
            "worker_busy",
            "Tasks that a worker is running.",
            ("worker",),
            {(worker.name,): int(worker.details.get("busy", 0)) for worker in workers},
        ),
    ]


def _scheduler_metrics(scheduler: Scheduler, now: datetime) -> list[Metric]:
    total = CounterMetricFamily(f"{PREFIX}_tick_part_failures", "Failures of a part of the tick.", labels=("part",))
    for part in scheduler.parts:
        total.add_metric((part.name,), part.failures_total)
    return [
        total,
        _gauges(
            "tick_part_failures_in_a_row",
            "Failures in a row of a part of the tick; from 3 on the installation isn't ready.",
            ("part",),
            {(part.name,): part.failures for part in scheduler.parts},
        ),
        _gauges(
            "tick_part_last_success_age_seconds",
            "Since the last success of a part of the tick; +Inf if it never succeeded.",
            ("part",),
            {(part.name,): _age(part.succeeded_at, now) for part in scheduler.parts},
        ),
        _gauges(
            "rows_set_aside",
            "Rows that jobs skip until they are retried on the system page.",
            ("kind",),
            {(kind,): scheduler.failures.get(kind, (0, 0))[0] for kind in RowFailure.Kind.values},
        ),
        _gauges(
            "rows_failing",
            "Rows that failed once or twice in a row and are retried.",
            ("kind",),
            {(kind,): scheduler.failures.get(kind, (0, 0))[1] for kind in RowFailure.Kind.values},
        ),
    ]


def _age(at: datetime | None, now: datetime) -> float:
    return (now - at).total_seconds() if at else float("inf")


def _workload_metrics(work: Workload, now: datetime) -> list[Metric]:
    waited = (now - work.oldest_queued).total_seconds() if work.oldest_queued else 0
    ended = work.ended.items()
    return [
        _gauges("runs_open", "Runs in progress or queued.", ("status",), _by_label(work.open_runs)),
        _gauge("runs_oldest_queued_seconds", "How long the oldest queued run has been waiting.", waited),
        _gauges(
            "runs_last_hour",
            "Runs started in the last hour that have ended.",
            ("cause",),
            {(cause,): number for cause, (number, _) in ended},
        ),
        _gauges(
            "run_seconds_last_hour",
            "Total duration of those runs.",
            ("cause",),
            {(cause,): seconds for cause, (_, seconds) in ended},
        ),
        _gauge("schedules", "Schedules.", work.schedules),
        _gauge("schedules_paused", "Schedules that are paused.", work.paused),
        _gauge("schedules_overdue", "Schedules that are minutes late.", work.overdue),
        _gauge("schedules_missed", "Missed runs of all current schedules.", work.missed),
        _gauge("incidents_open", "Open incidents.", work.incidents),
        _gauge("deliveries_waiting", "Alerts waiting.", work.deliveries["waiting"]),
        _gauge("deliveries_given_up_last_hour", "Alerts that failed in the last hour.", work.deliveries["given_up"]),
        _gauges("clients", "Clients by status.", ("status",), _by_label(work.client_statuses)),
        _created(work.created),
    ]


def _created(created: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_rows_made", "Rows created since the installation.", labels=("kind",))
    for kind, number in created.items():
        family.add_metric((kind,), number)
    return family


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", description, value=value)


def _gauges(name: str, description: str, labels: tuple[str, ...], values: dict[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", description, labels=labels)
    for labelled, value in values.items():
        family.add_metric(labelled, value)
    return family


def _by_label(values: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(key,): value for key, value in values.items()}
