"""The reads that every closing, every night and every look at the list ask have an index that fits them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from diagnostics.issues.issues import _waiting_runs
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import _issues_for_lists, in_state
from diagnostics.operations.queries import retention

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def whatever_it_costs(db: None) -> Iterator[None]:
    """An empty table is read faster from end to end: forbid that, as a large one would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    yield


def known(state: str, **narrowed: Any) -> QuerySet[Issue]:
    return in_state(_issues_for_lists(), state).filter(**narrowed).order_by("-last_seen_at", "-id")[:41]


NOW = timezone.now()
ASKED: dict[str, Callable[[], QuerySet[Any]]] = {
    "run_to_remember": lambda: _waiting_runs(1).order_by("created_at"),
    "run_with_bodies": lambda: retention.bodies_past(NOW).order_by("created_at")[:100],
    "run_time": lambda: retention.runs_past(NOW).order_by("created_at")[:100],
    "org_change_time": lambda: retention.changes_past(NOW).order_by("at")[:500],
    "snapshot_time": lambda: retention.syncs_past(NOW).order_by("created_at")[:100],
    "known_finding_open": lambda: known(""),
    "known_finding_recent": lambda: known("all"),
    "known_finding_client_recent": lambda: known("all", client_id=1),
}


@pytest.mark.parametrize("index", ASKED)
def test_it_has_its_index(index: str) -> None:
    rows = ASKED[index]()
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


def test_a_run_s_findings_are_looked_up_by_client_and_check() -> None:
    rows = Issue.objects.filter(client_id=1, check_id__in=["a", "b"], about__in=["", "c"])
    assert "Index Scan using known_finding_" in rows.explain()
