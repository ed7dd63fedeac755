"""One run as JSON, in the schema of the command line, the run page and the export."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from diagnostics.runs.models import Run
from diagnostics.runs.rate_limit_waits import wait_of_run

SCHEMA_VERSION = 1
VERDICT_KEYS = ("cause", "certainty", "sentence", "remedy", "because", "also", "supported_by", "rival")
DEFAULTS: dict[str, Any] = {"because": [], "also": [], "supported_by": [], "rival": None}


def verdict_json(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """`as_of` is missing if the paste has no time of the failure; in it, `today` is missing if the verdict is the same."""
    found = {key: verdict.get(key, DEFAULTS.get(key, "")) for key in VERDICT_KEYS}
    if isinstance(as_of := verdict.get("as_of"), dict):
        found["as_of"] = {**as_of, "today": verdict_json(as_of["today"])} if as_of.get("today") else as_of
    return found


def run_json(
    *,
    run: int | None,
    verdict: Mapping[str, Any],
    findings: Iterable[Mapping[str, Any]],
    exchanges: Iterable[Mapping[str, Any]],
    duration_ms: float,
    critical_path_ms: float,
    wait_s: int = 0,
) -> dict[str, Any]:
    """`run` is None for a run that is not stored. Missing parts of the verdict are empty.

    `wait_s` is how long a queued run waits for the rate limit of its org; the key `waiting` is missing if it doesn't.
    """
    waiting = {"waiting": {"for": "rate_limit", "seconds": wait_s}} if wait_s else {}
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "verdict": verdict_json(verdict),
        "findings": list(findings),
        "exchanges": list(exchanges),
        "duration_ms": round(duration_ms, 1),
        "critical_path_ms": round(critical_path_ms, 1),
        **waiting,
    }


def json_of_stored_run(run: Run) -> dict[str, Any]:
    return run_json(
        run=run.pk,
        verdict=run.verdict if isinstance(run.verdict, dict) else {},
        findings=[finding.as_dict() for finding in run.findings.order_by("position")],
        exchanges=[exchange.value().as_dict() for exchange in run.exchanges.order_by("position")],
        duration_ms=run.duration_ms or 0.0,
        critical_path_ms=run.critical_path_ms or 0.0,
        wait_s=ceil(wait_of_run(run)),
    )
