"""One run as JSON, in the shape of the command line with what a vendor asks for beside it. Pure."""

from typing import Any

from diagnostics.runs.export.redacted import RedactedRun

SCHEMA_VERSION = 1


def document(told: RedactedRun, version: str) -> dict[str, Any]:
    run = told.run
    return {
        "schema_version": SCHEMA_VERSION,
        "product": f"Cobrowse Doctor {version}",
        "made_at": told.made_at.isoformat(),
        "run": run.pk,
        "org": {"id": told.org.id, "name": told.org.name, "short_name": told.org.short_name or None},
        "region": {"key": told.region, "name": told.region_name},
        "conversation_id": run.conversation_id or None,
        "correlation_ids": list(told.correlation_ids),
        "kind": run.kind,
        "status": run.status,
        "branch": run.branch or None,
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "duration_ms": run.duration_ms,
        "critical_path_ms": run.critical_path_ms,
        "engine_version": run.engine_version,
        "contract_version": run.contract_version,
        "verdict": told.verdict,
        "findings": [each.as_dict() for each in told.findings],
        "exchanges": [each.as_dict() for each in told.exchanges],
        "brought": {name: value for name, value in told.inputs.to_json().items() if name in ("call", "answer")},
        "environment": told.environment,
        "hidden": told.hidden,
    }


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
