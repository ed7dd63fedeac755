"""How often each cause was found, over time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.db.models.functions import Trunc

from diagnostics.runs.cause_chart import Chart, draw, unit_for
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Run


def cause_chart(narrowed: RunFilter, now: datetime, zone: ZoneInfo) -> Chart:
    """Of whole runs: a part that was asked again says nothing of the rest. Without a start, from the first run on."""
    runs = narrowed.apply(Run.objects.filter(branch=""))
    until = min(narrowed.times.until or now, now)
    since = narrowed.times.since or _first(runs) or until
    unit = unit_for(since, until)
    counted = (
        runs.filter(created_at__lte=until)
        .order_by()
        .values_list(Trunc("created_at", unit, tzinfo=zone), "cause")
        .annotate(times=Count("*"))
    )
    return draw(counted, unit, since, until, zone)


def _first(runs: QuerySet[Run]) -> datetime | None:
    return runs.order_by("created_at", "id").values_list("created_at", flat=True).first()
