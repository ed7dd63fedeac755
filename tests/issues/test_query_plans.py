"""Queries of closing runs, nightly cleanup and the issue list use their indexes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from diagnostics.issues.issues import _waiting_runs
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import issues_for_lists, with_status
from diagnostics.operations.queries import retention

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def avoid_sequential_scans(db: None) -> Iterator[None]:
    """As for a large table: an empty one is read faster without an index."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    yield


def listed(status: str) -> QuerySet[Issue]:
    return with_status(issues_for_lists(None), status).order_by("outcome", "-last_seen_at", "-id")[:41]


NOW = timezone.now()
REQUESTED: dict[str, Callable[[], QuerySet[Any]]] = {
    "run_to_remember": lambda: _waiting_runs(1).order_by("created_at"),
    "run_with_bodies": lambda: retention.bodies_past(NOW).order_by("created_at")[:100],
    "diagnostics_run_pkey": lambda: retention.runs_of_dropped_months(NOW).order_by("pk")[:100],
    "org_change_time": lambda: retention.changes_past(NOW).order_by("at")[:500],
    "sync_time": lambda: retention.syncs_past(NOW).order_by("created_at")[:100],
    "issue_open": lambda: listed(""),
    "issue_worst_first": lambda: listed("all"),
}


@pytest.mark.parametrize("index", REQUESTED)
def test_query_uses_its_index(index: str) -> None:
    rows = REQUESTED[index]()
    drop_other_indexes(rows.model._meta.db_table, index)
    assert index in rows.explain()


def drop_other_indexes(table: str, index: str) -> None:
    """Until the end of the test. Between two indexes that both fit, the planner's choice depends on leftover statistics."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname"
            " WHERE tablename = %s AND indexname <> %s AND conname IS NULL",
            [table, index],
        )
        for (other,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{other}"')


def test_issues_of_an_org_are_looked_up_by_index() -> None:
    rows = Issue.objects.filter(org="acme", target__in=["", "client:1"])
    drop_other_indexes(Issue._meta.db_table, "issue_once")
    assert "Index Scan using issue_once" in rows.explain()
