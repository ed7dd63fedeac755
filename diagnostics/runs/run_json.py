"""One run as the command line's JSON: the same object from a terminal, a page and a file."""

from collections.abc import Iterable, Mapping
from typing import Any

SCHEMA_VERSION = 1
SHOWN = ("cause", "certainty", "sentence", "remedy", "because", "also")
EMPTY: dict[str, Any] = {"because": [], "also": []}


def run_json(
    *,
    run: int | None,
    verdict: Mapping[str, Any],
    findings: Iterable[Mapping[str, Any]],
    exchanges: Iterable[Mapping[str, Any]],
    duration_ms: float,
    critical_path_ms: float,
) -> dict[str, Any]:
    """`run` is None for one that is not stored. A verdict that is not there yet, or of an older shape, is empty words."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "verdict": {key: verdict.get(key, EMPTY.get(key, "")) for key in SHOWN},
        "findings": list(findings),
        "exchanges": list(exchanges),
        "duration_ms": round(duration_ms, 1),
        "critical_path_ms": round(critical_path_ms, 1),
    }
