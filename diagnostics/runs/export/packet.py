"""The support packet: one run as files for a vendor's case, scanned for confidential values."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from diagnostics.checks.base import titles
from diagnostics.orgs.models import AccessToken, ConfigurationSync, OAuthClient
from diagnostics.redaction.leak_scan import Leak, kinds_of, scan
from diagnostics.runs import report
from diagnostics.runs.export.curl import calls_sh
from diagnostics.runs.export.har import har
from diagnostics.runs.export.pseudonyms import Pseudonyms, derived_key
from diagnostics.runs.export.readme import readme
from diagnostics.runs.export.redacted import ExportedOrg, RedactedRun, redact_run
from diagnostics.runs.models import Exchange, Run
from diagnostics.web.regions import region_name

PAGE = "run.html"
SCHEMA_VERSION = 1


class LeakFound(Exception):
    """The scan found something confidential. str() names the files and the kinds, never a value."""

    def __init__(self, leaks: tuple[Leak, ...]) -> None:
        super().__init__("; ".join(kinds_of(leaks)))
        self.leaks = leaks


@dataclass(frozen=True)
class Packet:
    """Scanned files: name -> text."""

    name: str
    files: Mapping[str, str]
    made_at: datetime

    def zipped(self) -> bytes:
        """All files, in a folder with the name of the packet, and with the time of the packet in UTC."""
        buffer = io.BytesIO()
        stamp = self.made_at.astimezone(UTC).timetuple()[:6]
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files.items():
                entry = zipfile.ZipInfo(f"{self.name}/{name}", stamp)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text.encode())
        return buffer.getvalue()


def redacted_run(run: Run) -> RedactedRun:
    """Pseudonyms use the newest key, so that equal values are equal in all packets."""
    target = run.inputs.get("target") or {}
    return redact_run(
        run,
        list(run.findings.order_by("position")),
        [exchange.value() for exchange in run.exchanges.order_by("position")],
        org=_org_of(run),
        region_name=region_name(target.get("region", run.client.region)),
        pseudonyms=Pseudonyms(derived_key(settings.FIELD_ENCRYPTION_KEYS[0])),
        made_at=timezone.now(),
    )


def _org_of(run: Run) -> ExportedOrg:
    """The org as the run read it, otherwise as last verified; the short name as last synced."""
    org = run.environment.get("org") or {}
    org_id = org.get("id") or run.client.org_id
    syncs = ConfigurationSync.objects.filter(client_id=run.client_id, permissions__org__id=org_id).order_by("-id")
    rights = syncs.values_list("permissions", flat=True).first() or {}
    return ExportedOrg(
        org_id, org.get("name") or run.client.org_name, (rights.get("org") or {}).get("short_name") or ""
    )


def packet_of(redacted: RedactedRun, version: str) -> Packet:
    """Raises LeakFound, and UnreadableSecret if the scan cannot know what to look for."""
    comment = f"Run {redacted.run.pk}. Tokens and secrets are masked; a word that starts with hidden- replaces a value."
    files = {
        "README.txt": readme(redacted, version),
        PAGE: _page(redacted, version),
        "packet.json": _json(_document(redacted, version)),
        "exchanges.har": _json(har(redacted.exchanges, version=version, comment=comment)),
        "calls.sh": calls_sh(redacted),
    }
    return Packet(redacted.name, _scanned(files, redacted.run), redacted.made_at)


def page_of(redacted: RedactedRun, version: str) -> str:
    """Only the page. Raises the same as packet_of."""
    return _scanned({PAGE: _page(redacted, version)}, redacted.run)[PAGE]


def _scanned(files: dict[str, str], run: Run) -> dict[str, str]:
    """The files. Decrypts the client's secret and its stored token, only for the scan."""
    client = OAuthClient.objects.get(pk=run.client_id)
    tokens = AccessToken.objects.filter(client=client).values_list("value", flat=True)
    client_id_at_run = str((run.inputs.get("target") or {}).get("client_id") or "")
    forbidden = {client.secret: "client secret", **dict.fromkeys(tokens, "access token")}
    forbidden |= dict.fromkeys((client.client_id, client_id_at_run), "id of the OAuth client")
    if leaks := scan(files, {value: kind for value, kind in forbidden.items() if value}):
        raise LeakFound(leaks)
    return files


def _page(redacted: RedactedRun, version: str) -> str:
    """An HTML page without scripts, other files or network access."""
    rows = [Exchange.from_value(exchange, number) for number, exchange in enumerate(redacted.exchanges)]
    context = {
        "redacted": redacted,
        "run": redacted.run,
        "report": report.build(redacted.run, list(redacted.findings), rows, titles()),
        "version": version,
        "sheet": mark_safe(render_to_string("runs/export/page.css")),  # noqa: S308  (our own file, without variables)
    }
    return render_to_string("runs/export/page.html", context)


def _document(redacted: RedactedRun, version: str) -> dict[str, Any]:
    """The schema of the command line, plus what a vendor needs."""
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


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
