"""Finds the smallest change that fixes the call, among the changes that the run's own findings suggest."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from diagnostics.checks.deployments import CHANNELS
from diagnostics.checks.permissions import MEDIUM_OF
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import aim_of
from diagnostics.engine.finding import FindingResult
from diagnostics.genesys import gateway
from diagnostics.genesys.fields import mappings, text, texts
from diagnostics.genesys.paths import is_uuid
from diagnostics.parsing.intent import START_PATH, Aim
from diagnostics.runs.what_if.changes import ON, ChangeKind, PlannedChange
from diagnostics.runs.what_if.evidence import divisions_of_conversations, known_names
from diagnostics.runs.what_if.prediction import PredictedEffect, Predictor

MOST_OF_ONE_KIND = 3  # deployments, roles and providers to try
MOST_PAIRS = 60
MOST_SHOWN = 3


@dataclass(frozen=True)
class SmallestChange:
    """`fixes` are the smallest sets of changes that fix the call, all of one size; () if none does."""

    fixes: tuple[tuple[PlannedChange, ...], ...] = ()
    tried: int = 0

    @property
    def is_single(self) -> bool:
        return bool(self.fixes) and len(self.fixes[0]) == 1


def smallest_change(predictor: Predictor) -> SmallestChange:
    """Single changes first, then pairs. Nothing is tried if nothing is wrong."""
    if predictor.problem or predictor.now.verdict["cause"] == causes.NONE:
        return SmallestChange()
    singles = list(dict.fromkeys(candidates(predictor)))
    pairs = islice(combinations(singles, 2), MOST_PAIRS)
    tried = 0
    for sets in (((single,) for single in singles), (pair for pair in pairs if _is_sensible(pair))):
        found = []
        for changes in sets:
            tried += 1
            if predictor.predict(changes).effect == PredictedEffect.FIXES:
                found.append(changes)
                if len(found) == MOST_SHOWN:
                    break
        if found:
            return SmallestChange(tuple(found), tried)
    return SmallestChange((), tried)


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
    for path in _paths(aim, _has_gateway(by_check)):
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


def _has_gateway(by_check: dict[str, list[FindingResult]]) -> bool:
    return any(finding.code == "listed" for finding in by_check.get("provider.configured", ()))


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
            for division in _divisions(predictor, evidence):
                yield from (PlannedChange(ChangeKind.ADD_DIVISION, division, role) for role in roles)


def _medium(by_check: dict[str, list[FindingResult]]) -> str:
    """The medium of the conversation, as in `MEDIUM_OF`."""
    kinds = {kind for finding in by_check.get("conversation.media", ()) for kind in texts(finding.evidence, "kinds")}
    return "calls" if kinds == {"calls"} else "messages"


def _divisions(predictor: Predictor, evidence: Any) -> Iterable[str]:
    """The IDs of the conversation's divisions, by any of the run's reads."""
    if listed := texts(evidence, "divisions"):
        return listed
    return divisions_of_conversations(predictor.stored.exchanges)


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
