"""What runs say, one after another, of the troubles that they meet again. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import RANKS
from diagnostics.engine.finding import Finding

LONGEST_ABOUT = 200
# Whose findings are about one conversation, and whose about the call that was brought; all others are about the org.
OF_CONVERSATION = frozenset({"conversation", "route", "session"})
OF_CALL = frozenset({"request", "permissions"})
PROBLEM_OUTCOMES = frozenset({Outcome.WARN.value, Outcome.FAIL.value})
# The answer that was brought is the sign of a trouble, and none itself: nothing in the org could be mended about it.
SIGNS = frozenset({"answer"})


@dataclass(frozen=True)
class Key:
    """What makes two troubles of a client the same one."""

    check_id: str
    about: str
    subject: str
    code: str


@dataclass(frozen=True)
class IssueHistory:
    """One trouble, from the first run that met it. `ended_at` is None while it goes on."""

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
    """One closed run. One that `is_whole` asked all that it had planned, and came to its end."""

    run_id: int
    at: datetime
    is_whole: bool
    target: str
    conversation_id: str
    findings: tuple[Finding, ...]

    def key_of(self, finding: Finding) -> Key:
        about = about_of(finding.check_id, self.target, self.conversation_id)
        return Key(finding.check_id, about, finding.subject, finding.code)

    @property
    def troubles(self) -> dict[Key, Finding]:
        """What is wrong or will bite, by what makes it the same as in another run."""
        return {
            self.key_of(each): each
            for each in self.findings
            if each.outcome in PROBLEM_OUTCOMES and each.check_id.split(".", 1)[0] not in SIGNS
        }

    @property
    def abouts(self) -> dict[str, str]:
        """By check what its findings in this run are about."""
        checks = {each.check_id for each in self.findings}
        return {check: about_of(check, self.target, self.conversation_id) for check in checks}

    def is_over(self, key: Key) -> bool:
        """Does this run, which speaks of the same thing, see that the trouble is there no more?

        What could not be told says nothing. A subject of which nothing is said any more is over where its check came to
        its end in a whole run.
        """
        said = [each for each in self.findings if each.check_id == key.check_id]
        of_subject = next((each for each in said if each.subject == key.subject), None)
        if of_subject is None:
            return self.is_whole and all(each.outcome in RANKS for each in said)
        return of_subject.outcome in RANKS and (
            of_subject.outcome not in PROBLEM_OUTCOMES or of_subject.code != key.code
        )


def about_of(check_id: str, target: str, conversation_id: str) -> str:
    """What a check's findings in a run are about beside the org: "" for the org itself, and for starting a session."""
    area = check_id.split(".", 1)[0]
    if area in OF_CONVERSATION:
        return f"conversation:{conversation_id}"[:LONGEST_ABOUT] if conversation_id else ""
    kind, _, rest = target.partition(":")
    if kind == "call" and (area in OF_CALL or check_id == "provider.match"):
        return f"call:{rest.partition(':')[2]}"[:LONGEST_ABOUT]
    return ""


def lives_after(lives: Mapping[Key, IssueHistory], told: Iterable[ClosedRun]) -> dict[Key, IssueHistory]:
    """What becomes of the troubles by these runs, in whatever order they closed."""
    after = dict(lives)
    for run in told:
        met, abouts = run.troubles, run.abouts
        for key, life in after.items():
            if abouts.get(key.check_id) == key.about and key not in met and run.is_over(key):
                after[key] = ended(life, run.at)
        for key, finding in met.items():
            after[key] = after_occurrence(after.get(key), run, finding)
    return after


def after_occurrence(life: IssueHistory | None, run: ClosedRun, finding: Finding) -> IssueHistory:
    """A run that looked before another one did changes nothing that the later one saw."""
    if life is None:
        return IssueHistory(finding.outcome, finding.sentence, run.run_id, run.run_id, run.at, run.at)
    life = replace(life, times=life.times + 1)
    if run.at < life.first_seen_at:
        return replace(life, first_seen_at=run.at, first_run_id=run.run_id)
    if run.at < life.last_seen_at:
        return life
    life = replace(
        life, last_seen_at=run.at, last_run_id=run.run_id, outcome=finding.outcome, sentence=finding.sentence
    )
    if life.ended_at is not None and run.at > life.ended_at:
        return replace(life, ended_at=None, reopened=life.reopened + 1, reopened_at=run.at)
    return life


def ended(life: IssueHistory, at: datetime) -> IssueHistory:
    """The earliest run after the last that met it is the one with which it ended."""
    if at <= life.last_seen_at or (life.ended_at is not None and life.ended_at <= at):
        return life
    return replace(life, ended_at=at)
