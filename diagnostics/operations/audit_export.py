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
    return {
        "entry": entry.pk,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "actor": entry.actor,
        "actor_id": entry.actor_id,
        "by": entry.by,
        "action": entry.action,
        "thing": entry.thing,
        "thing_id": entry.thing_id,
        "name": entry.name,
        "client": entry.client_id,
        "address": entry.address,
        "request_id": entry.request_id,
        "before": entry.before,
        "after": entry.after,
    }


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
