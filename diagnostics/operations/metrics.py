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


def render_metrics(work: Workload, broker: Broker, workers: list[Worker], scheduler: Scheduler, now: datetime) -> bytes:
    registry = CollectorRegistry()
    skew = "How far a process's clock is ahead of the database's."
    families = [
        *_system_metrics(broker, workers, scheduler.at, now),
        *_scheduler_metrics(scheduler, now),
        *_workload_metrics(work, now),
        _gauges("clock_skew_seconds", skew, "process", scheduler.skews),
    ]
    registry.register(_Metric(families))
    return generate_latest(registry)


def _system_metrics(broker: Broker, workers: list[Worker], tick: datetime | None, now: datetime) -> list[Metric]:
    silent = {worker.name: _age(worker.at, now) for worker in workers}
    busy = {worker.name: int(worker.details.get("busy", 0)) for worker in workers}
    return [
        _gauges("info", "The running version.", "version", {product.version(): 1}),
        _gauge("tick_age_seconds", "Since the last tick of the scheduler; +Inf if it never ran.", _age(tick, now)),
        _gauge("broker_up", "1 if the broker responds.", broker.answers),
        _gauges("queue_messages", "Messages waiting in a queue of the broker.", "queue", broker.queues),
        _gauges("worker_last_heard_seconds", "Since the last heartbeat of a worker.", "worker", silent),
        _gauges("worker_busy", "Tasks that a worker is running.", "worker", busy),
    ]


def _scheduler_metrics(scheduler: Scheduler, now: datetime) -> list[Metric]:
    parts, counts = scheduler.parts, {kind: scheduler.failures.get(kind, (0, 0)) for kind in RowFailure.Kind.values}
    total = {part.name: part.failures_total for part in parts}
    in_a_row = {part.name: part.failures for part in parts}
    ages = {part.name: _age(part.succeeded_at, now) for part in parts}
    row_text = "Failures in a row of a part of the tick; from 3 on the installation isn't ready."
    age_text = "Since the last success of a part of the tick; +Inf if it never succeeded."
    set_aside = {kind: aside for kind, (aside, _) in counts.items()}
    retried = {kind: trying for kind, (_, trying) in counts.items()}
    return [
        _counters("tick_part_failures", "Failures of a part of the tick.", "part", total),
        _gauges("tick_part_failures_in_a_row", row_text, "part", in_a_row),
        _gauges("tick_part_last_success_age_seconds", age_text, "part", ages),
        _gauges("rows_set_aside", "Rows that jobs skip until they are retried on the system page.", "kind", set_aside),
        _gauges("rows_failing", "Rows that failed once or twice in a row and are retried.", "kind", retried),
    ]


def _age(at: datetime | None, now: datetime) -> float:
    return (now - at).total_seconds() if at else float("inf")


def _workload_metrics(work: Workload, now: datetime) -> list[Metric]:
    waited = _age(work.oldest_queued, now) if work.oldest_queued else 0
    runs = {cause: number for cause, (number, _) in work.ended.items()}
    seconds = {cause: spent for cause, (_, spent) in work.ended.items()}
    return [
        _gauges("runs_open", "Runs in progress or queued.", "status", work.open_runs),
        _gauge("runs_oldest_queued_seconds", "How long the oldest queued run has been waiting.", waited),
        _gauges("runs_last_hour", "Runs started in the last hour that have ended.", "cause", runs),
        _gauges("run_seconds_last_hour", "Total duration of those runs.", "cause", seconds),
        _gauge("schedules", "Schedules.", work.schedules),
        _gauge("schedules_paused", "Schedules that are paused.", work.paused),
        _gauge("schedules_overdue", "Schedules that are minutes late.", work.overdue),
        _gauge("schedules_missed", "Missed runs of all current schedules.", work.missed),
        _gauge("incidents_open", "Open incidents.", work.incidents),
        _gauge("deliveries_waiting", "Alerts waiting.", work.deliveries["waiting"]),
        _gauge("deliveries_given_up_last_hour", "Alerts that failed in the last hour.", work.deliveries["given_up"]),
        _gauges("clients", "Clients by status.", "status", work.client_statuses),
        _counters("rows_made", "Rows created since the installation.", "kind", work.created),
    ]


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", description, value=value)


def _gauges(name: str, description: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", description, labels=(label,))
    for labelled, value in values.items():
        family.add_metric((labelled,), value)
    return family


def _counters(name: str, description: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", description, labels=(label,))
    for labelled, value in values.items():
        family.add_metric((labelled,), value)
    return family
