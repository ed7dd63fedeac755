"""A run as its page tells it: the answer, the proof, the mend, what stayed open, and everything underneath."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import FindingChange, compare
from diagnostics.engine import causes
from diagnostics.runs.models import Exchange, Finding, Run

AREA_TITLES = {
    "request": "The call itself",
    "answer": "The answer you got",
    "oauth": "OAuth client and token",
    "conversation": "The conversation",
    "provider": "Cobrowse providers",
    "permissions": "Permissions",
    "deployments": "Web deployments",
    "route": "What a 404 hides",
    "reach": "The way to the org",
    "limits": "The rate limit",
    "session": "The live start",
}
SNIPPETS = (
    ("python", "the Python SDK"),
    ("java", "the Java SDK"),
    ("javascript", "the JavaScript SDK"),
    ("dotnet", "the .NET SDK"),
    ("go", "the Go SDK"),
    ("gc", "the gc command line"),
)
CERTAINTIES = ("proved", "likely", "undetermined")
MOST_SHOWN = 2000  # characters of one piece of evidence


@dataclass(frozen=True)
class FindingLine:
    """A finding with the title of its check."""

    finding: Finding
    title: str

    @property
    def html_id(self) -> str:
        return f"finding-{self.finding.position}"

    @property
    def outcome(self) -> Outcome:
        return self.finding.outcome_value

    @property
    def evidence(self) -> list[tuple[str, str]]:
        held = self.finding.evidence
        pairs = held.items() if isinstance(held, dict) else [("evidence", held)]
        return [(str(name).replace("_", " "), shown(value)) for name, value in pairs]


@dataclass(frozen=True)
class FindingArea:
    """The findings of one area, in the order in which they came."""

    title: str
    lines: tuple[FindingLine, ...]

    @property
    def tally(self) -> list[tuple[Outcome, int]]:
        counted = Counter(line.outcome for line in self.lines)
        return [(outcome, counted[outcome]) for outcome in Outcome if counted[outcome]]


@dataclass(frozen=True)
class VerdictText:
    """The verdict's own words. An empty sentence means that there is no verdict."""

    cause: str
    title: str
    certainty: str
    sentence: str
    remedy: str


@dataclass(frozen=True)
class NotCheckedText:
    sentence: str
    who: str


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
class WaterfallBar:
    """An exchange and its stretch of the run, in hundredths of the whole."""

    exchange: Exchange
    start: float
    width: float


@dataclass(frozen=True)
class Since:
    """What became of one finding since the run that was repeated. `before` or `after` may be missing."""

    title: str
    subject: str
    change: FindingChange
    before: Finding | None
    after: Finding | None
    reason: str


@dataclass(frozen=True)
class Report:
    """`proof` is what is wrong among the findings the verdict names, `confirmed` what is right among them."""

    answer: VerdictText
    proof: tuple[FindingLine, ...]
    confirmed: tuple[FindingLine, ...]
    ruled_out: tuple[FindingLine, ...]
    mend: FixText
    unchecked: tuple[NotCheckedText, ...]
    also: tuple[tuple[str, str], ...]
    areas: tuple[FindingArea, ...]
    lines: tuple[FindingLine, ...]
    bars: tuple[WaterfallBar, ...]
    to_come: tuple[str, ...]
    done: int
    planned: int


def build(run: Run, findings: Sequence[Finding], exchanges: Sequence[Exchange], titles: Mapping[str, str]) -> Report:
    """Renders honestly whatever the verdict holds: what is missing or of an older shape stays away."""
    verdict = _mapping(run.verdict)
    lines = tuple(FindingLine(finding, titles.get(finding.check_id, finding.check_id)) for finding in findings)
    planned = _texts(run.planned)
    begun = {finding.check_id for finding in findings}
    to_come = [check for check in planned if check not in begun]
    steps = _texts(_mapping(verdict.get("mend")).get("steps"))
    answer = _answer(run, verdict, steps)
    proof = _named(lines, _texts(verdict.get("because")))
    return Report(
        answer=answer,
        proof=tuple(line for line in proof if line.outcome != Outcome.PASS),
        confirmed=tuple(line for line in proof if line.outcome == Outcome.PASS),
        ruled_out=_named(lines, _texts(verdict.get("ruled_out"))),
        mend=_fix(_mapping(verdict.get("mend")), steps=tuple(step for step in steps if step != answer.remedy)),
        unchecked=tuple(_unchecked(verdict.get("unchecked"))),
        also=tuple((cause, causes.title_of(cause)) for cause in _texts(verdict.get("also"))),
        areas=_areas(lines),
        lines=lines,
        bars=_waterfall(exchanges),
        to_come=tuple(titles.get(check, check) for check in to_come),
        done=len(planned) - len(to_come),
        planned=len(planned),
    )


