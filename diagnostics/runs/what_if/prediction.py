"""Predicts the verdict of a stored run after changes, by today's checks and rules over the changed evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from diagnostics.checks.base import find_check
from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding, FindingResult
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import Region
from diagnostics.runs.reevaluation import (
    NOT_IN_ARCHIVE,
    REQUEST_PREFIXES,
    StoredEvidence,
    StoredRun,
    evaluate_stored,
    why_not_evaluated,
)
from diagnostics.runs.what_if.changes import PlannedChange, changed_inputs
from diagnostics.runs.what_if.evidence import changed_evidence

RESPONSE_CHECKS = ("answer.",)


class PredictedEffect(StrEnum):
    """What the changes do to the verdict. `unseen`: no stored read shows the problem, only the pasted response."""

    FIXES = "fixes"
    NONE = "none"
    OTHER = "other"
    UNKNOWN = "unknown"
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Prediction:
    """The verdict after the changes, in the form in which a run stores it, and its findings.

    `unknown` says what can't be known, `notes` what was concluded from other reads than usual.
    """

    changes: tuple[PlannedChange, ...]
    effect: PredictedEffect
    verdict: dict[str, Any]
    findings: tuple[FindingResult, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        return str(self.verdict["cause"])

    @property
    def certainty(self) -> str:
        return str(self.verdict["certainty"])


class Predictor:
    """Predicts from one stored run. Sends nothing. `problem` says why it can't, "" if it can."""

    def __init__(self, stored: StoredRun, region: Region, contract: Contract) -> None:
        self.stored, self.region, self.contract = stored, region, contract
        self.problem = why_not_evaluated(stored)
        if stored.bodies_dropped:
            self.problem = "The org's responses in this run were deleted by the retention rules."
        elif stored.branch:
            self.problem = "This run repeated only one branch of the checks."

    @cached_property
    def now(self) -> StoredEvidence:
        """The verdict as it is, by today's checks."""
        return evaluate_stored(self.stored, self.region, self.contract)

    @cached_property
    def without_response(self) -> StoredEvidence:
        """The verdict as it is, without the pasted response."""
        return self._evaluate((), self.stored.exchanges)

    def predict(self, changes: Sequence[PlannedChange]) -> Prediction:
        changes = tuple(changes)
        changed = changed_evidence(self.stored.exchanges, changes, self.contract)
        after = self._evaluate(changes, changed.exchanges)
        unknown = [*changed.unknown, *_not_asked(after)]
        has_effect = _results(after) != _results(self.without_response) or self._is_other_call(changes)
        if not has_effect:
            # Neither the call nor anything that the checks read has changed, so the pasted response still counts.
            after = self.now
        effect = self._effect(after) if has_effect else PredictedEffect.NONE
        if effect == PredictedEffect.FIXES and changed.unknown:
            effect = PredictedEffect.UNKNOWN
        known = tuple(dict.fromkeys(unknown))
        return Prediction(changes, effect, after.verdict, after.findings, known, tuple(changed.notes))

    def _evaluate(self, changes: tuple[PlannedChange, ...], exchanges: Any) -> StoredEvidence:
        inputs = changed_inputs(self.stored.inputs, changes, self.contract)
        unaffected = tuple(finding for finding in self.stored.findings if _is_unaffected(finding))
        changed = replace(self.stored, inputs=inputs, exchanges=exchanges, findings=unaffected)
        return evaluate_stored(changed, self.region, self.contract)

    def _is_other_call(self, changes: Sequence[PlannedChange]) -> bool:
        return changed_inputs(self.stored.inputs, changes, self.contract).call != self.stored.inputs.call

    def _effect(self, after: StoredEvidence) -> PredictedEffect:
        before, results = _results(self.without_response), _results(after)
        cause, cause_now = after.verdict["cause"], self.now.verdict["cause"]
        if cause == cause_now == causes.NONE:
            return PredictedEffect.NONE
        if cause == causes.UNDETERMINED:
            return PredictedEffect.UNKNOWN
        if cause != causes.NONE:
            return PredictedEffect.OTHER
        proof = {anchor for anchor in self.now.verdict["because"] if not anchor.startswith(RESPONSE_CHECKS)}
        is_shown = self.without_response.verdict["cause"] == cause_now or any(
            results.get(anchor) != before.get(anchor) for anchor in proof
        )
        return PredictedEffect.FIXES if is_shown else PredictedEffect.UNSEEN


def _results(evidence: StoredEvidence) -> dict[str, tuple[str, str]]:
    return {finding.anchor: (finding.outcome, finding.code) for finding in evidence.findings}


def _is_unaffected(finding: AnyFinding) -> bool:
    """Whether the finding can't change with the call or the org's setup, so that the stored one still holds."""
    reads = find_check(finding.check_id).reads
    return finding.check_id == "oauth.identity" or any(not read.startswith(REQUEST_PREFIXES) for read in reads)


def _not_asked(evidence: StoredEvidence) -> Iterator[str]:
    if evidence.missing_paths:
        yield f"The org wasn't asked for {', '.join(evidence.missing_paths[:3])} in this run."
    unread = [finding.check_id for finding in evidence.findings if finding.code == NOT_IN_ARCHIVE]
    if unread:
        yield f"So these checks are inconclusive: {', '.join(find_check(id).title for id in dict.fromkeys(unread))}."
