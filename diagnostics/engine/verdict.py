"""The run's answer, computed from the findings alone: one cause, how sure, why, and what else. Pure.

The first of the rules (`rules`) whose cause can produce the response that came back (`explanations`) is what to fix
first. Causes that cannot have produced it are never first; they are listed as other problems.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.explanations import EXPLAINS_ANYTHING, HIDES_THE_CAUSE, can_explain
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES, CauseRule, Certainty

ENGINE_VERSION = "4"
PART_IS_RIGHT = "This branch is right now. Only it was asked again, so this says nothing of the rest."
PART_IS_NOT_RIGHT = "Only this branch was asked again; it is not all right, and it alone explains no failure."


class FindingLike(Protocol):
    """A finding, stored or not."""

    @property
    def check_id(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def anchor(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def evidence(self) -> Mapping[str, Any]: ...


def as_dict(found: FindingLike) -> dict[str, Any]:
    """A finding as the JSON of the command line shows it."""
    return {
        "check": found.check_id,
        "subject": found.subject,
        "outcome": found.outcome,
        "code": found.code,
        "sentence": found.sentence,
        "hint": found.hint,
        "evidence": found.evidence,
    }


@dataclass(frozen=True)
class NotChecked:
    """Something that could not be told, and how it could be."""

    sentence: str
    who: str = ""


@dataclass(frozen=True)
class Verdict:
    """`because` are the anchors of the findings that prove it; `ruled_out` those that leave no other explanation."""

    cause: str
    certainty: Certainty
    sentence: str
    remedy: str = ""
    because: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unchecked: tuple[NotChecked, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Candidate:
    cause: str
    certainty: Certainty
    finding: FindingLike


# Passes that say something about a call that failed, in the order told.
RULES_OUT = (
    "request.path",
    "oauth.token",
    "oauth.scopes",
    "permissions.call",
    "conversation.exists",
    "conversation.media",
    "conversation.connected",
    "deployments.cobrowse",
    "provider.match",
)
# Without an answer of these nobody can be acquitted; what the others could not tell only makes it less sure.
DECISIVE = (
    "oauth.token",
    "oauth.identity",
    "request.path",
    "request.sdk",
    "permissions.call",
    "conversation.exists",
    "conversation.media",
    "conversation.connected",
    "deployments.cobrowse",
    "answer.meaning",
)


# What a comparison of reads says of a 404 that is no cause by itself, but the best that can be said.
EXPLAINS_A_404 = frozenset({"other_view", "other_absent", "from_the_operation"})
MATCHED_BY_NO_RULE = frozenset(row.code for row in PROBLEM_RULES)


def judge(findings: Iterable[FindingLike], *, part: bool = False) -> Verdict:
    """The verdict on any set of findings, also on none and on those of a run that was cut short.

    Those of a `part`, one branch of the checks, acquit that branch alone and never the whole.
    """
    found = list(findings)
    answer = next((each for each in found if each.check_id == "answer.meaning"), None)
    worked = answer is not None and answer.code == "success"
    rules = _matching_rules(found) if part else RULES
    named = [] if worked else _candidates(found, rules)
    candidates = _explaining(named, answer)
    if not worked and not candidates and not part:
        troubles = _problems(found, answer)
        candidates = _proved(troubles) or _refusals(found, answer) or _departures(found, answer) or troubles
    verdict = _accuse(candidates, named, found, answer) if candidates else _acquit(found, named, answer, worked)
    if part and not candidates:
        verdict = _of_part(verdict, found)
    return replace(verdict, unchecked=_unchecked(found), ruled_out=_ruled_out(found, verdict))


def _matching_rules(found: list[FindingLike]) -> list[CauseRule]:
    """The rules whose every counter-proof was looked for: what was not asked must not lead to an accusation."""
    asked = {each.check_id for each in found}
    return [rule for rule in RULES if asked.issuperset(each.partition(":")[0] for each in rule.unless)]


def _of_part(verdict: Verdict, found: list[FindingLike]) -> Verdict:
    """What accuses nobody in a whole run is still not right in its branch."""
    amiss = [each for each in found if each.outcome in (Outcome.WARN, Outcome.FAIL)]
    if amiss:
        because = tuple(each.anchor for each in amiss)
        return Verdict(causes.UNDETERMINED, "undetermined", f"{PART_IS_NOT_RIGHT} {amiss[0].sentence}", because=because)
    return replace(verdict, sentence=PART_IS_RIGHT) if verdict.cause == causes.NONE else verdict


def _candidates(found: list[FindingLike], rules: Iterable[CauseRule]) -> list[Candidate]:
    said = {f"{each.check_id}:{each.code}" for each in found}
    return [
        Candidate(rule.cause, rule.certainty, each)
        for rule in rules
        if said.isdisjoint(rule.unless)
        for each in found
        if each.check_id == rule.check and each.code in rule.codes
    ]


def _explaining(candidates: list[Candidate], answer: FindingLike | None) -> list[Candidate]:
    """Those whose cause can produce the response. One that hides what happened leaves everything possible, not proved."""
    if answer is None:
        return candidates
    explaining = [each for each in candidates if _explains(each, answer)]
    if answer.code not in HIDES_THE_CAUSE and not answer.evidence.get("hidden_by_browser"):
        return explaining
    return [each if each.cause in EXPLAINS_ANYTHING else replace(each, certainty="likely") for each in explaining]


def _explains(candidate: Candidate, answer: FindingLike) -> bool:
    if candidate.finding.check_id == "answer.meaning":
        return True
    return can_explain(candidate.cause, answer.code, answer.evidence.get("status"))


def _refusals(found: list[FindingLike], answer: FindingLike | None) -> list[Candidate]:
    status = answer.evidence.get("status") if answer is not None else None
    return _explaining(_candidates(found, [rule for rule, statuses in REFUSALS if status in statuses]), answer)


def _departures(found: list[FindingLike], answer: FindingLike | None) -> list[Candidate]:
    """An unwanted body explains a refusal for the body's sake, or, without an answer, is all there is to name."""
    candidates = _candidates(found, DEPARTURES)
    if answer is None:
        return candidates
    if answer.evidence.get("status") not in (400, 413, 415, 422):
        return []
    if "provider" in str(answer.evidence.get("message", "")).lower():
        candidates.reverse()
    return _explaining(candidates, answer)


