"""The verdict of a run, computed from its findings alone: the cause, the certainty, the evidence, and other problems.

The cause is that of the first rule (see `rules`) that can produce the response the caller got (see `explanations`).
Causes that can't have produced the response are never reported as the cause, only as other problems.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from diagnostics.checks.base import NODES, find_check
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.explanations import EXPLAINS_ANYTHING, HIDES_THE_CAUSE, explains, has_gateway
from diagnostics.engine.finding import AnyFinding
from diagnostics.engine.rivals import Rival, strongest_rival
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES, CauseRule, Certainty

ENGINE_VERSION = "6"
PART_IS_RIGHT = "This branch passes now. Only its checks were repeated."
PART_IS_NOT_RIGHT = "Only this branch was repeated. It has a problem that alone doesn't explain a failure:"


@dataclass(frozen=True)
class NotChecked:
    """A check without a result. `who` says what would give it one."""

    sentence: str
    who: str = ""


@dataclass(frozen=True)
class Verdict:
    """`because` holds the anchors of the findings without which the verdict would be another; they alone give the same one.

    A verdict that nothing is wrong, without a call that worked, is because of everything that passed. `supported_by` holds
    the anchors of findings that agree but aren't needed, `ruled_out` those of the checks that passed. `also` holds the
    codes of other causes. A proved verdict has the strongest `rival`.
    """

    cause: str
    certainty: Certainty
    sentence: str
    remedy: str = ""
    because: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unchecked: tuple[NotChecked, ...] = ()
    supported_by: tuple[str, ...] = ()
    rival: Rival | None = None

    def to_json(self) -> dict[str, Any]:
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {**plain, "rival": self.rival.to_json() if self.rival else None}


@dataclass(frozen=True)
class CauseCandidate:
    cause: str
    certainty: Certainty
    finding: AnyFinding


# Codes of `route.oracle` that don't prove a cause of a 404 but are the best explanation there is.
COMPARISONS_THAT_SUGGEST_A_CAUSE = frozenset({"other_view", "other_absent", "from_the_operation"})
REPORTED_TO_RULES = frozenset(
    name
    for rule in (*RULES, *(rule for rule, _ in REFUSALS), *DEPARTURES)
    for name in (*rule.unless, *(f"{rule.check}:{code}" for code in rule.codes))
)
# A finding with another code, such as that of a check that passed, names no cause.
NAMING_CODES = frozenset(code for rule in (*RULES, *(rule for rule, _ in REFUSALS), *DEPARTURES) for code in rule.codes)
PROBLEM_CODES = frozenset(rule.code for rule in PROBLEM_RULES)


def judge(findings: Sequence[AnyFinding], *, part: bool = False) -> Verdict:
    """Works on any set of findings, including an empty one and that of an interrupted run.

    `part` means that the run repeated only one branch of the checks; its verdict covers that branch only.
    """
    findings = sorted(findings, key=_position)
    verdict = _decide(findings, part)
    because = _necessary(findings, verdict, part)
    return replace(
        verdict,
        because=because,
        supported_by=tuple(anchor for anchor in verdict.because if anchor not in because),
        rival=strongest_rival(verdict.cause, verdict.also, findings) if verdict.certainty == "proved" else None,
        unchecked=_unchecked(findings),
        ruled_out=_ruled_out(findings, verdict),
    )


def _position(finding: AnyFinding) -> tuple[int, str, str]:
    """Checks run in parallel, so the verdict can't depend on the order in which they finish."""
    node = find_check(finding.check_id).node
    return list(NODES).index(node) if node else len(NODES), finding.anchor, finding.code


def _decide(findings: Sequence[AnyFinding], part: bool) -> Verdict:
    """The verdict with all findings that support it in `because`."""
    response = next((finding for finding in findings if finding.check_id == "answer.meaning"), None)
    worked = response is not None and response.code == "success"
    rules = _matching_rules(findings) if part else RULES
    named = [] if worked else _candidates(findings, rules)
    candidates = _that_explain(named, findings, response)
    if not worked and not candidates and not part:
        problems = _problems(findings, response)
        candidates = _proved(problems) or _refusals(findings, response) or _departures(findings, response) or problems
    if candidates:
        return _with_cause(candidates, named, findings, response)
    verdict = _without_cause(findings, named, response, worked)
    return _branch_verdict(verdict, findings) if part else verdict


