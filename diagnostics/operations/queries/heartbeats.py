"""Queries of heartbeats."""

from datetime import datetime

from diagnostics.operations.models import Heartbeat


def last_beat(name: str) -> datetime | None:
    """None if there was none."""
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
