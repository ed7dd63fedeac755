"""Checks how much of the client's rate limit is left, from the responses of the other checks."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction

from diagnostics.checks.base import CheckContext, Evidence, Result, check, passed, skipped, unclear, warned
from diagnostics.genesys.documents.limits import RateLimit, describe_wait, wait_seconds
from diagnostics.genesys.response import OrgResponse

LOW = Fraction(1, 10)  # of the allowed calls


@check("limits.headroom", title="Rate limit", node="token", last=True)
def limits_headroom(ctx: CheckContext) -> Iterator[Result]:
    yield judge_headroom(ctx.genesys.responses, ctx.now())


def judge_headroom(responses: Iterable[OrgResponse], now: datetime) -> Result:
    """By the `inin-ratelimit-*` headers, which differ by resource. The lowest one counts."""
    lowest: tuple[RateLimit, OrgResponse] | None = None
    for response in responses:
        if response.status == 429:
            return _exhausted(response, now)
        limit = RateLimit.parse(response)
        if limit is not None and (lowest is None or limit.fraction < lowest[0].fraction):
            lowest = limit, response
    if lowest is None:
        return skipped("not_told", "No response showed how much of the rate limit is left.")
    limit, response = lowest
    left, count, allowed = limit.fraction, limit.used, limit.allowed
    proof: Evidence = {
        "count": count,
        "allowed": allowed,
        "reset_s": response.header("inin-ratelimit-reset")[:20],
        "url": response.exchange.url if response.exchange else "",
    }
    if left < LOW:
        return warned(
            "low",
            f"{float(left):.0%} of the rate limit ({allowed}/min) is left.",
            hint="Something else uses this client too. Send its requests less often, or give each program its own client.",
            evidence=proof,
        )
    return passed("enough", f"{float(left):.0%} of the rate limit ({allowed}/min) is left.", evidence=proof)


def _exhausted(refusal: OrgResponse, now: datetime) -> Result:
    wait = wait_seconds(refusal, now)
    duration = f" for {describe_wait(wait)}" if wait is not None else ""
    return unclear(
        "rate_limited",
        f"The rate limit of this client is exceeded: the API says to wait{duration}. We stopped sending requests, "
        "so the remaining checks are inconclusive.",
        hint=f"Send nothing with this client{duration}, then check again. A new token doesn't help"
        + (", and no program should retry earlier." if wait is not None and wait > 180 else "."),
        evidence={"wait_s": wait, "retry_after": refusal.header("Retry-After")[:60], "code": refusal.code},
    )
