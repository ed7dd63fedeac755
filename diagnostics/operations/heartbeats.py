"""Records heartbeats of background parts."""

from typing import Any

from django.utils import timezone

from diagnostics.operations.models import Heartbeat

TICK = "tick"


def beat(name: str, details: dict[str, Any] | None = None) -> None:
    """One upsert, so that concurrent calls are safe."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=timezone.now(), told=details or {})],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "told"],
    )
