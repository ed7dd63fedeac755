"""The strongest rival of a verdict, as the tools report it: the cause that fits next best, and the findings against it."""

from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding


def named_rival(rival: Mapping[str, Any] | None) -> dict[str, str] | None:
    """None if the verdict isn't proved, or if nothing else would explain it."""
    return {"cause": rival["cause"], "title": causes.title_of(rival["cause"])} if rival else None


def refuting_findings(rival: Mapping[str, Any] | None, findings: Iterable[AnyFinding]) -> list[dict[str, str]]:
    """Evidence: their sentences can quote an org or a person."""
    anchors = rival["refuted_by"] if rival else ()
    return [
        {"check": finding.check_id, "outcome": finding.outcome, "sentence": finding.sentence}
        for finding in findings
        if finding.anchor in anchors
    ]
