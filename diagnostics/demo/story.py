"""The demo's story: the states of four clients' orgs over four weeks, and the runs made in that time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

PUBLISHED_CLIENT = "Demo: published API"
GATEWAY_CLIENT = "Demo: provider gateway"
PRODUCTION_CLIENT = "Demo: Larkspur production"
SANDBOX_CLIENT = "Demo: Larkspur sandbox"
CLIENTS = (PUBLISHED_CLIENT, GATEWAY_CLIENT, PRODUCTION_CLIENT, SANDBOX_CLIENT)
WEEKS = 4
READING_HOURS = (2, 8, 14, 20)
HEALTH_HOURS = {
    PUBLISHED_CLIENT: (7, 11, 15),
    GATEWAY_CLIENT: (7, 15),
    PRODUCTION_CLIENT: (7, 15),
    SANDBOX_CLIENT: (7,),
}


@dataclass(frozen=True)
class OrgState:
    """How a client's org differed from the one that the demo serves today.

    `client` holds attributes of the OAuth client, `published` the version of the messenger configuration and whether it
    had cobrowse on, and `renamed` a provider's ID today and its ID then.
    """

    client: dict[str, Any] = field(default_factory=dict)
    published: tuple[str, bool] | None = None
    renamed: tuple[str, str] | None = None


@dataclass(frozen=True)
class StoryStep:
    """The org was in `state` from this time on: `days` before today at `hour`, or from the start if `days` is None."""

    state: str
    days: int | None = None
    hour: float = 0


@dataclass(frozen=True)
class StoryRun:
    """A run of the story: the diagnosis of a scenario, or a health check if `scenario` is ""."""

    client: str
    scenario: str
    state: str


@dataclass(frozen=True)
class Moment:
    at: datetime
    run: StoryRun


TODAY = "as today"
OLD_NAME = ("genesys", "Genesys")
STATES: dict[str, OrgState] = {
    TODAY: OrgState(),
    "role removed": OrgState(client={"grants": ()}),
    "old provider id": OrgState(renamed=OLD_NAME),
    "scope lost": OrgState(
        client={"scopes": ("conversation:read", "conversation:write", "cobrowse:read")}, renamed=OLD_NAME
    ),
    "version 3, on": OrgState(published=("3", True)),
    "version 4, off": OrgState(published=("4", False)),
    "version 5, on": OrgState(published=("5", True)),
}
STEPS: dict[str, tuple[StoryStep, ...]] = {
    PUBLISHED_CLIENT: (StoryStep(TODAY), StoryStep("role removed", 19, 17.5), StoryStep(TODAY, 16, 6.5)),
    GATEWAY_CLIENT: (
        StoryStep("old provider id"),
        StoryStep("scope lost", 14, 17.5),
        StoryStep("old provider id", 13, 11.5),
        StoryStep(TODAY, 6, 18.5),
    ),
    # Cobrowse is switched off by mistake, on again, and three days ago off once more.
    PRODUCTION_CLIENT: (
        StoryStep("version 3, on"),
        StoryStep("version 4, off", 12, 13.5),
        StoryStep("version 5, on", 11, 13.5),
        StoryStep(TODAY, 3, 16.5),
    ),
    SANDBOX_CLIENT: (StoryStep(TODAY),),
}
# Days before today, hour, client, scenario. On day 9 somebody tries to fix the path with advice from the web.
DIAGNOSES: tuple[tuple[int, int, str, str], ...] = (
    (26, 10, PUBLISHED_CLIENT, "healthy-web"),
    (21, 15, PUBLISHED_CLIENT, "conversation-queued"),
    (20, 10, PRODUCTION_CLIENT, "production-fails"),
    (20, 11, SANDBOX_CLIENT, "sandbox-works"),
    (18, 9, PUBLISHED_CLIENT, "healthy-web"),
    (17, 11, PUBLISHED_CLIENT, "healthy-web"),
    (16, 10, PUBLISHED_CLIENT, "healthy-web"),
    (15, 10, GATEWAY_CLIENT, "gateway-provider-case"),
    (13, 9, GATEWAY_CLIENT, "gateway-provider-case"),
    (13, 15, GATEWAY_CLIENT, "gateway-provider-case"),
    (12, 16, PRODUCTION_CLIENT, "production-fails"),
    (12, 17, SANDBOX_CLIENT, "sandbox-works"),
    (11, 9, PRODUCTION_CLIENT, "production-fails"),
    (11, 15, PRODUCTION_CLIENT, "production-fails"),
    (11, 16, PUBLISHED_CLIENT, "conversation-ended"),
    (9, 8, PUBLISHED_CLIENT, "healthy-web"),
    (9, 9, PUBLISHED_CLIENT, "thread-call"),
    (9, 10, PUBLISHED_CLIENT, "thread-advice"),
    (8, 9, PUBLISHED_CLIENT, "thread-advice"),
    (8, 11, PUBLISHED_CLIENT, "healthy-web"),
    (5, 8, GATEWAY_CLIENT, "gateway-provider-case"),
    (5, 10, GATEWAY_CLIENT, "gateway-healthy"),
    (4, 10, PRODUCTION_CLIENT, "production-fails"),
    (2, 9, PRODUCTION_CLIENT, "production-fails"),
    (2, 10, SANDBOX_CLIENT, "sandbox-works"),
    (2, 14, PUBLISHED_CLIENT, "healthy-web"),
    (1, 9, PRODUCTION_CLIENT, "production-fails"),
    (1, 10, SANDBOX_CLIENT, "sandbox-works"),
)


def moments(today: datetime) -> list[Moment]:
    """Every run of the story, oldest first, up to yesterday. The result depends only on `today`."""
    random = Random(20)  # noqa: S311  (not a secret)
    days_ago = range(WEEKS * 7, 0, -1)
    health = [(days, hour, client, "") for days in days_ago for client in CLIENTS for hour in HEALTH_HOURS[client]]
    runs = [*DIAGNOSES, *health]
    found = [
        Moment(moment, StoryRun(client, scenario, step_at(client, moment, today).state))
        for days, hour, client, scenario in runs
        for moment in [at(today, days, hour, random)]
    ]
    return sorted(found, key=lambda moment: moment.at)


def sync_times(client: str, today: datetime) -> list[tuple[datetime, int]]:
    """The times of the client's syncs, oldest first, each with the index of the latest step."""
    random = Random(client)  # noqa: S311  (not a secret)
    days_and_hours = [(days, hour) for days in range(WEEKS * 7, 0, -1) for hour in READING_HOURS]
    times = sorted(at(today, days, hour, random) for days, hour in days_and_hours)
    steps = STEPS[client]
    return [(time, steps.index(step_at(client, time, today))) for time in times]


def step_at(client: str, moment: datetime, today: datetime) -> StoryStep:
    return [step for step in STEPS[client] if step.days is None or start_of(step, today) <= moment][-1]


def start_of(step: StoryStep, today: datetime) -> datetime:
    return midnight(today, step.days or 0) + timedelta(hours=step.hour)


def at(today: datetime, days: int, hour: int, random: Random) -> datetime:
    return midnight(today, days) + timedelta(hours=hour, seconds=random.uniform(60, 1500))


def midnight(today: datetime, days: int) -> datetime:
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
