"""One run as JSON: the schema of the command line plus what a vendor needs. Pure."""

from typing import Any

from diagnostics.runs.export.redacted import RedactedRun

SCHEMA_VERSION = 1


def document(redacted: RedactedRun, version: str) -> dict[str, Any]:
    run = redacted.run
    return {
        "schema_version": SCHEMA_VERSION,
        "product": f"Cobrowse Doctor {version}",
        "made_at": redacted.made_at.isoformat(),
        "run": run.pk,
        "org": {"id": redacted.org.id, "name": redacted.org.name, "short_name": redacted.org.short_name or None},
        "region": {"key": redacted.region, "name": redacted.region_name},
        "conversation_id": run.conversation_id or None,
        "correlation_ids": list(redacted.correlation_ids),
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
        "verdict": redacted.verdict,
        "findings": [finding.as_dict() for finding in redacted.findings],
        "exchanges": [exchange.as_dict() for exchange in redacted.exchanges],
        "brought": {name: value for name, value in redacted.inputs.to_json().items() if name in ("call", "answer")},
        "environment": redacted.environment,
        "hidden": redacted.hidden,
    }


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
