"""What works by itself says that it is alive."""

from typing import Any

from django.utils import timezone

from diagnostics.operations.models import Heartbeat

TICK = "tick"


def beat(name: str, told: dict[str, Any] | None = None) -> None:
    """One statement, also where two beat at once."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=timezone.now(), told=told or {})],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "told"],
    )
