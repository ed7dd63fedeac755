"""The data of a run page: verdict, evidence, fix, what was not checked, findings by area, and requests."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import ComparedFinding, compare
from diagnostics.engine import causes
from diagnostics.engine.as_it_was import NO_ZONE
from diagnostics.genesys.fields import items, mapping, mappings, moment, text, texts
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.waterfall import Waterfall, waterfall_of

AREA_TITLES = {
    "request": "Call",
    "answer": "Response",
    "oauth": "OAuth client and token",
    "conversation": "Conversation",
    "provider": "Providers",
    "permissions": "Permissions",
    "deployments": "Web deployments",
    "route": "Route",
    "reach": "Network",
    "limits": "Rate limit",
    "session": "Session start",
}
SNIPPETS = (
    ("python", "Python SDK"),
    ("java", "Java SDK"),
    ("javascript", "JavaScript SDK"),
    ("dotnet", ".NET SDK"),
    ("go", "Go SDK"),
    ("gc", "gc command line"),
)
# Families of causes, and causes, that a corrected call fixes. Elsewhere the call is right and a setting is wrong.
FIXED_BY_A_CALL = frozenset(
    {"path", "host", "body", "provider", "auth.header_malformed", "auth.token_request_malformed", "conv.id_malformed"}
)
CERTAINTIES = ("proved", "likely", "undetermined")
MAX_EVIDENCE = 2000  # characters of one piece of evidence
# Our own text, of any length.
_text, _texts = partial(text, limit=1_000_000), partial(texts, limit=1_000_000)


@dataclass(frozen=True)
class FindingLine:
    finding: Finding
    title: str

    @property
    def html_id(self) -> str:
        return f"finding-{self.finding.position}"

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.finding.outcome)

    @property
    def evidence(self) -> list[tuple[str, str]]:
        evidence = self.finding.evidence
        pairs = evidence.items() if isinstance(evidence, dict) else [("evidence", evidence)]
        return [(str(name).replace("_", " "), evidence_text(value)) for name, value in pairs]


@dataclass(frozen=True)
class FindingArea:
    """The findings of one area, in run order."""

    title: str
    lines: tuple[FindingLine, ...]

    @property
    def tally(self) -> list[tuple[Outcome, int]]:
        counted = Counter(line.outcome for line in self.lines)
        return [(outcome, counted[outcome]) for outcome in Outcome if counted[outcome]]


@dataclass(frozen=True)
class VerdictText:
    """The verdict's text. An empty sentence means that there is no verdict."""

    cause: str
    title: str
    certainty: str
    sentence: str
    remedy: str


@dataclass(frozen=True)
class AsOfText:
    """When the failure was and how sure the verdict is of that time. `evidence` are the findings of then, as JSON."""

    at: datetime | None
    sentence: str
    changes: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class NotCheckedText:
    sentence: str
    who: str


@dataclass(frozen=True)
class RivalText:
    """The strongest rival of the verdict's cause, and the findings that refute it."""

    cause: str
    title: str
    refuted_by: tuple[FindingLine, ...]


@dataclass(frozen=True)
class Snippet:
    key: str
    label: str
    code: str


@dataclass(frozen=True)
class FixText:
    steps: tuple[str, ...]
    menu_path: str
    permissions: tuple[Mapping[str, str], ...]
    one_is_enough: bool
    curl: str
    snippets: tuple[Snippet, ...]

    def __bool__(self) -> bool:
        return bool(self.steps or self.menu_path or self.permissions or self.curl or self.snippets)


