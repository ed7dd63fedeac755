"""One time axis with runs, configuration changes and incidents, as positions for an SVG and as rows of a table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from diagnostics.web.charts import Scale, Tick, time_ticks

LEAST_WIDTH = 0.8  # percent, so that a short incident stays visible
MARGIN = 0.03  # of the length, free on both sides


@dataclass(frozen=True)
class Event:
    """What happened at a time, or until `ended_at`. `lane` is run, change or incident; `tone` that of an outcome."""

    at: datetime
    lane: str
    tone: str
    label: str
    url: str = ""
    ended_at: datetime | None = None
    is_suspect: bool = False


@dataclass(frozen=True)
class Mark:
    """An event and its place on the axis, in percent."""

    event: Event
    start: float
    width: float


@dataclass(frozen=True)
class TimeAxis:
    """`broke_from` and `broke_width` are the time between the last good and the first bad run; width 0 if unknown."""

    runs: tuple[Mark, ...]
    changes: tuple[Mark, ...]
    incidents: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    events: tuple[Event, ...]
    broke_from: float
    broke_width: float


def time_axis(
    events: Sequence[Event], now: datetime, zone: tzinfo, broke: tuple[datetime, datetime] | None = None
) -> TimeAxis:
    """`events` in any order; at least one. `broke` holds the times of the last good and the first bad run."""
    ordered = sorted(events, key=lambda event: event.at)
    since = min(event.at for event in ordered)
    margin = max((now - since) * MARGIN, timedelta(minutes=1))
    since, until = since - margin, now + margin
    scale = Scale.of_times(since, until)

    def mark(event: Event) -> Mark:
        start = scale.at(event.at)
        width = scale.at(event.ended_at or now) - start if event.lane == "incident" else 0.0
        return Mark(event, start, max(round(width, 2), LEAST_WIDTH))

    def marks(lane: str) -> tuple[Mark, ...]:
        return tuple(mark(event) for event in ordered if event.lane == lane)

    broke_from = scale.at(broke[0]) if broke else 0.0
    return TimeAxis(
        runs=marks("run"),
        changes=marks("change"),
        incidents=marks("incident"),
        ticks=tuple(time_ticks(since, until, zone)),
        events=tuple(reversed(ordered)),
        broke_from=broke_from,
        broke_width=max(round(scale.at(broke[1]) - broke_from, 2), LEAST_WIDTH) if broke else 0.0,
    )
