"""Duration of a diagnosis relative to its critical path, and to the same checks run one after another."""

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
    """The wall time, the critical path and the number of requests of one diagnosis."""

    ms: float
    path_ms: float
    calls: int


def diagnosis(options: BenchOptions) -> list[BenchRow]:
    """Diagnoses one call against an org that delays each response, with checks in parallel and one after another."""
    endpoint = load_endpoint(PUBLISHED)
    with serve(endpoint, latency_s=options.latency_ms / 1000) as address:
        at_once = [_time_one(address, 6) for _ in range(options.times)]
        one_by_one = [_time_one(address, 1) for _ in range(max(3, options.times // 5))]
    ratio = statistics.median(timed.ms / timed.path_ms for timed in at_once)
    calls = max(timed.calls for timed in at_once)
    parallel_ms, sequential_ms = (statistics.median(run.ms for run in runs) for runs in (at_once, one_by_one))
    path_ms = statistics.median(timed.path_ms for timed in at_once)
    return [
        BenchRow(
            "duration over critical path, median",
            round(ratio, 3),
            "x",
            "at most 1.25",
            ratio <= MOST_OVER_CRITICAL_PATH,
        ),
        BenchRow("calls per run, most", calls, "calls", "at most 25", calls <= MOST_CALLS),
        BenchRow("duration, median", round(parallel_ms, 1), "ms"),
        BenchRow("critical path, median", round(path_ms, 1), "ms"),
        BenchRow("the same checks one after another, median", round(sequential_ms, 1), "ms"),
        BenchRow("one after another over at once", round(sequential_ms / parallel_ms, 2), "x"),
    ]


def _time_one(address: str, at_once: int) -> Timed:
    demo = scenario(SCENARIO)
    client = next(
        candidate for org in load_endpoint(PUBLISHED).orgs for candidate in org.clients if candidate.name == demo.client
    )
    inputs, _ = Inputs.from_paste(demo.call, demo.answer, scenario("healthy-web").conversation_id)
    run = Diagnosis(
        region=Region("bench", "bench", "", address, address),
        client_id=client.id,
        secret=client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
        at_once=at_once,
    )
    started = time.perf_counter()
    calls = sum(len(step.exchanges) for step in run.steps())
    run.verdict()
    return Timed((time.perf_counter() - started) * 1000, run.critical_path_ms, calls)
