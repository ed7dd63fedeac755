"""Duration of a diagnosis relative to its limit: the token request, and then one round trip for all reads at once."""

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

MOST_COLD, MOST_WARM = 3.4, 2.4  # round trips, with a new token and with a saved one
MOST_CALLS = 14
SCENARIOS = ("healthy-web", "thread-call")


@dataclass(frozen=True)
class Timed:
    """One diagnosis: its wall time, the time on the org's clock, its CPU time, its requests and the token it got."""

    ms: float
    org_ms: float
    cpu_ms: float
    calls: int
    token: str


def diagnosis(options: BenchOptions) -> list[BenchRow]:
    """Diagnoses a healthy call and a wrong one against an org that delays each response.

    The org's clock runs from the first request to the last response. CPU time includes the org, which is served by this
    process.
    """
    rows: list[BenchRow] = []
    endpoint = load_endpoint(PUBLISHED)
    with serve(endpoint, latency_s=options.latency_ms / 1000) as address:
        token = _time_one(SCENARIOS[0], address).token
        for name in SCENARIOS:
            cold = [_time_one(name, address) for _ in range(options.times)]
            warm = [_time_one(name, address, token=token) for _ in range(options.times)]
            rows += _rows(name, "new token", cold, options.latency_ms, MOST_COLD, limit=2)
            rows += _rows(name, "saved token", warm, options.latency_ms, MOST_WARM, limit=1)
        one_by_one = [_time_one(SCENARIOS[1], address, at_once=1) for _ in range(max(3, options.times // 5))]
    sequential_ms = statistics.median(timed.ms for timed in one_by_one)
    return [*rows, BenchRow(f"{SCENARIOS[1]}, one request after another: duration", round(sequential_ms, 1), "ms")]


def _rows(name: str, token: str, timed: list[Timed], latency_ms: float, most: float, limit: int) -> list[BenchRow]:
    trips = statistics.median(each.org_ms for each in timed) / latency_ms
    calls = max(each.calls for each in timed)
    title = f"{name}, {token}"
    return [
        BenchRow(
            f"{title}: on the org's clock, limit {limit}", round(trips, 2), "trips", f"at most {most}", trips <= most
        ),
        BenchRow(f"{title}: duration", round(statistics.median(each.ms for each in timed), 1), "ms"),
        BenchRow(f"{title}: calls", calls, "", f"at most {MOST_CALLS}", calls <= MOST_CALLS),
        BenchRow(f"{title}: CPU", round(statistics.median(each.cpu_ms for each in timed), 1), "ms"),
    ]


def _time_one(name: str, address: str, *, at_once: int = 6, token: str = "") -> Timed:
    demo, clients = scenario(name), [client for org in load_endpoint(PUBLISHED).orgs for client in org.clients]
    client = next(candidate for candidate in clients if candidate.name == demo.client)
    inputs, _ = Inputs.from_paste(demo.call, demo.answer, scenario("healthy-web").conversation_id)
    run = Diagnosis(
        region=Region("bench", "bench", "", address, address),
        client_id=client.id,
        secret=client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
        cached_token=token,
        at_once=at_once,
    )
    started, cpu = time.perf_counter(), time.process_time()
    exchanges = [exchange for step in run.steps() for exchange in step.exchanges]
    run.verdict()
    first = min(exchange.started_at.timestamp() for exchange in exchanges)
    last = max(exchange.started_at.timestamp() + exchange.ms / 1000 for exchange in exchanges)
    return Timed(
        (time.perf_counter() - started) * 1000,
        (last - first) * 1000,
        (time.process_time() - cpu) * 1000,
        len(exchanges),
        run.issued_token.value if run.issued_token else "",
    )
