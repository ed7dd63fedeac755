"""Groups the causes of runs into issues: what makes two causes the same issue, and how runs open, resolve and reopen it.

Pure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import RANKS
from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES

LONGEST_TARGET = 200
PROBLEM_OUTCOMES = frozenset({Outcome.WARN.value, Outcome.FAIL.value})
# A cause that only these areas show is one of the pasted call: a run of the org could not find it.
CALL_AREAS = frozenset({"request", "answer"})
CALL_FAMILIES = frozenset({"path", "host", "body"})
CALL_CAUSES = frozenset(
    {
        "auth.header_malformed",
        "auth.token_request_malformed",
        "authz.user_context_required",
        "provider.mismatch",
        "provider.not_in_contract",
    }
)
CONVERSATION_CAUSES = frozenset({"authz.not_a_party", "config.offer_expired"})
CLIENT_FAMILIES = frozenset({"auth", "authz"})
IDS = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
RULES_OF_CAUSES = (*RULES, *(rule for rule, _ in REFUSALS), *DEPARTURES)


@dataclass(frozen=True)
class IssueKey:
    org: str
    cause: str
    target: str


@dataclass(frozen=True)
class IssueHistory:
    """What runs reported about one issue. `resolved_at` is None while it is open.

    `check_id`, `subject`, `code`, `outcome` and `sentence` are those of the finding that proved it in the newest run,
    and `client_id` is that run's client.
    """

    client_id: int
    check_id: str
    subject: str
    code: str
    outcome: str
    sentence: str
    first_run_id: int | None
    last_run_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None
    occurrences: int = 1
    times_reopened: int = 0
    reopened_at: datetime | None = None


@dataclass(frozen=True)
class ClosedRun:
    """A closed run. `is_whole` means that it finished and was not a re-check of one branch.

    `call` is the method and path of the pasted call, "" if there was none.
    """

    run_id: int
    at: datetime
    is_whole: bool
    org: str
    client_id: int
    call: str
    conversation_id: str
    findings: tuple[AnyFinding, ...]
    verdict: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def cause(self) -> str:
        return str(self.verdict.get("cause", ""))

    @cached_property
    def problems(self) -> dict[IssueKey, AnyFinding | None]:
        """The run's issues and the finding that proves each."""
        found: dict[IssueKey, AnyFinding | None] = {}
        for cause in (self.cause, *(str(cause) for cause in self.verdict.get("also") or ())):
            if cause not in ("", causes.NONE, causes.UNDETERMINED):
                found.setdefault(self.key_of(cause), self.proof_of(cause))
        return found

    def key_of(self, cause: str) -> IssueKey:
        return IssueKey(self.org, cause, self._target_of(cause))

    def proof_of(self, cause: str) -> AnyFinding | None:
        """The finding that shows the cause; one of the org rather than the pasted response."""
        shows = _findings_that_show(cause, self.findings)
        if cause == self.cause:
            because = {*(self.verdict.get("because") or ()), *(self.verdict.get("supported_by") or ())}
            shows = [finding for finding in shows if finding.anchor in because] or [
                finding for finding in self.findings if finding.anchor in because and finding.outcome != Outcome.PASS
            ]
        return next((finding for finding in shows if _area(finding) != "answer"), shows[0] if shows else None)

    def _target_of(self, cause: str) -> str:
        """A cause of the pasted call alone belongs to its call; the others to the conversation, the client or the org."""
        family = causes.family_of(cause)
        proof = self.proof_of(cause)
        is_of_org = proof is not None and proof.check_id == "provider.configured"
        is_of_call = family in CALL_FAMILIES or cause in CALL_CAUSES or (proof and _area(proof) in CALL_AREAS)
        if is_of_call and self.call and not is_of_org:
            return f"call:{self.call}"[:LONGEST_TARGET]
        if (family == "conv" or cause in CONVERSATION_CAUSES) and self.conversation_id:
            return f"conversation:{self.conversation_id}"[:LONGEST_TARGET]
        return f"client:{self.client_id}" if family in CLIENT_FAMILIES else ""

    @cached_property
    def targets(self) -> frozenset[str]:
        """The targets that the run is about."""
        targets = ("", f"client:{self.client_id}", f"call:{self.call}", f"conversation:{self.conversation_id}")
        return frozenset(target[:LONGEST_TARGET] for target in targets)

    def resolves(self, key: IssueKey, history: IssueHistory) -> bool:
        """Whether this run shows that the issue is gone. A run about something else resolves nothing.

        An inconclusive or skipped result resolves nothing either. If the check reports nothing about the subject, the
        issue is resolved only when the run is whole and all results of the check are conclusive.
        """
        if key.org != self.org or key.target not in self.targets or key in self.problems:
            return False
        if not history.check_id:
            return self.is_whole and self.cause not in ("", causes.UNDETERMINED)
        findings = [finding for finding in self.findings if finding.check_id == history.check_id]
        current = next((finding for finding in findings if finding.subject == history.subject), None)
        if current is None:
            return bool(findings) and self.is_whole and all(finding.outcome in RANKS for finding in findings)
        return current.outcome in RANKS and (current.outcome not in PROBLEM_OUTCOMES or current.code != history.code)


