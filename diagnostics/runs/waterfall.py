"""The requests of a run as a waterfall: when each was sent and how long it took. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.runs.models import Exchange
from diagnostics.web.charts import Scale, Tick, duration_ticks

# A request that follows another one starts some milliseconds later, or earlier by the inaccuracy of the clocks.
CLOCK_INACCURACY = timedelta(milliseconds=3)
LEAST_WIDTH = 0.6  # percent, so that the fastest request stays visible


@dataclass(frozen=True)
class WaterfallBar:
    """One request. `start` and `width` are in percent of the axis."""

    exchange: Exchange
    start: float
    width: float
    is_critical: bool


@dataclass(frozen=True)
class Waterfall:
    """`critical_width` is the part of the axis that the run's critical path takes, 0 if unknown."""

    bars: tuple[WaterfallBar, ...]
    ticks: tuple[Tick, ...]
    duration_ms: float
    critical_ms: float
    critical_width: float


def waterfall_of(exchanges: Sequence[Exchange], critical_ms: float | None) -> Waterfall | None:
    """None without requests. `critical_ms` is the run's critical path, as the engine measured it."""
    if not exchanges:
        return None
    origin = min(exchange.started_at for exchange in exchanges)
    duration_ms = max(_ms_since(origin, _end(exchange)) for exchange in exchanges) or 1.0
    scale = Scale(0, max(duration_ms, critical_ms or 0.0))
    critical = {exchange.position for exchange in _critical_path(exchanges)}
    return Waterfall(
        bars=tuple(_bar(exchange, origin, scale, critical) for exchange in exchanges),
        ticks=tuple(duration_ticks(scale.high)),
        duration_ms=duration_ms,
        critical_ms=critical_ms or 0.0,
        critical_width=scale.at(critical_ms or 0.0),
    )


def _bar(exchange: Exchange, origin: datetime, scale: Scale, critical: set[int]) -> WaterfallBar:
    start = min(scale.at(_ms_since(origin, exchange.started_at)), 100 - LEAST_WIDTH)
    width = max(scale.at(_ms_since(origin, _end(exchange))) - start, LEAST_WIDTH)
    return WaterfallBar(exchange, start, round(width, 2), exchange.position in critical)


def _critical_path(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The request that ended last, before it the one that ended last before it started, and so on."""
    path = [max(exchanges, key=_end)]
    while True:
        started = path[-1].started_at
        earlier = [
            exchange
            for exchange in exchanges
            if exchange.started_at < started and _end(exchange) <= started + CLOCK_INACCURACY
        ]
        if not earlier:
            return path
        path.append(max(earlier, key=_end))


def _end(exchange: Exchange) -> datetime:
    return exchange.started_at + timedelta(milliseconds=exchange.ms)


def _ms_since(origin: datetime, moment: datetime) -> float:
    return (moment - origin) / timedelta(milliseconds=1)