@dataclass(frozen=True)
class Report:
    """Each finding is in exactly one of the four groups. They are of the run's own time, as `today` is.

    If the failure was at another time (`as_of`), `verdict` and `fix` are about that; else `today` is None.

    `evidence` are the verdict's findings, `ruled_out` those that refute other causes, `problems` the other failures and
    warnings, and `areas` the rest. `problem_causes` are the causes besides the verdict's, as (code, title). `rival` is
    None if the verdict is not proven, of an older version, or about another time.
    """

    verdict: VerdictText
    today: VerdictText | None
    as_of: AsOfText | None
    evidence: tuple[FindingLine, ...]
    ruled_out: tuple[FindingLine, ...]
    rival: RivalText | None
    problems: tuple[FindingLine, ...]
    areas: tuple[FindingArea, ...]
    problem_causes: tuple[tuple[str, str], ...]
    fix: FixText
    not_checked: tuple[NotCheckedText, ...]
    lines: tuple[FindingLine, ...]
    waterfall: Waterfall | None
    pending: tuple[str, ...]
    done: int
    planned: int

    @property
    def others(self) -> int:
        return sum(len(area.lines) for area in self.areas)


def build(run: Run, findings: Sequence[Finding], exchanges: Sequence[Exchange], titles: Mapping[str, str]) -> Report:
    """Accepts a verdict of any shape, such as from an older version, and leaves out what is missing."""
    verdict = mapping(run.verdict)
    lines = tuple(FindingLine(finding, titles.get(finding.check_id, finding.check_id)) for finding in findings)
    planned = _texts(run.planned)
    started = {finding.check_id for finding in findings}
    pending = [check for check in planned if check not in started]
    steps = _texts(verdict, "fix", "steps")
    shown = _verdict_text(run, verdict, steps)
    fix, as_of, today = mapping(verdict, "fix"), mapping(verdict, "as_of"), mapping(verdict, "as_of", "today")
    verdict = today or verdict
    evidence = _lines_at(lines, (*_texts(verdict, "because"), *_texts(verdict, "supported_by")))
    ruled_out = tuple(line for line in _lines_at(lines, _texts(verdict, "ruled_out")) if line not in evidence)
    rival, refuting = _text(verdict, "rival", "cause"), _lines_at(lines, _texts(verdict, "rival", "refuted_by"))
    rest = [line for line in lines if line not in evidence and line not in ruled_out]
    problems = tuple(line for line in rest if line.outcome in (Outcome.FAIL, Outcome.WARN))
    return Report(
        verdict=shown,
        today=_verdict_text(run, today, ()) if today else None,
        as_of=_as_of_text(as_of, titles) if as_of else None,
        evidence=tuple(sorted(evidence, key=lambda line: line.outcome == Outcome.PASS)),
        ruled_out=ruled_out,
        rival=RivalText(rival, causes.title_of(rival), refuting) if rival and refuting and not today else None,
        problems=problems,
        areas=_areas([line for line in rest if line not in problems]),
        problem_causes=tuple((cause, causes.title_of(cause)) for cause in _texts(verdict, "also")),
        fix=_fix(
            fix,
            steps=tuple(step for step in steps if step != shown.remedy),
            with_call=_needs_another_call(shown.cause, lines),
            about_access=causes.family_of(shown.cause) == "authz",
        ),
        not_checked=tuple(_not_checked(verdict)),
        lines=lines,
        waterfall=waterfall_of(exchanges, run.critical_path_ms),
        pending=tuple(titles.get(check, check) for check in pending),
        done=len(planned) - len(pending),
        planned=len(planned),
    )


def _needs_another_call(cause: str, lines: Sequence[FindingLine]) -> bool:
    """Whether a corrected call helps: the call is wrong, or the run had none and found nothing wrong."""
    if {cause, causes.family_of(cause)} & FIXED_BY_A_CALL:
        return True
    of_call = [line for line in lines if line.finding.check_id.startswith("request.")]
    if any(line.outcome == Outcome.FAIL for line in of_call):
        return True
    return cause in (causes.NONE, causes.UNDETERMINED) and all(line.outcome == Outcome.SKIP for line in of_call)