def org_key(org_id: str, client_id: int) -> str:
    """Identifies an org; until its ID is known, each client counts as one."""
    return org_id or f"client-{client_id}"


def call_name(inputs: Mapping[str, Any]) -> str:
    """The method and path of a run's call, with its IDs left out, so that the same mistake is one issue.

    `inputs` is the JSON of the run, of any shape.
    """
    call = inputs.get("call")
    texts = call if isinstance(call, dict) else {}
    method, url, sdk_method = (str(texts.get(name) or "") for name in ("method", "url", "sdk_method"))
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    name = f"{method} {IDS.sub('{id}', path) or sdk_method}".strip()
    return name[: LONGEST_TARGET - len("call:")]


def update_histories(
    histories: Mapping[IssueKey, IssueHistory], runs: Iterable[ClosedRun]
) -> dict[IssueKey, IssueHistory]:
    """The histories after these runs, given in any order."""
    after = dict(histories)
    for run in runs:
        for key, history in after.items():
            if run.resolves(key, history):
                after[key] = with_resolution(history, run.at)
        for key, proof in run.problems.items():
            after[key] = with_occurrence(after.get(key), run, key, proof)
        undetermined = run.key_of(causes.UNDETERMINED)
        if run.cause == causes.UNDETERMINED and undetermined in after:
            after[undetermined] = with_occurrence(after[undetermined], run, undetermined, None)
    return after


def first_history(run: ClosedRun, key: IssueKey, proof: AnyFinding | None) -> IssueHistory:
    sentence = str(run.verdict.get("sentence") or "") if key.cause == run.cause else ""
    return IssueHistory(
        client_id=run.client_id,
        check_id=proof.check_id if proof else "",
        subject=proof.subject if proof else "",
        code=proof.code if proof else "",
        outcome=Outcome.WARN if proof is not None and proof.outcome == Outcome.WARN else Outcome.FAIL,
        sentence=sentence or (proof.sentence if proof else causes.title_of(key.cause)),
        first_run_id=run.run_id,
        last_run_id=run.run_id,
        first_seen_at=run.at,
        last_seen_at=run.at,
    )


def with_occurrence(
    history: IssueHistory | None, run: ClosedRun, key: IssueKey, proof: AnyFinding | None
) -> IssueHistory:
    """The history with this occurrence added. An earlier run does not override what a later run reported."""
    newest = first_history(run, key, proof)
    if history is None:
        return newest
    history = replace(history, occurrences=history.occurrences + 1)
    if run.at < history.first_seen_at:
        return replace(history, first_seen_at=run.at, first_run_id=run.run_id)
    if run.at < history.last_seen_at:
        return history
    is_back = history.resolved_at is not None and run.at > history.resolved_at
    return replace(
        newest,
        first_seen_at=history.first_seen_at,
        first_run_id=history.first_run_id,
        occurrences=history.occurrences,
        resolved_at=None if is_back else history.resolved_at,
        times_reopened=history.times_reopened + is_back,
        reopened_at=run.at if is_back else history.reopened_at,
    )


def with_resolution(history: IssueHistory, at: datetime) -> IssueHistory:
    """The history with the end of the issue: the earliest passing run after the last occurrence."""
    if at <= history.last_seen_at or (history.resolved_at is not None and history.resolved_at <= at):
        return history
    return replace(history, resolved_at=at)


def changes_of(before: IssueHistory | None, after: IssueHistory) -> list[str]:
    """What happened to an issue, some of issues.signals.CHANGES. `before` is None for a new issue."""
    is_reopened = before is not None and after.times_reopened > before.times_reopened
    was_open = before is None or is_reopened or before.resolved_at is None
    happened = {"new": before is None, "reopened": is_reopened, "resolved": was_open and after.resolved_at is not None}
    return [change for change, has_happened in happened.items() if has_happened]


def _findings_that_show(cause: str, findings: Iterable[AnyFinding]) -> list[AnyFinding]:
    findings = list(findings)
    shows = [
        finding
        for rule in RULES_OF_CAUSES
        if rule.cause == cause
        for finding in findings
        if finding.check_id == rule.check and finding.code in rule.codes
    ]
    for problem in PROBLEM_RULES:
        if problem.cause == cause:
            shows += [finding for finding in findings if f"{finding.check_id}:{finding.code}" in problem.proof]
            shows += [finding for finding in findings if (finding.outcome, finding.code) == ("error", problem.code)]
    return shows


def _area(finding: AnyFinding) -> str:
    return finding.check_id.split(".", 1)[0]