def _answer(run: Run, verdict: Mapping[str, Any], steps: Sequence[str]) -> VerdictText:
    """The remedy in one step: where it is all steps in a row, the rest stands with the mend."""
    remedy = _text(verdict.get("remedy"))
    cause = _text(verdict.get("cause")) or run.cause
    certainty = _text(verdict.get("certainty")) or run.certainty
    return VerdictText(
        cause=cause,
        title=causes.PART_IS_RIGHT if run.is_part and cause == causes.NONE else causes.title_of(cause),
        certainty=certainty if certainty in CERTAINTIES else "",
        sentence=_text(verdict.get("sentence")) or causes.title_of(cause),
        remedy=steps[0] if steps and remedy.startswith(steps[0]) else remedy,
    )


def since(
    run: Run, before: Iterable[Finding], after: Iterable[Finding], titles: Mapping[str, str]
) -> tuple[Since, ...]:
    """What changed, of the checks that both runs have in their plans."""
    before = list(before)
    asked = {each.check_id for each in before} | set(_texts(run.repeats.planned if run.repeats else None))
    planned = asked.intersection(_texts(run.planned))
    old = {(each.check_id, each.subject): each for each in before if each.check_id in planned}
    new = {(each.check_id, each.subject): each for each in after if each.check_id in planned}
    return tuple(
        Since(
            title=titles.get(each.check_id, each.check_id),
            subject=each.subject,
            change=each.change,
            before=old.get((each.check_id, each.subject)),
            after=new.get((each.check_id, each.subject)),
            reason=each.reason,
        )
        for each in compare(old.values(), new.values())
    )


def _named(lines: Iterable[FindingLine], anchors: Sequence[str]) -> tuple[FindingLine, ...]:
    """The findings of those anchors, in the order in which the verdict names them."""
    by_anchor = {line.finding.anchor: line for line in lines}
    return tuple(by_anchor[anchor] for anchor in anchors if anchor in by_anchor)


def _fix(mend: Mapping[str, Any], steps: tuple[str, ...]) -> FixText:
    """`steps` are those that do not stand with the answer already."""
    snippets = _mapping(mend.get("snippets"))
    permissions = (_mapping(item) for item in _items(mend.get("permissions")))
    return FixText(
        steps=steps,
        menu_path=_text(mend.get("menu_path")),
        permissions=tuple(each for each in permissions if each.get("api")),
        one_is_enough=mend.get("one_is_enough") is True,
        curl=_text(mend.get("curl")),
        snippets=tuple(
            Snippet(key, label, _text(snippets.get(key))) for key, label in SNIPPETS if _text(snippets.get(key))
        ),
    )


def _unchecked(items: object) -> Iterable[NotCheckedText]:
    for item in _items(items):
        if isinstance(item, str):
            yield NotCheckedText(item, "")
        elif sentence := _text(_mapping(item).get("sentence")):
            yield NotCheckedText(sentence, _text(_mapping(item).get("who")))


def _areas(lines: Sequence[FindingLine]) -> tuple[FindingArea, ...]:
    """Areas always in the same order, those without a title of ours last; checks run side by side, in any order."""
    places = {area: place for place, area in enumerate(AREA_TITLES)}
    ordered = sorted(lines, key=lambda line: (places.get(_area(line), len(places)), _area(line), line.finding.position))
    return tuple(
        FindingArea(AREA_TITLES.get(area, area.capitalize()), tuple(group))
        for area, group in groupby(ordered, key=_area)
    )


def _area(line: FindingLine) -> str:
    return line.finding.check_id.split(".", 1)[0]


def _waterfall(exchanges: Sequence[Exchange]) -> tuple[WaterfallBar, ...]:
    if not exchanges:
        return ()
    origin = min(exchange.started_at for exchange in exchanges)
    starts = [(exchange.started_at - origin).total_seconds() * 1000 for exchange in exchanges]
    whole = max(start + exchange.ms for start, exchange in zip(starts, exchanges, strict=True)) or 1.0
    return tuple(
        WaterfallBar(exchange, round(min(100 * start / whole, 99), 2), round(max(100 * exchange.ms / whole, 1), 2))
        for start, exchange in zip(starts, exchanges, strict=True)
    )


def shown(value: object) -> str:
    """Any piece of evidence as a person reads it, cut where it is very long."""
    text = value if isinstance(value, str) and value else _as_text(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} … ({len(text):,} characters in all)"


def _as_text(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return "\n".join(str(item) for item in value) or "none"
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in _items(value) if isinstance(item, str) and item)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
