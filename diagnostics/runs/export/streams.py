"""Runs as CSV, JSON and JSON Lines, as streams of text."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

from diagnostics.runs.models import Run
from diagnostics.runs.queries.exports import ExportedRun
from diagnostics.web.spreadsheet_cells import safe_cell
from diagnostics.web.streaming import BYTE_ORDER_MARK, LineWriter

SCHEMA_VERSION = 1
RUN_COLUMNS = (
    "run", "client", "org_id", "org_name", "region", "environment", "kind", "status", "source", "started_by", "created_at",
    "started_at", "finished_at", "duration_ms", "critical_path_ms", "cause", "certainty", "sentence", "remedy",
    "conversation_id", "target", "repeats", "branch", "pinned", "engine_version", "contract_version",
)  # fmt: skip
FINDING_COLUMNS = ("check", "check_version", "subject", "outcome", "code", "finding_sentence", "hint")
finding_values = attrgetter("check_id", "check_version", "subject", "outcome", "code", "sentence", "hint")


def as_csv(runs: Iterable[ExportedRun], *, findings: bool) -> Iterator[str]:
    """One line per run, or one per finding with the columns of its run first. A run without findings has one line."""
    writer = csv.writer(LineWriter())
    yield BYTE_ORDER_MARK + writer.writerow([*RUN_COLUMNS, *(FINDING_COLUMNS if findings else ())])
    for run, found in runs:
        cells = [safe_cell(value) for value in run_values(run).values()]
        for finding in found or ():
            yield writer.writerow([*cells, *map(safe_cell, finding_values(finding))])
        if not found:
            yield writer.writerow(cells if found is None else [*cells, *("" for _ in FINDING_COLUMNS)])


def as_jsonl(runs: Iterable[ExportedRun]) -> Iterator[str]:
    for exported in runs:
        yield json.dumps(as_dict(exported), ensure_ascii=False) + "\n"


def as_json(runs: Iterable[ExportedRun], *, query: str, made_at: datetime) -> Iterator[str]:
    """One JSON object. If the stream breaks off, it is invalid JSON, so that it cannot pass for a complete export."""
    head = {"schema_version": SCHEMA_VERSION, "made_at": made_at.isoformat(), "query": query}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "runs": ['
    for number, exported in enumerate(runs):
        yield (",\n" if number else "\n") + json.dumps(as_dict(exported), ensure_ascii=False)
    yield "\n]}\n"


def as_dict(exported: ExportedRun) -> dict[str, Any]:
    run, findings = exported
    values = run_values(run)
    if findings is not None:
        values["findings"] = [{**each.as_dict(), "check_version": each.check_version} for each in findings]
    return values


def run_values(run: Run) -> dict[str, Any]:
    """In the order of RUN_COLUMNS."""
    verdict = run.verdict if isinstance(run.verdict, dict) else {}
    return {
        "run": run.pk,
        "client": run.client.name,
        "org_id": run.client.org_id,
        "org_name": run.client.org_name,
        "region": run.client.region,
        "environment": run.client.environment,
        "kind": run.kind,
        "status": run.status,
        "source": run.source,
        "started_by": run.started_by.username if run.started_by else "",
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "duration_ms": _ms(run.duration_ms),
        "critical_path_ms": _ms(run.critical_path_ms),
        "cause": run.cause,
        "certainty": run.certainty,
        "sentence": verdict.get("sentence", ""),
        "remedy": verdict.get("remedy", ""),
        "conversation_id": run.conversation_id,
        "target": run.target,
        "repeats": run.repeats_id,
        "branch": run.branch,
        "pinned": run.pinned_at is not None,
        "engine_version": run.engine_version,
        "contract_version": run.contract_version,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _ms(value: float | None) -> float | None:
    """Milliseconds, rounded to one decimal."""
    return None if value is None else round(value, 1)
