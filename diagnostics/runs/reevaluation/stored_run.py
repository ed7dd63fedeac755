"""A stored run as values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from diagnostics.checks.base import Result
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.finding import AnyFinding
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.parsing.inputs import Inputs


@dataclass(frozen=True)
class StoredRun:
    """A stored run: its inputs, findings and exchanges. `branch` is "" for a whole run."""

    kind: str
    client_name: str
    client_id: str
    inputs: Inputs
    at: datetime
    cause: str
    certainty: str
    engine_version: str
    contract_version: str
    planned: tuple[str, ...]
    findings: tuple[AnyFinding, ...]
    exchanges: tuple[HttpExchange, ...] = field(repr=False)
    branch: str = ""
    was_cut_short: bool = False
    bodies_dropped: bool = False

    def findings_of(self, check_id: str) -> tuple[AnyFinding, ...]:
        return tuple(finding for finding in self.findings if finding.check_id == check_id)

    @property
    def org_id(self) -> str:
        """The org that the run expected or found for the client, "" if unknown."""
        identity = next(iter(self.findings_of("oauth.identity")), None)
        org_id = (identity.evidence.get("expected") or identity.evidence.get("org_id")) if identity else ""
        return org_id if isinstance(org_id, str) else ""


def as_results(findings: Iterable[AnyFinding]) -> tuple[Result, ...]:
    return tuple(
        Result(
            Outcome(finding.outcome),
            finding.code,
            finding.sentence,
            finding.hint,
            finding.subject,
            dict(finding.evidence),
        )
        for finding in findings
    )
