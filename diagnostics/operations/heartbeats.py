"""Heartbeats of background parts, and the warning on every page that the scheduler has stopped."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from diagnostics.operations.models import Heartbeat
from diagnostics.storage.clock import DATABASE_NOW, database_now

TICK = "tick"
CACHE_SECONDS = 5.0


def beat(name: str, details: dict[str, Any] | None = None) -> None:
    """One upsert, so that concurrent calls are safe."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=DATABASE_NOW, details=details or {})],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "details"],
    )


def first_since(name: str, seconds: float) -> datetime | None:
    """The time, if nobody else called this within `seconds`. One statement, so only one of concurrent callers gets it.

    So a second beat, or a tick that follows a slow one at once, does nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO diagnostics_heartbeat (name, at, details) VALUES (%s, clock_timestamp(), '{}') "
            "ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at WHERE diagnostics_heartbeat.at <= EXCLUDED.at - %s * interval '1 second' "
            "OR diagnostics_heartbeat.at > EXCLUDED.at RETURNING at",
            [f"begun:{name}", seconds],
        )
        found: tuple[datetime] | None = cursor.fetchone()
    return found[0] if found else None


def last_beat(name: str) -> datetime | None:
    """None if there was none."""
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()


@dataclass(frozen=True)
class LateTick:
    """`at` is the time of the last tick, None if there was none."""

    at: datetime | None


@dataclass
class _CachedState:
    """The last result in this process, so that not every page queries the database."""

    at: float = float("-inf")
    found: LateTick | None = None


_state = _CachedState()


def late_tick(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Shows nothing to anonymous visitors."""
    user = getattr(request, "user", None)
    if settings.TICK_LATE_SECONDS is None or user is None or not user.is_authenticated:
        return {}
    if time.monotonic() - _state.at > CACHE_SECONDS:
        latest = timedelta(seconds=settings.TICK_LATE_SECONDS)
        _state.at, _state.found = time.monotonic(), find_late_tick(database_now(), latest)
    return {"late_tick": _state.found}


def find_late_tick(now: datetime, latest: timedelta) -> LateTick | None:
    at = last_beat(TICK)
    return LateTick(at) if at is None or now - at > latest else None
