"""Limits on how often one user may do something in a minute, on pages and through the API together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from diagnostics.accounts.models import AuditEntry, User
from diagnostics.storage.clock import database_now
from diagnostics.storage.locks import lock_until_commit

MINUTE = timedelta(minutes=1)
ModelClass = TypeVar("ModelClass", bound=type[Model])


@dataclass(frozen=True)
class Limit:
    """How often a user may do something in a minute, counted by audit log entries with one of the actions."""

    actions: tuple[str, ...]
    most: int
    what: str  # a verb phrase for the message: "started {} exports"


class TooManyRequests(Exception):
    """The user has to wait `wait_seconds`. str() is the message for the user."""

    def __init__(self, wait_seconds: int, sentence: str) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class TooManyRuns(TooManyRequests):
    """The user reached RUNS_PER_MINUTE, which counts runs, re-checks and configuration syncs."""

    def __init__(self, wait_seconds: int) -> None:
        limit = settings.RUNS_PER_MINUTE
        super().__init__(
            wait_seconds,
            f"You started {limit} run{'' if limit == 1 else 's'} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


class TooOften(TooManyRequests):
    """The user reached a Limit."""

    def __init__(self, wait_seconds: int, limit: Limit) -> None:
        super().__init__(
            wait_seconds,
            f"You {limit.what.format(limit.most)} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


_counted_models: list[tuple[type[Model], dict[str, Any]]] = []


def counts_as_run(**filters: Any) -> Callable[[ModelClass], ModelClass]:
    """Class decorator: rows of the model that match the filters count toward RUNS_PER_MINUTE.

    The model needs the fields `started_by` and `created_at`.
    """

    def register(model: ModelClass) -> ModelClass:
        _counted_models.append((model, filters))
        return model

    return register


def enforce_run_limit(user: User) -> None:
    """Raise TooManyRuns if the user reached RUNS_PER_MINUTE.

    Call this in the transaction that starts something; other transactions of the same user wait for its end.
    """
    lock_until_commit(f"limits of user {user.pk}")
    now, most = database_now(), settings.RUNS_PER_MINUTE
    times: list[datetime] = []
    for model, filters in _counted_models:
        rows = model._default_manager.filter(started_by=user, created_at__gt=now - MINUTE, **filters)
        times += rows.order_by("-created_at").values_list("created_at", flat=True)[:most]
    newest = sorted(times, reverse=True)
    if len(newest) >= most:
        raise TooManyRuns(max(1, round((newest[most - 1] + MINUTE - now).total_seconds())))


def enforce_limit(limit: Limit, user: User | None) -> None:
    """Raise TooOften if the user reached the limit. None, for the system or the command line, has no limit.

    Call this in the transaction that writes the audit log entry, before it is written.
    """
    if user is None or user.pk is None:
        return
    lock_until_commit(f"limits of user {user.pk}")
    now = timezone.now()
    recent = AuditEntry.objects.filter(at__gt=now - MINUTE, actor_id=user.pk, action__in=limit.actions)
    newest = list(recent.order_by("-at").values_list("at", flat=True)[: limit.most])
    if len(newest) >= limit.most:
        raise TooOften(max(1, round((newest[-1] + MINUTE - now).total_seconds())), limit)
