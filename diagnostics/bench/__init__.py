"""Measurements of the promises, one file each: a name to its function of latency in milliseconds and how many times."""

from collections.abc import Callable

from diagnostics.bench.diagnosis import diagnosis
from diagnostics.bench.row import Row

BENCHES: dict[str, Callable[[float, int], list[Row]]] = {"diagnosis": diagnosis}

__all__ = ["BENCHES", "Row"]