def _problems(found: list[FindingLike], answer: FindingLike | None) -> list[Candidate]:
    """What keeps our reads from the org explains no call that was answered by status: that one got through."""
    if answer is not None and answer.evidence.get("status") is not None:
        return []
    candidates: list[Candidate] = []
    for row in PROBLEM_RULES:
        met = [each for each in found if each.outcome == Outcome.ERROR and each.code == row.code]
        met = [each for each in met if each.evidence.get("trouble", "") in row.troubles]
        proof = [each for each in found if f"{each.check_id}:{each.code}" in row.proof]
        if met and proof:
            candidates += [Candidate(row.cause, "proved", each) for each in (*proof, *met)]
        elif row.alone:
            candidates += [Candidate(row.cause, "likely", each) for each in met]
    return candidates


def _proved(candidates: list[Candidate]) -> list[Candidate]:
    return [each for each in candidates if each.certainty == "proved"]


def _accuse(
    candidates: list[Candidate], named: list[Candidate], found: list[FindingLike], answer: FindingLike | None
) -> Verdict:
    """`named` are all causes that the findings name, also those that cannot have produced this response."""
    first = candidates[0]
    others = (*candidates, *named, *_proved(_problems(found, answer)), *_candidates(found, DEPARTURES))
    proof = [each.finding for each in candidates if each.cause == first.cause]
    if answer is not None and answer not in proof:
        proof.append(answer)
    return Verdict(
        cause=first.cause,
        certainty=first.certainty,
        sentence=first.finding.sentence,
        remedy=first.finding.hint,
        because=tuple(dict.fromkeys(each.anchor for each in proof)),
        also=tuple(dict.fromkeys(each.cause for each in others if each.cause != first.cause)),
    )


def _unread(blind: list[FindingLike]) -> FindingLike | None:
    """Of what could not be read, what says most about why: a trouble with the org itself, else what a right would show."""
    asked = [each for each in blind if each.check_id != "answer.meaning"]
    first = sorted(asked, key=lambda each: (each.code not in MATCHED_BY_NO_RULE, not each.hint))
    return first[0] if first else None


CONTRADICTED = (
    "The response says that a permission is missing, but the org shows that this client holds it. The call was made with "
    "another client's token, or before the permission was granted.",
    "Find out whose token the call carried and check the roles of that client, or repeat the call with a new token.",
)
ALL_RIGHT_NOW = (
    "The call failed, but everything we can check is right now, so we can't prove the cause.",
    "Repeat the call and paste the new response with its correlation ID. Keep this run to compare with.",
)


def _acquit(found: list[FindingLike], named: list[Candidate], answer: FindingLike | None, worked: bool) -> Verdict:
    """Nothing is accused: either nothing is wrong, or what is wrong could not be told."""
    start = next((each for each in found if each.check_id == "session.start"), None)
    if start is not None:
        return _tried(start, found)
    misread = next((each for each in found if each.code == "from_screenshot"), None)
    if misread is not None and not worked:
        return Verdict(causes.UNDETERMINED, "undetermined", misread.sentence, misread.hint, because=(misread.anchor,))
    if answer is not None and not worked:
        return replace(_unexplained(found, named, answer), also=tuple(dict.fromkeys(each.cause for each in named)))
    untold = [each for each in found if each.outcome == Outcome.ERROR]
    blind = [each for each in untold if each.check_id in DECISIVE]
    passes = tuple(each.anchor for each in found if each.outcome == Outcome.PASS)
    if not passes or (blind and not worked):
        what = blind[0].sentence if blind else "Nothing could be checked."
        because = tuple(each.anchor for each in blind)
        return Verdict(causes.UNDETERMINED, "undetermined", what, blind[0].hint if blind else "", because=because)
    vanished = next((each for each in found if each.code == "not_reproducible"), None)
    if vanished is not None:
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            "The failure could not be reproduced: the call works now, and everything we can check is right.",
            f"{vanished.hint} If a server error was reported, it was on Genesys Cloud's side.",
            because=(vanished.anchor,),
        )
    warnings = [each for each in found if each.outcome == Outcome.WARN]
    because = (*passes, *(each.anchor for each in warnings))
    tested = _what_was_tested(found, worked)
    sentence = f"No problem found. {tested.sentence}" + (f" Warning: {warnings[0].sentence}" if warnings else "")
    certainty: Certainty = "likely" if untold or warnings or not tested.is_the_complaint else "proved"
    return Verdict(causes.NONE, certainty, sentence, because=because)


