"""Judges a client's API usage by the API reference alone: which calls fail, and what in the call itself explains it.

Pure. A call that succeeds at least once isn't accused of a wrong path, because then the path exists.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.call_review import review_call
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.documents.usage import UsageRow
from diagnostics.genesys.paths import UUID
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.inputs import Inputs

# Below this, a share says little: 3 of 5 lookups may well fail by chance.
MIN_REQUESTS = 20
# A lookup of something that may be absent often gets a 404, so only a majority of rejected requests is a problem.
REJECTED_SHARE = 0.5
# A client that keeps to Retry-After rarely gets a 429, so one in twenty already shows one that doesn't.
RATE_LIMITED_SHARE = 0.05

REJECTED = "usage.rejected"  # no cause of the engine: counts alone don't tell why
PATH_NOT_IN_API = "path.not_in_api"
USER_REQUIRED = "authz.user_context_required"
RATE_LIMITED = "env.rate_limited"
SAMPLE_ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
HOST = "https://api.mypurecloud.com"  # any region: without a host a path without /api/v2 would be completed
PARAMETER = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True)
class CallProblem:
    """A failing call. `cause` is a code of engine.causes or `REJECTED`; `failed` counts the responses that show it."""

    method: str
    template: str
    cause: str
    sentence: str
    remedy: str
    requests: int
    failed: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class _Call:
    """All rows of one method and template."""

    method: str
    template: str
    rows: tuple[UsageRow, ...]

    def total(self, name: str) -> int:
        return sum(getattr(row, name) for row in self.rows)


def review_usage(rows: Iterable[UsageRow], contract: Contract, *, has_gateway: bool | None) -> tuple[CallProblem, ...]:
    """The problems of one client's calls, most failures first. `has_gateway` is None if it isn't known.

    With a gateway, or if that isn't known, the gateway's own paths are left out.
    """
    problems = [problem for call in _calls(rows) for problem in _problems_of(call, contract, has_gateway)]
    return tuple(sorted(problems, key=lambda problem: (-problem.failed, problem.template, problem.method)))


def _calls(rows: Iterable[UsageRow]) -> list[_Call]:
    """Counts of several days belong together, and so do paths that differ only in their IDs."""
    grouped: dict[tuple[str, str], list[UsageRow]] = {}
    for row in rows:
        grouped.setdefault((row.method, UUID.sub("{id}", row.template)), []).append(row)
    return [_Call(method, template, tuple(found)) for (method, template), found in grouped.items()]


def _problems_of(call: _Call, contract: Contract, has_gateway: bool | None) -> list[CallProblem]:
    rejected, rate_limited = call.total("rejected"), call.total("rate_limited")
    if not rejected and not rate_limited:
        return []
    path = PARAMETER.sub(SAMPLE_ID, call.template)
    operation = contract.match(call.method, path).operation
    requests = max(1, call.total("requests"))
    if operation is None:
        is_always_rejected = rejected and not call.total("succeeded")
        problem = _path_problem(call, path, contract, has_gateway) if is_always_rejected else None
        return [problem] if problem else []
    if operation.user_only and rejected and not call.total("succeeded"):
        sentence = "This operation needs a signed-in user, so it never works with client credentials."
        remedy = "Use another operation, or the authorization code grant with PKCE."
        return [_problem(call, USER_REQUIRED, sentence, remedy, rejected)]
    found = []
    if requests >= MIN_REQUESTS and rejected / requests >= REJECTED_SHARE:
        sentence = "The path and the method are right, but Genesys Cloud rejects most of these requests."
        remedy = "Check one of these calls with its response to see why."
        found.append(_problem(call, REJECTED, sentence, remedy, rejected))
    if requests >= MIN_REQUESTS and rate_limited / requests >= RATE_LIMITED_SHARE:
        sentence = "Many of these requests exceed the rate limit."
        remedy = "Send fewer requests, and after a 429 wait as long as the Retry-After header says."
        found.append(_problem(call, RATE_LIMITED, sentence, remedy, rate_limited))
    return found


def _path_problem(call: _Call, path: str, contract: Contract, has_gateway: bool | None) -> CallProblem | None:
    review = review_call(Inputs(call=FailingCall(call.method, f"{HOST}{path}")), contract)
    cause, sentence, remedy = review.verdict.cause, review.verdict.sentence, review.verdict.remedy
    on_path = review.finding("request.path")
    if has_gateway is False and on_path is not None and on_path.outcome == Outcome.ERROR:
        cause, sentence, remedy = PATH_NOT_IN_API, f"This path isn't in the Genesys Cloud API: {path}.", on_path.hint
    if causes.family_of(cause) != "path":
        return None
    return _problem(call, cause, _with_placeholder(sentence), _with_placeholder(remedy), call.total("rejected"))


def _with_placeholder(text: str) -> str:
    return text.replace(SAMPLE_ID, "{id}")


def _problem(call: _Call, cause: str, sentence: str, remedy: str, failed: int) -> CallProblem:
    days = sorted(row.day for row in call.rows if row.day)
    first, last = (days[0], days[-1]) if days else (None, None)
    return CallProblem(call.method, call.template, cause, sentence, remedy, call.total("requests"), failed, first, last)
