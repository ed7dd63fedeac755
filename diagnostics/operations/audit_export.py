"""Writes audit log entries as CSV or JSON Lines, piece by piece."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from diagnostics.accounts.models import AuditEntry
from diagnostics.web.spreadsheet_cells import safe_cell
from diagnostics.web.streaming import BYTE_ORDER_MARK, LineWriter

COLUMNS = (
    "entry", "at", "actor", "actor_id", "by", "action", "thing", "thing_id", "name", "client", "address", "request_id",
    "before", "after",
)  # fmt: skip


def audit_as_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(LineWriter())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for entry in entries:
        yield writer.writerow([safe_cell(_cell(value)) for value in entry_values(entry).values()])


def audit_as_jsonl(entries: Iterable[AuditEntry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(entry_values(entry), ensure_ascii=False) + "\n"


def entry_values(entry: AuditEntry) -> dict[str, Any]:
    """The keys are COLUMNS, in that order."""
    renamed = {"entry": "pk", "client": "client_id"}
    values = {column: getattr(entry, renamed.get(column, column)) for column in COLUMNS}
    return {**values, "at": entry.at.isoformat(timespec="milliseconds")}


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
