"""Queries of batches, limited to what a user may see."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.engine.batch_review import GroupedCalls, counts_in_words, rest_in_words
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import CLOSED
from diagnostics.web.paging import KeyPage, key_page

PAGE_SIZE = 50
RUN_COLUMNS = ("run__inputs", "run__environment", "run__search_keys", "run__planned")


@dataclass(frozen=True)
class BatchState(GroupedCalls):
    """A batch with its groups and their runs, as they are now."""

    batch: Batch
    groups: list[BatchGroup]

    @cached_property
    def done(self) -> int:
        return sum(group.run is not None and not group.run.is_open for group in self.groups)

    @property
    def waiting(self) -> int:
        """The groups that have no run yet."""
        return sum(group.run is None for group in self.groups) if self.batch.is_starting else 0

    @property
    def is_open(self) -> bool:
        return self.batch.is_starting or any(group.run and group.run.is_open for group in self.groups)

    @property
    def sentence(self) -> str:
        return counts_in_words(self.batch.calls, self.failed, self.unanswered, len(self.groups))

    @property
    def rest(self) -> str:
        return rest_in_words(self.batch.succeeded, self.batch.elsewhere, self.batch.left_out)

    def __str__(self) -> str:
        """For polling: equal if the page would be the same."""
        runs = "".join(group.run.status[0] if group.run else "-" for group in self.groups)
        return f"{runs}{'.' if self.batch.is_starting else ''}"


def _batches(viewer: User) -> QuerySet[Batch]:
    rows = Batch.objects.select_related("client", "started_by").defer("client__secret", "client__verification")
    return visible_rows(rows, viewer)


def batch_page(viewer: User, before: int | None = None) -> KeyPage[Batch]:
    """With the number of groups of each, and of those that have ended."""
    ended = Count("groups", filter=Q(groups__run__status__in=CLOSED))
    return key_page(_batches(viewer).annotate(group_count=Count("groups"), ended_count=ended), PAGE_SIZE, before)


def find_batch(pk: int, viewer: User) -> BatchState:
    batch = get_object_or_404(_batches(viewer), pk=pk)
    groups = batch.groups.select_related("run").defer("inputs", *RUN_COLUMNS).order_by("position")
    return BatchState(batch, list(groups))
