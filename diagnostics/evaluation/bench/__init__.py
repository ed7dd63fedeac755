"""Benchmarks of the performance goals, one per file. `BENCHES` maps each name to its function."""

from collections.abc import Callable

from diagnostics.evaluation.bench.batch import batch
from diagnostics.evaluation.bench.diagnosis import diagnosis
from diagnostics.evaluation.bench.fleet import fleet
from diagnostics.evaluation.bench.growth import growth
from diagnostics.evaluation.bench.history import history
from diagnostics.evaluation.bench.pace import pace
from diagnostics.evaluation.bench.parsing import parsing
from diagnostics.evaluation.bench.providers import providers
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.evaluation.bench.web import web
from diagnostics.evaluation.bench.workers import workers

BENCHES: dict[str, Callable[[BenchOptions], list[BenchRow]]] = {
    bench.__name__: bench
    for bench in (batch, diagnosis, fleet, growth, history, pace, parsing, providers, web, workers)
}

__all__ = ["BENCHES", "BenchOptions", "BenchRow"]
