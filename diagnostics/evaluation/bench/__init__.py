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
    "batch": batch,
    "diagnosis": diagnosis,
    "fleet": fleet,
    "growth": growth,
    "history": history,
    "pace": pace,
    "parsing": parsing,
    "providers": providers,
    "web": web,
    "workers": workers,
}

__all__ = ["BENCHES", "BenchOptions", "BenchRow"]
