"""Does the client's rate limit leave room, by what the answers said that were read anyway?"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction

from diagnostics.checks.base import CheckContext, Evidence, Result, check, passed, skipped, unclear, warned
from diagnostics.genesys.response import OrgResponse
from diagnostics.genesys.retry_after import describe_wait, number_in, stated_wait

LOW = Fraction(1, 10)  # of what is allowed


@check("limits.headroom", title="The rate limit leaves room", last=True)
def limits_headroom(ctx: CheckContext) -> Iterator[Result]:
    yield judge_headroom(ctx.genesys.seen, ctx.now())


def judge_headroom(answers: Iterable[OrgResponse], now: datetime) -> Result:
    """By the `inin-ratelimit-*` headers of each answer, which differ by resource: the tightest counts."""
    found = list(answers)
    refusal = next((each for each in found if each.status == 429), None)
    if refusal is not None:
        return _exhausted(refusal, now)
    told = [(left, each) for each in found if (left := _left(each)) is not None]
    if not told:
        return skipped("not_told", "No answer said how much of the rate limit is left.")
    left, answer = min(told, key=lambda each: each[0])
    count, allowed, reset = (answer.header(f"inin-ratelimit-{name}") for name in ("count", "allowed", "reset"))
    proof: Evidence = {
        "count": int(count),
        "allowed": int(allowed),
        "reset_s": reset[:20],
        "url": answer.exchange.url if answer.exchange else "",
    }
    if left < LOW:
        return warned(
            "low",
            f"{count} of the {allowed} calls that this client may make per minute are used; {float(left):.0%} is left.",
            hint="Something else uses this client as well. Space its calls out, or give each program a client of its own.",
            evidence=proof,
        )
    return passed(
        "enough", f"{float(left):.0%} of the {allowed} calls that are allowed at a time is left.", evidence=proof
    )


def _left(answer: OrgResponse) -> Fraction | None:
    """The part of the limit that is left, 0 to 1; None where the answer does not tell."""
    count, allowed = (
        number_in(answer.header("inin-ratelimit-count")),
        number_in(answer.header("inin-ratelimit-allowed")),
    )
    return Fraction(max(0, allowed - count), allowed) if count is not None and allowed else None


def _exhausted(refusal: OrgResponse, now: datetime) -> Result:
    wait = wait_seconds(refusal, now)
    how_long = f" for {describe_wait(wait)}" if wait is not None else ""
    return unclear(
        "rate_limited",
        f"The rate limit of this client is exhausted: the API said to wait{how_long}. Nothing more was sent, "
        "so what had not been read by then is unknown.",
        hint=f"Send nothing with this client{how_long}, then check again. A new token is no way round the limit"
        + (", and no program should retry before." if wait is not None and wait > 180 else "."),
        evidence={"wait_s": wait, "retry_after": refusal.header("Retry-After")[:60], "code": refusal.code},
    )


def wait_seconds(refusal: OrgResponse, now: datetime) -> int | None:
    """Of a 429 of ours: Retry-After, else the reset of the limit."""
    wait = stated_wait(refusal.header("Retry-After"), now)
    return wait if wait is not None else number_in(refusal.header("inin-ratelimit-reset"))
