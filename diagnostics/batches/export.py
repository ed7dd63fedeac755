"""The groups of a batch as CSV and JSON."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from diagnostics.batches.models import BatchGroup
from diagnostics.batches.queries import BatchState
from diagnostics.web.spreadsheet_cells import safe_cell
from diagnostics.web.streaming import BYTE_ORDER_MARK, LineWriter

SCHEMA_VERSION = 1
COLUMNS = (
    "group", "method", "path", "host", "provider", "status", "code", "calls", "first_at", "last_at", "cause_by_call",
    "certainty_by_call", "sentence_by_call", "remedy_by_call", "run", "run_status", "cause", "certainty", "sentence", "remedy",
)  # fmt: skip


def as_csv(state: BatchState) -> Iterator[str]:
    writer = csv.writer(LineWriter())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for group in state.groups:
        yield writer.writerow([safe_cell(value) for value in values_of(group).values()])


def as_json(state: BatchState) -> Iterator[str]:
    batch = state.batch
    document = {
        "schema_version": SCHEMA_VERSION,
        "batch": batch.pk,
        "client": batch.client.name,
        "created_at": batch.created_at.isoformat(),
        "calls": batch.calls,
        "succeeded": batch.succeeded,
        "failed": state.failed,
        "unanswered": state.unanswered,
        "elsewhere": batch.elsewhere,
        "left_out": batch.left_out,
        "partial": batch.partial,
        "is_open": state.is_open,
        "problem": batch.problem,
        "groups": [values_of(group) for group in state.groups],
    }
    yield json.dumps(document, ensure_ascii=False, indent=1)


def values_of(group: BatchGroup) -> dict[str, Any]:
    """In the order of COLUMNS."""
    run = group.run
    verdict = run.verdict if run and isinstance(run.verdict, dict) else {}
    values = (
        group.position,
        group.method,
        group.template,
        group.host,
        group.provider,
        group.status,
        group.code,
        group.calls,
        group.first_at and group.first_at.isoformat(),
        group.last_at and group.last_at.isoformat(),
        group.cause,
        group.certainty,
        group.sentence,
        group.remedy,
        run and run.pk,
        run.status if run else "",
        run.cause if run else "",
        run.certainty if run else "",
        verdict.get("sentence", ""),
        verdict.get("remedy", ""),
    )
    return dict(zip(COLUMNS, values, strict=True))
