"""Why one cause came, or went, between two runs: the facts that changed with it, and how sure that is the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.comparison.dependencies import checks_of, kinds_of, link_of
from diagnostics.comparison.fact import Fact, Way
from diagnostics.comparison.org_changes import ObservedOrgChange, bearing_on, fits, opposed
from diagnostics.comparison.setup import mapping_of
from diagnostics.comparison.side import Side
from diagnostics.engine.finding import Finding

RANKED = ("pass", "warn", "fail")
# Settings of a deployment that decide nothing by themselves: they go with what does.
UNDECISIVE = ("version", "name")
# Two clients differ in these by their nature: that explains nothing by itself.
IDENTITY = frozenset({"client", "client_name", "org", "region", "secret"})
# The answer that was brought shows a fault and makes none: it is named only where there is nothing else to name.
SYMPTOM = "answer"
# What a call is made of: where the fault's own fact changed, that the call is another in more than this says nothing more.
CALL = frozenset({"path", "method", "body", "headers", "conversation", "answer", "sdk_method"})


@dataclass(frozen=True)
class ChangeReason:
    """`direct` are changed facts that the deciding checks look at, `indirect` those behind them, `unread` what one of the
    runs did not read. `moved` are findings that changed although nothing that was given did: a conversation's own course.
    """

    certainty: str  # proved, likely, or undetermined where nothing explains it
    direct: tuple[Fact, ...] = ()
    indirect: tuple[Fact, ...] = ()
    seen: tuple[ObservedOrgChange, ...] = ()
    unread: tuple[Fact, ...] = ()
    moved: tuple[Finding, ...] = ()
    rejudged: tuple[str, ...] = ()
    not_asked: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Those to name: the direct ones with what stands behind them."""
        return (*self.direct, *self.indirect)

    @property
    def explains(self) -> bool:
        return bool(self.direct or self.indirect or self.seen or self.moved)


def reason_for(
    bad: Side, good: Side, facts: Sequence[Fact], seen: Sequence[ObservedOrgChange], way: Way, *, alike: bool
) -> ChangeReason:
    """Why the cause of `bad` is there and not in `good`, the other run. `way` is that of a change that brings it about, in
    the order of time in which the facts stand: LOST where the cause came, GAINED where it went.
    """
    deciding = bad.deciding()
    checks = tuple(dict.fromkeys(each.check_id for each in deciding)) or checks_of(bad.cause)
    if deciding and good.asked.isdisjoint(checks):
        return ChangeReason("undetermined", not_asked=True)
    kinds = kinds_of(checks)
    fit = [each for each in facts if each.is_changed and each.way in (way, Way.OTHER) and _bears(each, deciding)]
    direct = tuple(each for each in fit if each.kind in kinds[0])
    if any(each.kind != SYMPTOM for each in direct):
        direct = tuple(each for each in direct if each.kind != SYMPTOM)
    untold = (CALL if direct else frozenset()) | (frozenset() if bad.client_pk == good.client_pk else IDENTITY)
    indirect = [each for each in fit if each.kind in kinds[1] and each.kind not in untold]
    indirect += [each for each in facts if each.is_changed and _fits(each, direct)]
    known = (*direct, *indirect)
    told = tuple(each for each in seen if not opposed(each.way, way) and any(fits(each, one) for one in known))
    if not known:
        told = bearing_on(seen, (*kinds[0], *kinds[1]), way)
    found = ChangeReason(
        "",
        direct,
        tuple(indirect),
        told,
        unread=tuple(each for each in facts if each.is_unknown and each.kind in (*kinds[0], *kinds[1])),
        moved=_moved(deciding, good, way) if not told and {each.kind for each in known} <= {"conversation"} else (),
        rejudged=_rejudged(deciding, good),
    )
    return _judged(found, bad, good, deciding, alike=alike)


def _judged(found: ChangeReason, bad: Side, good: Side, deciding: tuple[Finding, ...], *, alike: bool) -> ChangeReason:
    certainty = "undetermined"
    if found.explains:
        certainty = "likely"
        one_story = len({_story(each) for each in found.facts}) == 1 or found.moved
        kinds = {each.kind for each in found.direct}
        spoken = [each for each in deciding if kinds.intersection(link_of(each.check_id).direct)]
        observed = (spoken and all(_ranked_before(each, good) for each in spoken)) or found.moved
        if alike and bad.certainty == "proved" and one_story and observed and not found.rejudged:
            certainty = "proved"
    return replace(found, certainty=certainty)


def _bears(fact: Fact, deciding: Iterable[Finding]) -> bool:
    """Is it about the very thing that the deciding findings are about? What they do not say rules nothing out."""
    evidence = [(each.check_id, each.subject, mapping_of(each.evidence)) for each in deciding]
    if fact.kind == "permission":
        needs = {str(one).lower() for check, _, held in evidence for one in _list(held.get("needs"))}
        return not needs or fact.key in needs
    if fact.kind == "scope":
        subjects = {subject for check, subject, _ in evidence if check == "oauth.scopes" and subject}
        return not subjects or fact.key in subjects
    if fact.kind == "provider":
        wanted = {str(held["wanted"]).casefold() for _, _, held in evidence if held.get("wanted")}
        named = {fact.key.casefold(), str(fact.before).casefold(), str(fact.after).casefold()}
        return not wanted or bool(wanted & named)
    if fact.kind == "deployment" and fact.part == "channels":
        channels = {str(held["channel"]).lower() for _, _, held in evidence if held.get("channel")}
        differ = set(_split(fact.before)) ^ set(_split(fact.after))
        return not channels or bool(channels & differ)
    if fact.kind == "deployment" and not fact.part:
        return fact.way is not Way.OTHER  # one that offers nothing takes nothing with it
    return not (fact.kind == "deployment" and fact.part in UNDECISIVE)


def _fits(fact: Fact, direct: tuple[Fact, ...]) -> bool:
    return fact.kind == "deployment" and any(fact.key == each.key and fact.part == "version" for each in direct)


def _story(fact: Fact) -> str:
    """A permission is gone because its role is: one story, told by two facts."""
    return "call" if fact.kind in CALL else {"role": "permission"}.get(fact.kind, fact.kind)


def _rejudged(deciding: Iterable[Finding], other: Side) -> tuple[str, ...]:
    """The deciding checks that judge by another version in the other run."""
    versions: dict[str, set[int]] = {}
    for each in other.findings:
        versions.setdefault(each.check_id, set()).add(each.check_version)
    changed = (
        each.check_id for each in deciding if versions.get(each.check_id, {each.check_version}) != {each.check_version}
    )
    return tuple(dict.fromkeys(changed))


def _ranked_before(said: Finding, other: Side) -> bool:
    same = [each for each in other.findings if each.check_id == said.check_id]
    return bool(same) and all(each.outcome in RANKED for each in same)


def _moved(deciding: tuple[Finding, ...], other: Side, way: Way) -> tuple[Finding, ...]:
    """Findings about the conversation itself, which has a course of its own, as the later run has them."""
    about = [each for each in deciding if each.check_id.startswith("conversation.") and each.outcome in RANKED]
    seen_before = [each for each in about if _ranked_before(each, other)]
    if way is Way.LOST:
        return tuple(seen_before)
    checks = {each.check_id for each in seen_before}
    return tuple(each for each in other.findings if each.check_id in checks)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _split(text: str | None) -> list[str]:
    return [each.strip().lower() for each in (text or "").split(",")]
