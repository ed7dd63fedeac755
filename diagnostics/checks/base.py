"""The contract of one check: what it may touch, what it says, how it registers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from diagnostics.checks.net import REAL, Net
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import Region
from diagnostics.parsing.call import FailingCall, ReceivedResponse
from diagnostics.parsing.intent import Aim

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a check says about one subject; an unsaved value. `code` is stable, the sentence is for the screen."""

    outcome: Outcome
    code: str
    sentence: str
    hint: str = ""
    subject: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a run looks at, frozen when it was created.

    `conversation_id` and `org_id` (the org as last verified) are "" when not known.
    """

    kind: str
    region: Region
    client_name: str
    client_id: str
    conversation_id: str = ""
    org_id: str = ""


def never() -> bool:
    return False


def right_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CheckContext:
    """All that a check may touch.

    `aim` is what the failing call is after, None when no call was given; `note` what the person says of it,
    `company_gateway` the address of the company's own gateway in front of the API, "" for none: it only judges URLs.
    `may_start` gives the permission to start a real session away: true at most once for a run, whoever asks.
    `now` is the hour by which is judged: where old evidence is judged anew, the hour in which it was taken.
    """

    target: Target
    genesys: GenesysClient
    contract: Contract
    call: FailingCall | None = None
    answer: ReceivedResponse | None = None
    aim: Aim | None = None
    note: str = ""
    company_gateway: str = ""
    net: Net = REAL
    may_start: Callable[[], bool] = never
    now: Callable[[], datetime] = right_now


CheckFunction = Callable[[CheckContext], Iterable[Result]]
NEEDS = ("call", "answer", "conversation", "start")


@dataclass(frozen=True)
class Check:
    """A registered check. It runs when all of `after` ended without fail, error or skip.

    `needs` are the inputs without which it is not planned at all. `version` rises when its judgement changes.
    One that is `last` waits for all others, however they ended: it speaks of what they met, and asks nothing itself.
    One that runs only `if_all_right` comes after even these, and not at all where one of them found anything amiss.
    `reads` is all that it may ask: "GET /api/v2/tokens/me", with the contract's names for parameters; a final `*` stands
    for any path, and what is no request stands in plain words.
    """

    id: str
    title: str
    run: CheckFunction
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    version: int = 1
    last: bool = False
    if_all_right: bool = False
    reads: tuple[str, ...] = ()


_registry: dict[str, Check] = {}


def check(
    id: str,
    *,
    title: str,
    after: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    version: int = 1,
    last: bool = False,
    if_all_right: bool = False,
    reads: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check function under an id such as `oauth.token`, whose first word is its file."""

    def register(function: CheckFunction) -> CheckFunction:
        if id in _registry:
            raise ValueError(f"Two checks are called {id}.")
        if unknown := set(needs) - set(NEEDS):
            raise ValueError(f"{id} needs {unknown}, which is no input.")
        _registry[id] = Check(id, title, function, after, needs, version, last, if_all_right, reads)
        return function

    return register


def all_checks() -> tuple[Check, ...]:
    """Every registered check, by id."""
    return tuple(_registry[key] for key in sorted(_registry))


def titles() -> dict[str, str]:
    """Check id -> title, of the checks of today."""
    return {each.id: each.title for each in all_checks()}


def planned_checks(given: frozenset[str]) -> tuple[Check, ...]:
    """The checks that have the inputs they need; `given` holds words of NEEDS."""
    return tuple(each for each in all_checks() if given.issuperset(each.needs))


def branch_of(id: str, among: Iterable[Check]) -> tuple[Check, ...]:
    """The part of a plan that must be asked again to judge one check anew: what depends on it, and all that these need.

    () where the check is not in the plan. One that is `last` speaks of all others, so its branch is the whole plan.
    """
    plan = {each.id: each for each in among}
    if id not in plan:
        return ()
    if plan[id].last:
        return tuple(plan.values())
    branch = {id}
    while more := {each.id for each in plan.values() if branch.intersection(each.after)} - branch:
        branch |= more
    while more := {needed for each in branch for needed in plan[each].after if needed in plan} - branch:
        branch |= more
    return tuple(each for each in plan.values() if each.id in branch)


def passed(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.PASS, code, sentence, hint, subject, evidence or {})


def warned(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.WARN, code, sentence, hint, subject, evidence or {})


def failed(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.FAIL, code, sentence, hint, subject, evidence or {})


def skipped(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.SKIP, code, sentence, hint, subject, evidence or {})


def from_screenshot(result: Result) -> Result:
    """The result where the call was read from a picture: a letter that was misread proves nothing wrong."""
    if result.outcome != Outcome.FAIL:
        return result
    return unclear(
        "from_screenshot",
        f"This looks like text from a screenshot, so a letter may be misread. As read: {result.sentence}",
        hint="Copy the call as text to check the host and path.",
        subject=result.subject,
        evidence=result.evidence,
    )


def unclear(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    """We asked and could not tell: neither a pass nor a fail."""
    return Result(Outcome.ERROR, code, sentence, hint, subject, evidence or {})
