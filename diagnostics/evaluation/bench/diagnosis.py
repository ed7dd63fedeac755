"""One diagnosis as a ratio, with its comparison from the same run."""

import statistics
import time
from dataclasses import dataclass

from diagnostics.demo.orgs import PUBLISHED, load_endpoint
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import serve
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.genesys.regions import Region
from diagnostics.parsing.inputs import Inputs

MOST_OVER_CRITICAL_PATH = 1.25
MOST_CALLS = 25
SCENARIO = "thread-call"


@dataclass(frozen=True)
class Timed:
    """One diagnosis: its wall time, its critical path and how many calls it sent."""

    ms: float
    path_ms: float
    calls: int


def diagnosis(options: BenchOptions) -> list[BenchRow]:
    """The thread's own call against an org whose every answer takes so long, checks at once and one after another."""
    endpoint = load_endpoint(PUBLISHED)
    with serve(endpoint, latency_s=options.latency_ms / 1000) as address:
        at_once = [_time_one(address, 6) for _ in range(options.times)]
        one_by_one = [_time_one(address, 1) for _ in range(max(3, options.times // 5))]
    over = statistics.median(each.ms / each.path_ms for each in at_once)
    calls = max(each.calls for each in at_once)
    together, apart = (statistics.median(each.ms for each in runs) for runs in (at_once, one_by_one))
    path = statistics.median(each.path_ms for each in at_once)
    return [
        BenchRow(
            "duration over critical path, median", round(over, 3), "x", "at most 1.25", over <= MOST_OVER_CRITICAL_PATH
        ),
        BenchRow("calls per run, most", calls, "calls", "at most 25", calls <= MOST_CALLS),
        BenchRow("duration, median", round(together, 1), "ms"),
        BenchRow("critical path, median", round(path, 1), "ms"),
        BenchRow("the same checks one after another, median", round(apart, 1), "ms"),
        BenchRow("one after another over at once", round(apart / together, 2), "x"),
    ]


def _time_one(address: str, at_once: int) -> Timed:
    told = scenario(SCENARIO)
    client = next(each for org in load_endpoint(PUBLISHED).orgs for each in org.clients if each.name == told.client)
    inputs, _ = Inputs.from_paste(told.call, told.answer, scenario("healthy-web").conversation_id)
    one = Diagnosis(
        region=Region("bench", "bench", "", address, address),
        client_id=client.id,
        secret=client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
        at_once=at_once,
    )
    started = time.perf_counter()
    calls = sum(len(step.exchanges) for step in one.steps())
    one.verdict()
    return Timed((time.perf_counter() - started) * 1000, one.critical_path_ms, calls)