def _unexplained(found: list[FindingLike], named: list[Candidate], answer: FindingLike) -> Verdict:
    """The call failed, and nothing that was found can be what made it fail."""
    unread = _unread([each for each in found if each.outcome == Outcome.ERROR and each.check_id in DECISIVE])
    contradicted = answer.code in ("permission_missing", "division_missing")
    if unread is not None and not (contradicted and unread.code not in MATCHED_BY_NO_RULE):
        said, remedy = (
            f"The call failed, and what would explain it could not be read from the org. {unread.sentence}",
            f"{unread.hint} Then check again." if unread.hint else "Check again when that can be read.",
        )
        return Verdict(causes.UNDETERMINED, "undetermined", said, remedy, because=(answer.anchor, unread.anchor))
    compared = next((each for each in found if each.check_id == "route.oracle" and each.code in EXPLAINS_A_404), None)
    if compared is not None and answer.evidence.get("status") == 404:
        said = f"The call failed, and no single cause is certain. {compared.sentence}"
        because = (answer.anchor, compared.anchor)
        return Verdict(causes.UNDETERMINED, "undetermined", said, compared.hint, because=because)
    if answer.outcome == Outcome.ERROR:  # a response that hides what happened
        return Verdict(causes.UNDETERMINED, "undetermined", answer.sentence, answer.hint, because=(answer.anchor,))
    if named and not contradicted:
        first = named[0].finding
        response = (
            f"{answer.evidence.get('status') or ''} {answer.evidence.get('code') or ''}".strip() or "that response"
        )
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            f"What we found wrong doesn't explain the response ({response}), so the cause is open. Found: {first.sentence}",
            f"Fix what was found, then repeat the call and paste the new response. {first.hint}".strip(),
            because=(answer.anchor, first.anchor),
        )
    said, remedy = CONTRADICTED if contradicted else ALL_RIGHT_NOW
    return Verdict(causes.UNDETERMINED, "undetermined", said, remedy, because=(answer.anchor,))


@dataclass(frozen=True)
class Tested:
    """What a run without a fault has tested, and whether that is the very thing that the person complained about."""

    sentence: str
    is_the_complaint: bool


def _what_was_tested(found: list[FindingLike], worked: bool) -> Tested:
    areas = {each.check_id.partition(".")[0] for each in found}
    if worked:
        return Tested("The response shows that the call worked, and everything else we checked is right.", True)
    if "request" in areas:
        return Tested(
            "The call and the org look right, but we didn't send the call itself, and no response of it was given.",
            False,
        )
    if "conversation" in areas:
        return Tested(
            "The conversation and the org look right, but no call was given, and we didn't start a session.", False
        )
    return Tested("The org's setup is right. No call and no conversation were given, so neither was checked.", True)


def _tried(start: FindingLike, found: list[FindingLike]) -> Verdict:
    """A real session was to be started: whether one was is the answer, whatever else is right."""
    if start.outcome != Outcome.PASS:
        return Verdict(causes.UNDETERMINED, "undetermined", start.sentence, start.hint, because=(start.anchor,))
    passes = [each.anchor for each in found if each.outcome == Outcome.PASS]
    return Verdict(causes.NONE, "proved", start.sentence, because=tuple(dict.fromkeys([start.anchor, *passes])))


def _unchecked(found: list[FindingLike]) -> tuple[NotChecked, ...]:
    untold = [each for each in found if each.outcome == Outcome.ERROR]
    untold += [each for each in found if each.code in ("not_given", "out_of_time")]
    return tuple(NotChecked(each.sentence, each.hint) for each in untold)


def _ruled_out(found: list[FindingLike], verdict: Verdict) -> tuple[str, ...]:
    if verdict.cause == causes.NONE:
        return ()
    order = {check: place for place, check in enumerate(RULES_OUT)}
    passes = [each for each in found if each.outcome == Outcome.PASS and each.check_id in order]
    return tuple(each.anchor for each in sorted(passes, key=lambda each: order[each.check_id]))
