"""Leases on rows with a `lease_until` column: a worker owns the row until then, and another may claim it afterwards."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def claim(free: QuerySet[Row], pk: int, lease: timedelta, now: datetime, **values: Any) -> Row | None:
    """Claim the row with a single UPDATE. None if another worker was first, or the row isn't among the free ones."""
    until = now + lease
    if not free.filter(pk=pk).update(lease_until=until, **values):
        return None
    return free.model._default_manager.filter(pk=pk, lease_until=until).first()


def leased(row: Row) -> QuerySet[Row]:
    """The row, until its lease ends or another worker claims it."""
    return type(row)._default_manager.filter(pk=row.pk, lease_until=getattr(row, "lease_until"))  # noqa: B009
