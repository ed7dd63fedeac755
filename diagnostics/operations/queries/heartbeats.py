"""When what works by itself was last heard of."""

from datetime import datetime

from diagnostics.operations.models import Heartbeat


def last_beat(name: str) -> datetime | None:
    """None where it was never heard of."""
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
