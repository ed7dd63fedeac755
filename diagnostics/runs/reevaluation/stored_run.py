"""What is left of an old run, as values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from diagnostics.checks.base import Result
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.finding import Finding
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.parsing.inputs import Inputs


@dataclass(frozen=True)
class StoredRun:
    """An old run: what was asked of it, what it said, and what the org answered. `branch` is "" for a whole one."""

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
    findings: tuple[Finding, ...]
    exchanges: tuple[HttpExchange, ...] = field(repr=False)
    branch: str = ""
    was_cut_short: bool = False
    bodies_dropped: bool = False

    def said_by(self, check_id: str) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.check_id == check_id)

    @property
    def org_id(self) -> str:
        """The org that the client was known to belong to, as far as the run told; "" where it did not."""
        known = next(iter(self.said_by("oauth.identity")), None)
        told = (known.evidence.get("expected") or known.evidence.get("org_id")) if known else ""
        return told if isinstance(told, str) else ""


def as_results(said: Iterable[Finding]) -> tuple[Result, ...]:
    return tuple(
        Result(Outcome(each.outcome), each.code, each.sentence, each.hint, each.subject, dict(each.evidence))
        for each in said
    )