def _necessary(findings: Sequence[AnyFinding], verdict: Verdict, part: bool) -> tuple[str, ...]:
    """The anchors of the findings without any one of which the verdict would be another, the supporting ones first."""
    anchors = {finding.anchor for finding in findings}
    if verdict.cause == causes.NONE and anchors.isdisjoint(("answer.meaning", "session.start")):
        return verdict.because  # every check that passed is a part of "nothing is wrong"
    needed = [
        finding
        for number, finding in enumerate(findings)
        if (part or _can_matter(finding))
        and _answer(_decide([*findings[:number], *findings[number + 1 :]], part)) != _answer(verdict)
    ]
    for finding in findings:  # of findings with the same words, one is enough, and one is needed
        if _answer(_decide(needed, part)) == _answer(verdict):
            break
        if finding.anchor in verdict.because and finding not in needed:
            needed = sorted([*needed, finding], key=_position)
    listed = [anchor for anchor in verdict.because if any(finding.anchor == anchor for finding in needed)]
    return tuple(dict.fromkeys([*listed, *(finding.anchor for finding in needed)]))


def _can_matter(finding: AnyFinding) -> bool:
    """Of the checks that passed or didn't run, only a few say something to the rules; the rest would cost time."""
    return (
        finding.outcome not in (Outcome.PASS, Outcome.SKIP)
        or finding.check_id in ("answer.meaning", "session.start", "provider.configured")
        or f"{finding.check_id}:{finding.code}" in REPORTED_TO_RULES
    )


