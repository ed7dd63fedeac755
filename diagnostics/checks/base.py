"""The interface of a check: its context, its result, and how it is registered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from diagnostics.checks.net import REAL, Net
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys import gateway
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.documents import grants, token_info
from diagnostics.genesys.documents.conversation import Conversation
from diagnostics.genesys.documents.gateway_providers import GatewayProviders
from diagnostics.genesys.documents.grants import Grants
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.paths import is_uuid
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.parsing.call import FailingCall, ReceivedResponse
from diagnostics.parsing.intent import Aim

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """The result of a check for one subject. `code` is stable; `sentence` and `hint` are for people."""

    outcome: Outcome
    code: str
    sentence: str
    hint: str = ""
    subject: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a run checks, fixed when the run is created.

    `org_id` is the org as last verified. It and `conversation_id` are "" if unknown.
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


class ClaimFailed(Exception):
    """Whether a run may start a session couldn't be stored, so it must not."""


@dataclass(frozen=True)
class CheckContext:
    """Everything a check can use.

    `aim` is what the failing call tries to do, None if no call was given. `note` is what the user wrote about it.
    `company_gateway` is the URL of the company's own gateway in front of the API, "" for none; it is only compared with
    URLs. `may_start` uses up the permission to start a real session: it returns True at most once per run, and
    raises ClaimFailed if it can't. `now` returns the current time, or for stored evidence the time when it was recorded.
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

    def conversation(self) -> Conversation | UnreadableResponse:
        """The conversation whose ID was given, else the one in the path of the call."""
        path = self.conversation_path()
        return Conversation.parse(self.genesys.get(path) if path else OrgResponse(None))

    def conversation_path(self) -> str:
        """ "" without the ID of a conversation."""
        id = self.target.conversation_id or (self.aim.id_text if self.aim else "")
        return f"/api/v2/conversations/{id}" if is_uuid(id) else ""

    def token_info(self) -> TokenInfo | UnreadableResponse:
        return TokenInfo.parse(self.genesys.get(token_info.PATH))

    def grants(self) -> Grants | UnreadableResponse:
        return Grants.parse(self.genesys.get(grants.PATH, **grants.QUERY))

    def gateway_providers(self) -> GatewayProviders | UnreadableResponse:
        return GatewayProviders.parse(self.genesys.get(gateway.PROVIDERS_PATH))


Read = tuple[str, dict[str, str | int]]  # a path and its query
CheckFunction = Callable[[CheckContext], Iterable[Result]]


def no_reads(ctx: CheckContext) -> Iterable[Read]:
    return ()


NEEDS = ("call", "answer", "conversation", "start")
# The parts of a call that must all work, in the order in which it passes through them: node -> label.
NODES = {
    "call": "Call",
    "host": "Host",
    "token": "Token",
    "permission": "Permission",
    "route": "Route",
    "conversation": "Conversation",
    "deployment": "Deployment",
    "provider": "Provider",
}


@dataclass(frozen=True)
class Check:
    """A registered check. It runs once all of `after` are done, unless one of them failed, erred or was skipped.

    `node` is the part of the chain it checks (see NODES), "" if it judges the outcome of the whole chain.
    `needs` are the inputs without which it isn't planned. `version` goes up when its results change for the same
    evidence. A `last` check runs after all others, whatever their outcome, and evaluates their responses without sending
    anything. An `if_all_right` check runs after those, and only if no check found a problem. `reads` lists everything it
    may request, such as "GET /api/v2/tokens/me", with the contract's parameter names; a final `*` matches any path, and
    anything but an HTTP request is described in words. `first_reads` returns the reads that it does for these inputs
    whatever the responses are: they are sent before its turn, as soon as there is a token.

    The rest is for those who read its results. `about` says what a problem belongs to: the "call", the "conversation",
    the "response", or "" for the org. A pass of a check that `rules_out` is listed in the verdict. If an `is_decisive`
    check is inconclusive, the verdict can't be that nothing is wrong. `verifies_client` checks run when a client is
    connected. `depends_on` are the kinds of fact that the check reads, `affected_by` those that can change what it reads;
    comparisons of runs use both.
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
    first_reads: Callable[[CheckContext], Iterable[Read]] = no_reads
    node: str = ""
    about: str = ""
    rules_out: bool = False
    is_decisive: bool = False
    verifies_client: bool = False
    depends_on: tuple[str, ...] = ()
    affected_by: tuple[str, ...] = ()


_registry: dict[str, Check] = {}


def check(id: str, **declared: Any) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check function under an ID such as `oauth.token`, whose first part is its module.

    `declared` are the other fields of `Check`; `title` is required.
    """

    def register(function: CheckFunction) -> CheckFunction:
        registered = Check(id, run=function, **declared)
        if id in _registry:
            raise ValueError(f"Two checks are called {id}.")
        if unknown := set(registered.needs) - set(NEEDS):
            raise ValueError(f"{id} needs {unknown}, which is not an input.")
        if registered.node and registered.node not in NODES:
            raise ValueError(f"{id} belongs to {registered.node}, which is not a node.")
        _registry[id] = registered
        return function

    return register


def find_check(id: str) -> Check:
    """The check of this ID; one that decides nothing if this version doesn't have it."""
    return _registry.get(id) or Check(id, id, lambda _: ())


def all_checks() -> tuple[Check, ...]:
    """Every registered check, sorted by ID."""
    return tuple(_registry[key] for key in sorted(_registry))


def titles() -> dict[str, str]:
    """Check ID -> title."""
    return {registered.id: registered.title for registered in all_checks()}


def planned_checks(inputs: frozenset[str]) -> tuple[Check, ...]:
    """The checks whose needed inputs are all available. `inputs` is a subset of NEEDS."""
    return tuple(candidate for candidate in all_checks() if inputs.issuperset(candidate.needs))


def branch_of(id: str, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The part of a plan to run again for one check: the checks that depend on it, and everything that these depend on.

    () if the check isn't in the plan. For a `last` check it's the whole plan, because it evaluates all others.
    """
    plan = {planned.id: planned for planned in checks}
    if id not in plan:
        return ()
    if plan[id].last:
        return tuple(plan.values())
    branch = {id}
    while more := {planned.id for planned in plan.values() if branch.intersection(planned.after)} - branch:
        branch |= more
    while more := {prerequisite for key in branch for prerequisite in plan[key].after if prerequisite in plan} - branch:
        branch |= more
    return tuple(planned for planned in plan.values() if planned.id in branch)


def passed(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.PASS, code, sentence, hint, subject, evidence or {})


def warned(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.WARN, code, sentence, hint, subject, evidence or {})


def failed(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.FAIL, code, sentence, hint, subject, evidence or {})


def skipped(code: str, sentence: str, *, hint: str = "", subject: str = "", evidence: Evidence | None = None) -> Result:
    return Result(Outcome.SKIP, code, sentence, hint, subject, evidence or {})


def from_screenshot(result: Result) -> Result:
    """The result for a call from a screenshot: a failure becomes unclear, because a letter may be misread."""
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
    """An inconclusive result: neither a pass nor a fail."""
    return Result(Outcome.ERROR, code, sentence, hint, subject, evidence or {})
