"""Finds the reason why a cause appeared or disappeared between two runs: the facts that changed, and the certainty."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from diagnostics.checks.base import find_check
from diagnostics.comparison.fact import Effect, Fact
from diagnostics.comparison.org_changes import ObservedOrgChange, are_opposite, matches, relevant_changes
from diagnostics.comparison.side import Side
from diagnostics.engine.finding import AnyFinding
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES
from diagnostics.genesys.fields import items, mapping

RANKED = ("pass", "warn", "fail")
# Settings of a deployment that can't be the reason on their own.
NOT_DECISIVE = ("version", "name")
# Kinds of fact that always differ between two clients, so they explain nothing.
IDENTITY = frozenset({"client", "client_name", "org", "region", "secret"})
# A different response in the input is a symptom, so it is a reason only if there is no other.
SYMPTOM = "answer"
# Kinds of fact about the call. They are ignored as indirect reasons if there is a direct one.
CALL = frozenset({"path", "method", "body", "headers", "conversation", "answer", "sdk_method"})


@dataclass(frozen=True)
class ChangeReason:
    """`direct` are the changed facts that the deciding checks read, `indirect` those that can change what they read.

    `unread` are facts that one of the runs didn't read; `changed_findings` findings that changed because the
    conversation moved on; `changed_versions` the checks whose version changed. `not_checked` means that the good run
    didn't run the deciding checks.
    """

    certainty: str  # proved, likely, or undetermined if nothing explains it
    direct: tuple[Fact, ...] = ()
    indirect: tuple[Fact, ...] = ()
    org_changes: tuple[ObservedOrgChange, ...] = ()
    unread: tuple[Fact, ...] = ()
    changed_findings: tuple[AnyFinding, ...] = ()
    changed_versions: tuple[str, ...] = ()
    not_checked: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (*self.direct, *self.indirect)

    @property
    def explains(self) -> bool:
        return bool(self.direct or self.indirect or self.org_changes or self.changed_findings)


def reason_for(
    bad: Side,
    good: Side,
    facts: Sequence[Fact],
    org_changes: Sequence[ObservedOrgChange],
    effect: Effect,
    *,
    comparable: bool,
) -> ChangeReason:
    """Why `bad` has its cause and `good`, the other run, doesn't.

    `effect` is that of a change that explains it, in the order of the facts: LOST if the cause appeared, GAINED if it
    disappeared.
    """
    deciding = bad.deciding_findings()
    checks = tuple(dict.fromkeys(finding.check_id for finding in deciding)) or checks_of(bad.cause)
    if deciding and good.check_ids.isdisjoint(checks):
        return ChangeReason("undetermined", not_checked=True)
    kinds = kinds_of(checks)
    relevant = [
        fact
        for fact in facts
        if fact.is_changed and fact.effect in (effect, Effect.OTHER) and _is_relevant(fact, deciding)
    ]
    direct = tuple(fact for fact in relevant if fact.kind in kinds[0])
    if any(fact.kind != SYMPTOM for fact in direct):
        direct = tuple(fact for fact in direct if fact.kind != SYMPTOM)
    ignored = (CALL if direct else frozenset()) | (frozenset() if bad.client_pk == good.client_pk else IDENTITY)
    indirect = [fact for fact in relevant if fact.kind in kinds[1] and fact.kind not in ignored]
    keys = {fact.key for fact in direct}  # of deployments whose new version was published with their changes
    versions = [fact for fact in facts if fact.kind == "deployment" and fact.part == "version"]
    indirect += [fact for fact in versions if fact.is_changed and fact.key in keys]
    facts_to_name = (*direct, *indirect)
    matching = tuple(
        change
        for change in org_changes
        if not are_opposite(change.effect, effect) and any(matches(change, fact) for fact in facts_to_name)
    )
    if not facts_to_name:
        matching = relevant_changes(org_changes, (*kinds[0], *kinds[1]), effect)
    changed_findings: tuple[AnyFinding, ...] = ()
    if not matching and {fact.kind for fact in facts_to_name} <= {"conversation"}:
        changed_findings = _conversation_changes(deciding, good, effect)
    reason = ChangeReason(
        "",
        direct,
        tuple(indirect),
        matching,
        unread=tuple(fact for fact in facts if fact.is_unknown and fact.kind in (*kinds[0], *kinds[1])),
        changed_findings=changed_findings,
        changed_versions=_changed_versions(deciding, good),
    )
    return _with_certainty(reason, bad, good, deciding, comparable=comparable)


def _with_certainty(
    reason: ChangeReason, bad: Side, good: Side, deciding: tuple[AnyFinding, ...], *, comparable: bool
) -> ChangeReason:
    certainty = "undetermined"
    if reason.explains:
        certainty = "likely"
        has_one_topic = len({_topic(fact) for fact in reason.facts}) == 1 or reason.changed_findings
        kinds = {fact.kind for fact in reason.direct}
        direct = [finding for finding in deciding if kinds.intersection(link_of(finding.check_id).direct)]
        was_observed = (direct and all(_was_ranked(finding, good) for finding in direct)) or reason.changed_findings
        if comparable and bad.certainty == "proved" and has_one_topic and was_observed and not reason.changed_versions:
            certainty = "proved"
    return replace(reason, certainty=certainty)


def _is_relevant(fact: Fact, deciding: Iterable[AnyFinding]) -> bool:
    """Whether the fact is about what the deciding findings are about. Missing evidence rules nothing out."""
    evidence = [(finding.check_id, finding.subject, mapping(finding.evidence)) for finding in deciding]
    if fact.kind == "permission":
        needs = {str(need).lower() for check, _, details in evidence for need in items(details, "needs") or ()}
        return not needs or fact.key in needs
    if fact.kind == "scope":
        subjects = {subject for check, subject, _ in evidence if check == "oauth.scopes" and subject}
        return not subjects or fact.key in subjects
    if fact.kind == "provider":
        wanted = {str(details["wanted"]).casefold() for _, _, details in evidence if details.get("wanted")}
        named = {fact.key.casefold(), str(fact.before).casefold(), str(fact.after).casefold()}
        return not wanted or bool(wanted & named)
    if fact.kind == "deployment" and fact.part == "channels":
        channels = {str(details["channel"]).lower() for _, _, details in evidence if details.get("channel")}
        differ = set(_split(fact.before)) ^ set(_split(fact.after))
        return not channels or bool(channels & differ)
    if fact.kind == "deployment" and not fact.part:
        return fact.effect is not Effect.OTHER  # a deployment without cobrowse explains nothing
    return not (fact.kind == "deployment" and fact.part in NOT_DECISIVE)


def _topic(fact: Fact) -> str:
    """Facts with the same topic count as one change: a permission is lost because its role was."""
    return "call" if fact.kind in CALL else {"role": "permission"}.get(fact.kind, fact.kind)


def _changed_versions(deciding: Iterable[AnyFinding], other: Side) -> tuple[str, ...]:
    """The deciding checks that have another version in the other run."""
    versions: dict[str, set[int]] = {}
    for finding in other.findings:
        versions.setdefault(finding.check_id, set()).add(finding.check_version)
    changed = (
        finding.check_id
        for finding in deciding
        if versions.get(finding.check_id, {finding.check_version}) != {finding.check_version}
    )
    return tuple(dict.fromkeys(changed))


def _was_ranked(finding: AnyFinding, other: Side) -> bool:
    same = [candidate for candidate in other.findings if candidate.check_id == finding.check_id]
    return bool(same) and all(candidate.outcome in RANKED for candidate in same)


def _conversation_changes(deciding: tuple[AnyFinding, ...], other: Side, effect: Effect) -> tuple[AnyFinding, ...]:
    """Findings about the conversation, which changes without any setting changing, as in the later run."""
    ranked = [
        finding for finding in deciding if finding.check_id.startswith("conversation.") and finding.outcome in RANKED
    ]
    known_before = [finding for finding in ranked if _was_ranked(finding, other)]
    if effect is Effect.LOST:
        return tuple(known_before)
    checks = {finding.check_id for finding in known_before}
    return tuple(finding for finding in other.findings if finding.check_id in checks)


def _split(text: str | None) -> list[str]:
    return [part.strip().lower() for part in (text or "").split(",")]


@dataclass(frozen=True)
class Link:
    """`direct` are the kinds of fact that the check reads, `indirect` those that can change what it reads."""

    direct: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        return (*self.direct, *self.indirect)


# Families of causes that are transient: no setting explains them.
TRANSIENT = frozenset({"env", "response"})


def link_of(check_id: str) -> Link:
    """An empty link for an unknown check."""
    check = find_check(check_id)
    return Link(check.depends_on, check.affected_by)


def checks_of(cause: str) -> tuple[str, ...]:
    """The checks that can lead to a cause. Used for a verdict that lists no findings."""
    rules = (*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS))
    proofs = (proof.split(":")[0] for row in PROBLEM_RULES if row.cause == cause for proof in row.proof)
    return tuple(dict.fromkeys([*(rule.check for rule in rules if rule.cause == cause), *proofs]))


def kinds_of(checks: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The direct and the indirect kinds of several checks. A kind that is direct for one of them isn't indirect."""
    links = [link_of(check) for check in checks]
    direct = tuple(dict.fromkeys(kind for link in links for kind in link.direct))
    indirect = (kind for link in links for kind in link.indirect if kind not in direct)
    return direct, tuple(dict.fromkeys(indirect))