def _answer(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.cause, verdict.certainty, verdict.sentence


def _matching_rules(findings: Sequence[AnyFinding]) -> list[CauseRule]:
    """The rules whose exceptions (`unless`) were all checked, so that a check that didn't run can't produce a cause."""
    checks = {finding.check_id for finding in findings}
    return [rule for rule in RULES if checks.issuperset(exception.partition(":")[0] for exception in rule.unless)]


def _branch_verdict(verdict: Verdict, findings: Sequence[AnyFinding]) -> Verdict:
    """A warning or failure that names no cause in a full run still makes its branch not right."""
    not_passed = [finding for finding in findings if finding.outcome in (Outcome.WARN, Outcome.FAIL)]
    if not_passed:
        return _undetermined(f"{PART_IS_NOT_RIGHT} {not_passed[0].sentence}", because=not_passed)
    return replace(verdict, sentence=PART_IS_RIGHT) if verdict.cause == causes.NONE else verdict


def _candidates(findings: Sequence[AnyFinding], rules: Iterable[CauseRule]) -> list[CauseCandidate]:
    reported = {f"{finding.check_id}:{finding.code}" for finding in findings}
    by_check: dict[str, list[AnyFinding]] = {}
    for finding in findings:
        if finding.code in NAMING_CODES:
            by_check.setdefault(finding.check_id, []).append(finding)
    return [
        CauseCandidate(rule.cause, rule.certainty, finding)
        for rule in rules
        if rule.check in by_check and reported.isdisjoint(rule.unless)
        for finding in by_check[rule.check]
        if finding.code in rule.codes
    ]


def _that_explain(
    candidates: list[CauseCandidate], findings: Sequence[AnyFinding], response: AnyFinding | None
) -> list[CauseCandidate]:
    """The candidates whose cause can produce the response. One that hides what happened makes them likely at most."""
    if response is None:
        return candidates
    gateway = has_gateway(findings)
    explaining = [each for each in candidates if explains(each.cause, each.finding, response, gateway)]
    if response.code not in HIDES_THE_CAUSE and not response.evidence.get("hidden_by_browser"):
        return explaining
    return [
        candidate if candidate.cause in EXPLAINS_ANYTHING else replace(candidate, certainty="likely")
        for candidate in explaining
    ]


def _refusals(findings: Sequence[AnyFinding], response: AnyFinding | None) -> list[CauseCandidate]:
    status = response.evidence.get("status") if response is not None else None
    refusals = [rule for rule, statuses in REFUSALS if status in statuses]
    return _that_explain(_candidates(findings, refusals), findings, response)


def _departures(findings: Sequence[AnyFinding], response: AnyFinding | None) -> list[CauseCandidate]:
    """Departures from the contract explain only a response that rejects the body (400, 413, 415 or 422), or no response."""
    candidates = _candidates(findings, DEPARTURES)
    if response is None:
        return candidates
    if response.evidence.get("status") not in (400, 413, 415, 422):
        return []
    if "provider" in str(response.evidence.get("message", "")).lower():
        candidates.reverse()
    return _that_explain(candidates, findings, response)


def _problems(findings: Sequence[AnyFinding], response: AnyFinding | None) -> list[CauseCandidate]:
    """Problems of our own requests. They can't explain a call that got a response with a status: it reached the org."""
    if response is not None and response.evidence.get("status") is not None:
        return []
    candidates: list[CauseCandidate] = []
    for rule in PROBLEM_RULES:
        errors = [finding for finding in findings if finding.outcome == Outcome.ERROR and finding.code == rule.code]
        errors = [error for error in errors if error.evidence.get("trouble", "") in rule.problems]
        proof = [finding for finding in findings if f"{finding.check_id}:{finding.code}" in rule.proof]
        if errors and proof:
            candidates += [CauseCandidate(rule.cause, "proved", finding) for finding in (*proof, *errors)]
        elif rule.alone:
            candidates += [CauseCandidate(rule.cause, "likely", error) for error in errors]
    return candidates


def _proved(candidates: list[CauseCandidate]) -> list[CauseCandidate]:
    return [candidate for candidate in candidates if candidate.certainty == "proved"]


def _with_cause(
    candidates: list[CauseCandidate],
    named: list[CauseCandidate],
    findings: Sequence[AnyFinding],
    response: AnyFinding | None,
) -> Verdict:
    """`named` holds every cause that the findings name, including those that can't have produced this response."""
    first = candidates[0]
    others = (*candidates, *named, *_proved(_problems(findings, response)), *_candidates(findings, DEPARTURES))
    proof = [candidate.finding for candidate in candidates if candidate.cause == first.cause]
    if response is not None and response not in proof:
        proof.append(response)
    return Verdict(
        cause=first.cause,
        certainty=first.certainty,
        sentence=first.finding.sentence,
        remedy=first.finding.hint,
        because=tuple(dict.fromkeys(finding.anchor for finding in proof)),
        also=tuple(dict.fromkeys(other.cause for other in others if other.cause != first.cause)),
    )


def _most_informative(unread: Sequence[AnyFinding]) -> AnyFinding | None:
    """Prefers a problem with the org itself, then a finding whose hint says which permission would help."""
    reads = [finding for finding in unread if finding.check_id != "answer.meaning"]
    return min(reads, key=lambda finding: (finding.code not in PROBLEM_CODES, not finding.hint), default=None)


CONTRADICTED = (
    "The response says that a permission is missing, but this client has it. The call was made with another client's "
    "token, or before the permission was granted.",
    "Find out whose token the call used and check the roles of that client, or repeat the call with a new token.",
)
ALL_RIGHT_NOW = (
    "The call failed, but everything we can check is correct now, so we can't prove the cause.",
    "Repeat the call and paste the new response with its correlation ID.",
)


def _without_cause(
    findings: Sequence[AnyFinding], named: list[CauseCandidate], response: AnyFinding | None, worked: bool
) -> Verdict:
    """Either nothing is wrong, or the cause can't be determined."""
    start = next((finding for finding in findings if finding.check_id == "session.start"), None)
    if start is not None:
        return _live_start_verdict(start, findings)
    misread = next((finding for finding in findings if finding.code == "from_screenshot"), None)
    if misread is not None and not worked:
        return _undetermined(misread.sentence, misread.hint, because=[misread])
    if response is not None and not worked:
        return replace(
            _unexplained(findings, named, response), also=tuple(dict.fromkeys(candidate.cause for candidate in named))
        )
    unknown = [finding for finding in findings if finding.outcome == Outcome.ERROR]
    unread = [finding for finding in unknown if find_check(finding.check_id).is_decisive]
    passes = tuple(finding.anchor for finding in findings if finding.outcome == Outcome.PASS)
    not_reproduced = next((finding for finding in findings if finding.code == "not_reproducible"), None)
    if unread and not (worked and passes):
        return _undetermined(unread[0].sentence, unread[0].hint, because=unread)
    if not passes and not_reproduced is None:
        return _undetermined("We couldn't check anything.")
    if not_reproduced is not None:
        return _undetermined(
            "The failure couldn't be reproduced: the call works now, and everything we can check is correct.",
            f"{not_reproduced.hint} If a server error was reported, it was on Genesys Cloud's side.",
            because=[not_reproduced],
        )
    warnings = [finding for finding in findings if finding.outcome == Outcome.WARN]
    because = (*passes, *(warning.anchor for warning in warnings))
    coverage = _coverage(findings, worked)
    sentence = f"No problem found. {coverage.sentence}" + (f" Warning: {warnings[0].sentence}" if warnings else "")
    certainty: Certainty = "likely" if unknown or warnings or not coverage.covers_the_complaint else "proved"
    return Verdict(causes.NONE, certainty, sentence, because=because)


def _unexplained(findings: Sequence[AnyFinding], named: list[CauseCandidate], response: AnyFinding) -> Verdict:
    """The call failed, and no finding explains why."""
    unread = _most_informative(
        [
            finding
            for finding in findings
            if finding.outcome == Outcome.ERROR and find_check(finding.check_id).is_decisive
        ]
    )
    contradicted = response.code in ("permission_missing", "division_missing")
    if unread is not None and not (contradicted and unread.code not in PROBLEM_CODES):
        return _undetermined(
            f"The call failed, and we couldn't read what would explain it. {unread.sentence}",
            f"{unread.hint} Then check again." if unread.hint else "Check again later.",
            because=[response, unread],
        )
    compared = next(
        (
            finding
            for finding in findings
            if finding.check_id == "route.oracle" and finding.code in COMPARISONS_THAT_SUGGEST_A_CAUSE
        ),
        None,
    )
    if compared is not None and response.evidence.get("status") == 404:
        sentence = f"The call failed, and we can't prove a single cause. {compared.sentence}"
        return _undetermined(sentence, compared.hint, because=[response, compared])
    if response.outcome == Outcome.ERROR:  # a response that hides what happened
        return _undetermined(response.sentence, response.hint, because=[response])
    if named and not contradicted:
        first = named[0].finding
        described = (
            f"{response.evidence.get('status') or ''} {response.evidence.get('code') or ''}".strip() or "that response"
        )
        return _undetermined(
            f"The problem we found doesn't explain the response ({described}), so the cause is open. The problem: {first.sentence}",
            f"Fix the problem, then repeat the call and paste the new response. {first.hint}".strip(),
            because=[response, first],
        )
    sentence, remedy = CONTRADICTED if contradicted else ALL_RIGHT_NOW
    return _undetermined(sentence, remedy, because=[response])


def _undetermined(sentence: str, remedy: str = "", *, because: Iterable[AnyFinding] = ()) -> Verdict:
    anchors = tuple(finding.anchor for finding in because)
    return Verdict(causes.UNDETERMINED, "undetermined", sentence, remedy, because=anchors)


@dataclass(frozen=True)
class Coverage:
    """What a run that found no problem has checked, and whether that includes what the person complained about."""

    sentence: str
    covers_the_complaint: bool


def _coverage(findings: Sequence[AnyFinding], worked: bool) -> Coverage:
    areas = {finding.check_id.partition(".")[0] for finding in findings}
    if worked:
        return Coverage("The call worked, and everything else we checked is correct.", True)
    if "request" in areas:
        return Coverage(
            "The call and the org's setup are correct. We didn't send the call itself, and no response was given.",
            False,
        )
    if "conversation" in areas:
        return Coverage(
            "The conversation and the org's setup are correct. No call was given, and we didn't start a session.", False
        )
    return Coverage("The org's setup is correct. No call or conversation was given.", True)


def _live_start_verdict(start: AnyFinding, findings: Sequence[AnyFinding]) -> Verdict:
    """The verdict of a run that tried to start a real session: only that attempt counts."""
    if start.outcome != Outcome.PASS:
        return _undetermined(start.sentence, start.hint, because=[start])
    passes = [finding.anchor for finding in findings if finding.outcome == Outcome.PASS]
    return Verdict(causes.NONE, "proved", start.sentence, because=tuple(dict.fromkeys([start.anchor, *passes])))


def _unchecked(findings: Sequence[AnyFinding]) -> tuple[NotChecked, ...]:
    unchecked = [finding for finding in findings if finding.outcome == Outcome.ERROR]
    unchecked += [finding for finding in findings if finding.code in ("not_given", "out_of_time")]
    return tuple(NotChecked(finding.sentence, finding.hint) for finding in unchecked)


def _ruled_out(findings: Sequence[AnyFinding], verdict: Verdict) -> tuple[str, ...]:
    if verdict.cause == causes.NONE:
        return ()
    nodes = list(NODES)
    passes = [
        finding for finding in findings if finding.outcome == Outcome.PASS and find_check(finding.check_id).rules_out
    ]
    return tuple(f.anchor for f in sorted(passes, key=lambda f: nodes.index(find_check(f.check_id).node)))
