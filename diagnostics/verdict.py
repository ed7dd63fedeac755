"""The run's answer, computed from the findings alone: one cause, how sure, why, and what else. Pure.

The first of the rules (`rules`) that fits, and that fits the answer's status, is what must be mended first; the others
are listed beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from diagnostics import causes
from diagnostics.outcomes import Outcome
from diagnostics.rules import DEPARTURES, PLAUSIBLE, REFUSALS, RULES, TROUBLES, Certainty, Rule

ENGINE_VERSION = "2"
PART_IS_RIGHT = "This branch is right now. Only it was asked again, so this says nothing of the rest."
PART_IS_NOT_RIGHT = "Only this branch was asked again; it is not all right, and it alone explains no failure."


class Found(Protocol):
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


def as_dict(found: Found) -> dict[str, Any]:
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
class Unchecked:
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
    unchecked: tuple[Unchecked, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Candidate:
    cause: str
    certainty: Certainty
    finding: Found


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


TOLD_BY_NOBODY = frozenset(row.code for row in TROUBLES)


def judge(findings: Iterable[Found], *, part: bool = False) -> Verdict:
    """The verdict on any set of findings, also on none and on those of a run that was cut short.

    Those of a `part`, one branch of the checks, acquit that branch alone and never the whole.
    """
    found = list(findings)
    answer = next((each for each in found if each.check_id == "answer.meaning"), None)
    worked = answer is not None and answer.code == "success"
    rules = _told_by(found) if part else RULES
    candidates = [] if worked else _fitting(_candidates(found, rules), answer)
    if not worked and not candidates and not part:
        troubles = _troubles(found, answer)
        candidates = _proved(troubles) or _refusals(found, answer) or _departures(found, answer) or troubles
    verdict = _accuse(candidates, found, answer) if candidates else _acquit(found, answer, worked)
    if part and not candidates:
        verdict = _of_part(verdict, found)
    return replace(verdict, unchecked=_unchecked(found), ruled_out=_ruled_out(found, verdict))


def _told_by(found: list[Found]) -> list[Rule]:
    """The rules whose every counter-proof was looked for: what was not asked must not lead to an accusation."""
    asked = {each.check_id for each in found}
    return [rule for rule in RULES if asked.issuperset(each.partition(":")[0] for each in rule.unless)]


def _of_part(verdict: Verdict, found: list[Found]) -> Verdict:
    """What accuses nobody in a whole run is still not right in its branch."""
    amiss = [each for each in found if each.outcome in (Outcome.WARN, Outcome.FAIL)]
    if amiss:
        because = tuple(each.anchor for each in amiss)
        return Verdict(causes.UNDETERMINED, "undetermined", f"{PART_IS_NOT_RIGHT} {amiss[0].sentence}", because=because)
    return replace(verdict, sentence=PART_IS_RIGHT) if verdict.cause == causes.NONE else verdict


def _candidates(found: list[Found], rules: Iterable[Rule]) -> list[Candidate]:
    said = {f"{each.check_id}:{each.code}" for each in found}
    return [
        Candidate(rule.cause, rule.certainty, each)
        for rule in rules
        if said.isdisjoint(rule.unless)
        for each in found
        if each.check_id == rule.check and each.code in rule.codes
    ]


def _fitting(candidates: list[Candidate], answer: Found | None) -> list[Candidate]:
    """Those that the answer's status allows first; one that it does not allow is no longer proved to be the reason."""
    if answer is None:
        return candidates
    status = answer.evidence.get("status")
    fit = [each for each in candidates if _plausible(each, status)]
    misfit = [replace(each, certainty="likely") for each in candidates if not _plausible(each, status)]
    return fit + misfit


def _plausible(candidate: Candidate, status: object) -> bool:
    if candidate.finding.check_id == "answer.meaning":
        return True
    family = causes.family_of(candidate.cause)
    allowed = PLAUSIBLE.get(candidate.cause, PLAUSIBLE.get(family))
    return allowed is None or status in allowed


def _refusals(found: list[Found], answer: Found | None) -> list[Candidate]:
    status = answer.evidence.get("status") if answer is not None else None
    return _candidates(found, [rule for rule, statuses in REFUSALS if status in statuses])


def _departures(found: list[Found], answer: Found | None) -> list[Candidate]:
    """An unwanted body explains a refusal for the body's sake, or, without an answer, is all there is to name."""
    candidates = _candidates(found, DEPARTURES)
    if answer is None:
        return candidates
    if answer.evidence.get("status") not in (400, 413, 415, 422):
        return []
    if "provider" in str(answer.evidence.get("message", "")).lower():
        candidates.reverse()
    return candidates


