"""Predicts the verdict of a stored run after changes, by today's checks and rules over the changed evidence."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import combinations, islice
from typing import Any

from diagnostics.checks.base import find_check
from diagnostics.checks.deployments import CHANNELS
from diagnostics.checks.permissions import MEDIUM_OF
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import aim_of
from diagnostics.engine.finding import AnyFinding, FindingResult
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.fields import mappings, text, texts
from diagnostics.genesys.paths import is_uuid
from diagnostics.genesys.regions import Region
from diagnostics.parsing.intent import START_PATH, Aim
from diagnostics.runs.reevaluation.verdicts import (
    NOT_IN_ARCHIVE,
    REQUEST_PREFIXES,
    StoredEvidence,
    StoredRun,
    evaluate_stored,
    why_not_evaluated,
)
from diagnostics.runs.what_if.changes import ON, ChangeKind, PlannedChange, changed_inputs
from diagnostics.runs.what_if.evidence import changed_evidence, divisions_of_conversations, known_names

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
        is_other_call = changed_inputs(self.stored.inputs, changes, self.contract).call != self.stored.inputs.call
        has_effect = is_other_call or _results(after) != _results(self.without_response)
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


MOST_OF_ONE_KIND = 3  # deployments, roles and providers to try
MOST_PAIRS = 60
MOST_SHOWN = 3


def smallest_change(predictor: Predictor) -> tuple[tuple[PlannedChange, ...], ...]:
    """The smallest sets of changes that fix the call, all of one size; () if none does, or if nothing is wrong.

    Single changes are tried first, then pairs.
    """
    if predictor.problem or predictor.now.verdict["cause"] == causes.NONE:
        return ()
    singles = list(dict.fromkeys(candidates(predictor)))
    pairs = islice(combinations(singles, 2), MOST_PAIRS)
    for sets in (((single,) for single in singles), (pair for pair in pairs if _is_sensible(pair))):
        fixing = (changes for changes in sets if predictor.predict(changes).effect == PredictedEffect.FIXES)
        if found := tuple(islice(fixing, MOST_SHOWN)):
            return found
    return ()


def _is_sensible(pair: Sequence[PlannedChange]) -> bool:
    """Two values for the same thing exclude each other."""
    first, second = pair
    return (first.kind, first.of) != (second.kind, second.of) or first.kind == ChangeKind.ADD_SCOPE


def candidates(predictor: Predictor) -> Iterator[PlannedChange]:
    """The changes that the findings suggest, in the order in which a call meets its faults."""
    by_check: dict[str, list[FindingResult]] = {}
    for finding in predictor.now.findings:
        by_check.setdefault(finding.check_id, []).append(finding)
    yield from _of_call(predictor, by_check)
    for finding in by_check.get("oauth.scopes", ()):
        if finding.code == "scope_missing":
            yield PlannedChange(ChangeKind.ADD_SCOPE, finding.subject)
        elif finding.code == "user_scope_missing":
            yield from (PlannedChange(ChangeKind.ADD_SCOPE, scope) for scope in finding.evidence["needs"])
    yield from _of_roles(predictor, by_check)
    for finding in by_check.get("deployments.cobrowse", ()):
        yield from _of_deployments(finding)


def _of_call(predictor: Predictor, by_check: dict[str, list[FindingResult]]) -> Iterator[PlannedChange]:
    inputs = predictor.stored.inputs
    aim = aim_of(inputs, predictor.contract)
    if inputs.call is None or aim is None:
        return
    for finding in by_check.get("request.host", ()):
        if finding.outcome == "fail":
            yield PlannedChange(ChangeKind.HOST, text(finding.evidence, "wanted"))
    id = inputs.conversation_id or aim.id_text
    has_gateway = any(finding.code == "listed" for finding in by_check.get("provider.configured", ()))
    for path in _paths(aim, has_gateway):
        filled = path.replace("{conversationId}", id) if is_uuid(id) else path
        if "{" not in filled and (filled != aim.path or inputs.call.query):
            yield PlannedChange(ChangeKind.PATH, filled)
    methods = dict.fromkeys((*aim.published_methods, *(operation.method for operation in aim.nearest)))
    yield from (PlannedChange(ChangeKind.METHOD, method) for method in methods if method != aim.method)
    if any(finding.outcome in ("fail", "warn") for finding in by_check.get("request.headers", ())):
        yield PlannedChange(ChangeKind.HEADER, "Bearer [token]", "Authorization")
    if inputs.call.body:
        yield PlannedChange(ChangeKind.BODY)
    yield from _of_providers(by_check)


def _paths(aim: Aim, has_gateway: bool) -> Iterator[str]:
    if aim.starts_session and has_gateway and aim.world != "published":
        yield gateway.SESSIONS_PATH
    if aim.starts_session or aim.fault == "id_missing":
        yield START_PATH
    if aim.repaired:
        yield aim.repaired
    if aim.world != "published" and not aim.starts_session:
        yield from (operation.path for operation in aim.nearest[:1])


def _of_providers(by_check: dict[str, list[FindingResult]]) -> Iterator[PlannedChange]:
    for finding in by_check.get("provider.match", ()):
        if finding.outcome != "fail":
            continue
        listed = texts(finding.evidence, "ids")
        nearest = text(finding.evidence, "nearest")
        for id in list(dict.fromkeys([*([nearest] if nearest else []), *listed]))[:MOST_OF_ONE_KIND]:
            yield PlannedChange(ChangeKind.BODY, json.dumps({"providerId": id}))
            if finding.code == "disabled":
                yield PlannedChange(ChangeKind.PROVIDER, ON, id)


def _of_roles(predictor: Predictor, by_check: dict[str, list[FindingResult]]) -> Iterator[PlannedChange]:
    for finding in by_check.get("permissions.call", ()):
        evidence = finding.evidence
        roles = known_names(predictor.stored.exchanges).roles[:MOST_OF_ONE_KIND]
        needed = texts(evidence, "needs")
        medium = text(evidence, "medium") or _medium(by_check)
        if finding.code in ("permission_missing", "conditional", "other_medium"):
            for permission in sorted(needed, key=lambda name: MEDIUM_OF.get(name, medium) != medium):
                yield from (PlannedChange(ChangeKind.ADD_PERMISSION, permission, role) for role in roles or [""])
        elif finding.code in ("division_missing", "held_somewhere"):
            # Those of the conversation, by any of the run's reads.
            divisions = texts(evidence, "divisions") or divisions_of_conversations(predictor.stored.exchanges)
            for division in divisions:
                yield from (PlannedChange(ChangeKind.ADD_DIVISION, division, role) for role in roles)


def _medium(by_check: dict[str, list[FindingResult]]) -> str:
    """The medium of the conversation, as in `MEDIUM_OF`."""
    kinds = {kind for finding in by_check.get("conversation.media", ()) for kind in texts(finding.evidence, "kinds")}
    return "calls" if kinds == {"calls"} else "messages"


def _of_deployments(finding: FindingResult) -> Iterator[PlannedChange]:
    deployments = mappings(finding.evidence, "deployments")
    if finding.code == "none_active":
        for deployment in deployments[:MOST_OF_ONE_KIND]:
            yield PlannedChange(ChangeKind.STATUS, "Active", text(deployment, "id"))
    elif finding.code == "off":
        channel = text(finding.evidence, "channel")
        channels = ",".join(CHANNELS.values()) if channel == "Voice" else "Webmessaging"
        active = [item for item in deployments if text(item, "status").lower() == "active"]
        for deployment in active[:MOST_OF_ONE_KIND]:
            yield PlannedChange(ChangeKind.ENABLED, ON, text(deployment, "id"))
            yield PlannedChange(ChangeKind.CHANNELS, channels, text(deployment, "id"))