def _verdict_text(run: Run, verdict: Mapping[str, Any], steps: Sequence[str]) -> VerdictText:
    """The verdict with the first step of the remedy only; the other steps are in the fix."""
    remedy, cause = _text(verdict, "remedy"), _text(verdict, "cause") or run.cause
    certainty = _text(verdict, "certainty") or run.certainty
    return VerdictText(
        cause=cause,
        title=causes.PART_IS_RIGHT if run.is_part and cause == causes.NONE else causes.title_of(cause),
        certainty=certainty if certainty in CERTAINTIES else "",
        sentence=_text(verdict, "sentence") or causes.title_of(cause),
        remedy=steps[0] if steps and remedy.startswith(steps[0]) else remedy,
    )


def _as_of_text(as_of: Mapping[str, Any], titles: Mapping[str, str]) -> AsOfText:
    return AsOfText(
        at=moment(as_of, "time") if as_of.get("basis") != NO_ZONE else None,
        sentence=_text(as_of, "sentence"),
        changes=tuple(_texts(as_of, "changes")),
        evidence=tuple(
            {**each, "title": titles.get(str(each.get("check")), "")} for each in mappings(as_of, "evidence")
        ),
    )


def compare_with_repeated(
    run: Run, before: Sequence[Finding], after: Iterable[Finding], titles: Mapping[str, str]
) -> tuple[ComparedFinding, ...]:
    """What changed in the checks that both this run and the repeated run planned."""
    checked_before = {finding.check_id for finding in before}
    if run.repeats:
        checked_before |= set(_texts(run.repeats.planned))
    planned = checked_before.intersection(_texts(run.planned))
    old, new = ([finding for finding in findings if finding.check_id in planned] for findings in (before, after))
    return compare(old, new, titles)


def _lines_at(lines: Iterable[FindingLine], anchors: Sequence[str]) -> tuple[FindingLine, ...]:
    """The findings with those anchors, in the verdict's order."""
    by_anchor = {line.finding.anchor: line for line in lines}
    return tuple(by_anchor[anchor] for anchor in anchors if anchor in by_anchor)


def _fix(fix: Mapping[str, Any], steps: tuple[str, ...], *, with_call: bool, about_access: bool) -> FixText:
    """`steps` are those that the verdict doesn't already show. The required permissions matter for a call and for access."""
    snippets = mapping(fix, "snippets") if with_call else {}
    permissions = mappings(fix, "permissions") if with_call or about_access else []
    return FixText(
        steps=steps,
        menu_path=_text(fix, "menu_path"),
        permissions=tuple(permission for permission in permissions if permission.get("api")),
        one_is_enough=fix.get("one_is_enough") is True,
        curl=_text(fix, "curl") if with_call else "",
        snippets=tuple(Snippet(key, label, _text(snippets, key)) for key, label in SNIPPETS if _text(snippets, key)),
    )


def _not_checked(verdict: Mapping[str, Any]) -> Iterable[NotCheckedText]:
    for item in items(verdict, "unchecked") or ():
        if sentence := _text(item) or _text(item, "sentence"):
            yield NotCheckedText(sentence, _text(item, "who"))


def _areas(lines: Sequence[FindingLine]) -> tuple[FindingArea, ...]:
    """Areas in the order of AREA_TITLES, others last. Checks run in parallel, so findings come in any order."""
    ranks = {area: rank for rank, area in enumerate(AREA_TITLES)}
    ordered = sorted(lines, key=lambda line: (ranks.get(_area(line), len(ranks)), _area(line), line.finding.position))
    return tuple(
        FindingArea(AREA_TITLES.get(area, area.capitalize()), tuple(group))
        for area, group in groupby(ordered, key=_area)
    )


def _area(line: FindingLine) -> str:
    return line.finding.check_id.split(".", 1)[0]


def evidence_text(value: object) -> str:
    """One value of the evidence as readable text, truncated if very long."""
    text = value if isinstance(value, str) and value else _as_text(value)
    return text if len(text) <= MAX_EVIDENCE else f"{text[:MAX_EVIDENCE]} … ({len(text):,} characters in all)"


def _as_text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return "\n".join(str(item) for item in value) or "none"
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)
