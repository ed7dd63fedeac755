"""Groups findings into issues: what makes two findings the same issue, and how runs open, resolve and reopen it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from diagnostics.checks.base import find_check
from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import RANKS
from diagnostics.engine.finding import AnyFinding

LONGEST_ABOUT = 200
PROBLEM_OUTCOMES = frozenset({Outcome.WARN.value, Outcome.FAIL.value})


@dataclass(frozen=True)
class IssueKey:
    """Identifies an issue within a client."""

    check_id: str
    about: str
    subject: str
    code: str


@dataclass(frozen=True)
class IssueHistory:
    """What runs reported about one issue. `ended_at` is None while it is open."""

    outcome: str
    sentence: str
    first_run_id: int | None
    last_run_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    times: int = 1
    reopened: int = 0
    reopened_at: datetime | None = None


@dataclass(frozen=True)
class ClosedRun:
    """A closed run. `is_whole` means that it finished and was not a re-check of one branch."""

    run_id: int
    at: datetime
    is_whole: bool
    target: str
    conversation_id: str
    findings: tuple[AnyFinding, ...]

    def key_of(self, finding: AnyFinding) -> IssueKey:
        about = about_of(finding.check_id, self.target, self.conversation_id)
        return IssueKey(finding.check_id, about, finding.subject, finding.code)

    @cached_property
    def problems(self) -> dict[IssueKey, AnyFinding]:
        """The run's failures and warnings by issue key.

        A problem of the pasted response is a symptom, not an issue: nothing in the org can be fixed about it.
        """
        return {
            self.key_of(finding): finding
            for finding in self.findings
            if finding.outcome in PROBLEM_OUTCOMES and find_check(finding.check_id).about != "response"
        }

    @cached_property
    def about_by_check(self) -> dict[str, str]:
        """Check ID -> what its findings in this run are about; see `about_of`."""
        checks = {finding.check_id for finding in self.findings}
        return {check: about_of(check, self.target, self.conversation_id) for check in checks}

    def resolves(self, key: IssueKey) -> bool:
        """Whether this run shows that the issue is gone. A run about something else resolves nothing.

        An inconclusive or skipped result resolves nothing either. If the check reports nothing about the subject, the
        issue is resolved only when the run is whole and all results of the check are conclusive.
        """
        if self.about_by_check.get(key.check_id) != key.about or key in self.problems:
            return False
        findings = [finding for finding in self.findings if finding.check_id == key.check_id]
        current = next((finding for finding in findings if finding.subject == key.subject), None)
        if current is None:
            return self.is_whole and all(finding.outcome in RANKS for finding in findings)
        return current.outcome in RANKS and (current.outcome not in PROBLEM_OUTCOMES or current.code != key.code)


def about_of(check_id: str, target: str, conversation_id: str) -> str:
    """`conversation:<id>`, `call:<method> <path>`, or "" if the check's findings are about the org or starting a
    session.
    """
    about = find_check(check_id).about
    if about == "conversation":
        return f"conversation:{conversation_id}"[:LONGEST_ABOUT] if conversation_id else ""
    kind, _, rest = target.partition(":")
    if kind == "call" and about == "call":
        return f"call:{rest.partition(':')[2]}"[:LONGEST_ABOUT]
    return ""


def update_histories(
    histories: Mapping[IssueKey, IssueHistory], runs: Iterable[ClosedRun]
) -> dict[IssueKey, IssueHistory]:
    """The histories after these runs, given in any order."""
    after = dict(histories)
    for run in runs:
        for key, history in after.items():
            if run.resolves(key):
                after[key] = with_resolution(history, run.at)
        for key, finding in run.problems.items():
            after[key] = with_occurrence(after.get(key), run, finding)
    return after


def with_occurrence(history: IssueHistory | None, run: ClosedRun, finding: AnyFinding) -> IssueHistory:
    """The history with this occurrence added. An earlier run does not override what a later run reported."""
    if history is None:
        return IssueHistory(finding.outcome, finding.sentence, run.run_id, run.run_id, run.at, run.at)
    history = replace(history, times=history.times + 1)
    if run.at < history.first_seen_at:
        return replace(history, first_seen_at=run.at, first_run_id=run.run_id)
    if run.at < history.last_seen_at:
        return history
    history = replace(
        history, last_seen_at=run.at, last_run_id=run.run_id, outcome=finding.outcome, sentence=finding.sentence
    )
    if history.ended_at is not None and run.at > history.ended_at:
        return replace(history, ended_at=None, reopened=history.reopened + 1, reopened_at=run.at)
    return history


def with_resolution(history: IssueHistory, at: datetime) -> IssueHistory:
    """The history with the end of the issue: the earliest passing run after the last occurrence."""
    if at <= history.last_seen_at or (history.ended_at is not None and history.ended_at <= at):
        return history
    return replace(history, ended_at=at)
