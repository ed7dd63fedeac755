"""Measurements of the promises, one file each: a name to its function of the options."""

from collections.abc import Callable

from diagnostics.bench.diagnosis import diagnosis
from diagnostics.bench.fleet import fleet
from diagnostics.bench.history import history
from diagnostics.bench.parsing import parsing
from diagnostics.bench.providers import providers
from diagnostics.bench.row import Options, Row
from diagnostics.bench.web import web
from diagnostics.bench.workers import workers

BENCHES: dict[str, Callable[[Options], list[Row]]] = {
    "diagnosis": diagnosis,
    "fleet": fleet,
    "history": history,
    "parsing": parsing,
    "providers": providers,
    "web": web,
    "workers": workers,
}

__all__ = ["BENCHES", "Options", "Row"]