def _troubles(found: list[Found], answer: Found | None) -> list[Candidate]:
    """What keeps our reads from the org explains no call that was answered by status: that one got through."""
    if answer is not None and answer.evidence.get("status") is not None:
        return []
    candidates: list[Candidate] = []
    for row in TROUBLES:
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


def _accuse(candidates: list[Candidate], found: list[Found], answer: Found | None) -> Verdict:
    first = candidates[0]
    others = (*candidates, *_proved(_troubles(found, answer)), *_candidates(found, DEPARTURES))
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


def _unread(blind: list[Found]) -> Found | None:
    """Of what could not be read, what says most about why: a trouble with the org itself, else what a right would show."""
    asked = [each for each in blind if each.check_id != "answer.meaning"]
    first = sorted(asked, key=lambda each: (each.code not in TOLD_BY_NOBODY, not each.hint))
    return first[0] if first else None


def _acquit(found: list[Found], answer: Found | None, worked: bool) -> Verdict:
    """Nothing is accused: either nothing is wrong, or what is wrong could not be told."""
    start = next((each for each in found if each.check_id == "session.start"), None)
    if start is not None:
        return _tried(start, found)
    untold = [each for each in found if each.outcome == Outcome.ERROR]
    blind = [each for each in untold if each.check_id in DECISIVE]
    passes = tuple(each.anchor for each in found if each.outcome == Outcome.PASS)
    unread = _unread(blind)
    contradicted = answer is not None and answer.code in ("permission_missing", "division_missing")
    if (
        answer is not None
        and not worked
        and unread is not None
        and not (contradicted and unread.code not in TOLD_BY_NOBODY)
    ):
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            f"The call failed, and what would explain it could not be read from the org. {unread.sentence}",
            f"{unread.hint} Then check again." if unread.hint else "Check again when that can be read.",
            because=(answer.anchor, unread.anchor),
        )
    if answer is not None and not worked:
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            "The answer says that a permission is missing, but the org shows that this client holds it: the call was made "
            "with another client's token, or before the grant."
            if contradicted
            else "The call failed, but everything that could be checked is right now, so its cause cannot be proved.",
            "Find out whose token the call carried and look at that one's roles, or repeat the call with a new token."
            if contradicted
            else "Repeat the call and bring the fresh answer with its correlation id; keep this run to compare with.",
            because=(answer.anchor,),
        )
    if not passes or (blind and not worked):
        what = blind[0].sentence if blind else "No check could be made."
        because = tuple(each.anchor for each in blind)
        return Verdict(causes.UNDETERMINED, "undetermined", what, blind[0].hint if blind else "", because=because)
    vanished = next((each for each in found if each.code == "not_reproducible"), None)
    if vanished is not None:
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            "The failure could not be reproduced: the call works now, and all that was checked is right.",
            f"{vanished.hint} A server error that was reported is on the side of Genesys Cloud.",
            because=(vanished.anchor,),
        )
    biting = [each for each in found if each.outcome == Outcome.WARN]
    rest = f"but look at this: {biting[0].sentence}" if biting else "and all that was checked is right."
    sentence = f"No problem found: the call worked, {rest}" if worked else f"No problem found, {rest}"
    because = (*passes, *(each.anchor for each in biting))
    return Verdict(causes.NONE, "likely" if untold or biting else "proved", sentence, because=because)


def _tried(start: Found, found: list[Found]) -> Verdict:
    """A real session was to be started: whether one was is the answer, whatever else is right."""
    if start.outcome != Outcome.PASS:
        return Verdict(causes.UNDETERMINED, "undetermined", start.sentence, start.hint, because=(start.anchor,))
    passes = [each.anchor for each in found if each.outcome == Outcome.PASS]
    return Verdict(causes.NONE, "proved", start.sentence, because=tuple(dict.fromkeys([start.anchor, *passes])))


def _unchecked(found: list[Found]) -> tuple[Unchecked, ...]:
    untold = [each for each in found if each.outcome == Outcome.ERROR]
    untold += [each for each in found if each.code in ("not_given", "out_of_time")]
    return tuple(Unchecked(each.sentence, each.hint) for each in untold)


def _ruled_out(found: list[Found], verdict: Verdict) -> tuple[str, ...]:
    if verdict.cause == causes.NONE:
        return ()
    order = {check: place for place, check in enumerate(RULES_OUT)}
    passes = [each for each in found if each.outcome == Outcome.PASS and each.check_id in order]
    return tuple(each.anchor for each in sorted(passes, key=lambda each: order[each.check_id]))
