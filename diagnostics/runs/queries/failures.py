"""Counts failed runs by cause over time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import Trunc

from diagnostics.runs.failure_chart import FailureChart, draw, unit_for
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Run


def failure_chart(filters: RunFilter, now: datetime, zone: ZoneInfo) -> FailureChart:
    """Counts whole runs only, since a part does not check everything. Without a start, from the first run on."""
    runs = filters.apply(Run.objects.filter(branch=""))
    until = min(filters.times.until or now, now)
    first_run = runs.order_by("created_at", "id").values_list("created_at", flat=True)
    since = filters.times.since or first_run.first() or until
    unit = unit_for(since, until)
    counts = (
        runs.filter(created_at__lte=until)
        .order_by()
        .values_list(Trunc("created_at", unit, tzinfo=zone), "cause")
        .annotate(times=Count("*"))
    )
    return draw(counts, unit, since, until, filters, zone)
