"""Four weeks in the life of two demo clients: what was run when, and in which state of the org."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

PUBLISHED_CLIENT = "Demo: published API"
GATEWAY_CLIENT = "Demo: provider gateway"
WEEKS = 4
HEALTH_HOURS = (7, 11, 15)
GATEWAY_HEALTH_HOURS = (7, 15)


@dataclass(frozen=True)
class Take:
    """One run worth telling. Without a scenario it is a health run; `changes` is the client's state in the org."""

    client: str
    scenario: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    at: datetime
    take: str


NO_ROLE: dict[str, Any] = {"grants": ()}
NO_COBROWSE_SCOPE: dict[str, Any] = {"scopes": ("conversation:read", "conversation:write", "cobrowse:read")}
TAKES: dict[str, Take] = {
    "healthy": Take(PUBLISHED_CLIENT),
    "unwell": Take(PUBLISHED_CLIENT, changes=NO_ROLE),
    "call": Take(PUBLISHED_CLIENT, "healthy-web"),
    "call without role": Take(PUBLISHED_CLIENT, "healthy-web", NO_ROLE),
    "call on advice": Take(PUBLISHED_CLIENT, "thread-advice"),
    "call as in the thread": Take(PUBLISHED_CLIENT, "thread-call"),
    "call too late": Take(PUBLISHED_CLIENT, "conversation-ended"),
    "call too early": Take(PUBLISHED_CLIENT, "conversation-queued"),
    "gateway healthy": Take(GATEWAY_CLIENT),
    "gateway call": Take(GATEWAY_CLIENT, "gateway-healthy"),
    "gateway call in another case": Take(GATEWAY_CLIENT, "gateway-provider-case"),
    "gateway call without scope": Take(GATEWAY_CLIENT, "gateway-scope-cobrowse", NO_COBROWSE_SCOPE),
}
# Days before today, hour, take. A role is removed on day 18 and given back on day 16; on day 9 somebody "mends" the
# path with advice from the web; at the gateway a scope is lost on day 13 and a provider renamed on day 5.
DIAGNOSES: tuple[tuple[int, int, str], ...] = (
    (26, 10, "call"),
    (21, 15, "call too early"),
    (18, 9, "call without role"),
    (17, 11, "call without role"),
    (16, 10, "call"),
    (13, 9, "gateway call without scope"),
    (13, 12, "gateway call"),
    (11, 16, "call too late"),
    (9, 9, "call as in the thread"),
    (9, 10, "call on advice"),
    (8, 9, "call on advice"),
    (8, 11, "call"),
    (5, 8, "gateway call in another case"),
    (5, 10, "gateway call"),
    (2, 14, "call"),
)
DAYS_WITHOUT_ROLE = (18, 17)


def moments(today: datetime) -> list[Moment]:
    """Every run of the story, oldest first; the newest is of yesterday. The same day gives the same story."""
    random = Random(20)  # noqa: S311  (minutes on a clock, no secret)
    found = [Moment(at(today, days, hour, random), take) for days, hour, take in DIAGNOSES]
    found += [Moment(at(today, days, hour, random), take) for days, hour, take in health_runs()]
    return sorted(found, key=lambda moment: moment.at)


def health_runs() -> Iterator[tuple[int, int, str]]:
    for days in range(WEEKS * 7, 0, -1):
        for hour in HEALTH_HOURS:
            yield days, hour, "unwell" if days in DAYS_WITHOUT_ROLE else "healthy"
        for hour in GATEWAY_HEALTH_HOURS:
            yield days, hour, "gateway healthy"


def at(today: datetime, days: int, hour: int, random: Random) -> datetime:
    start = today.replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=days)
    return start + timedelta(seconds=random.uniform(60, 1500))
