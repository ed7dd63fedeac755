"""Pages of a list that is shown newest first: the next page begins below the last key of this one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from django import forms
from django.db.models import Model, QuerySet

BIGGEST_KEY = 2**63 - 1  # of a bigint column

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class KeyPage(Generic[Row]):
    """One page of rows, newest first. `older` is the key below which the next page begins, None on the last page."""

    rows: list[Row]
    older: int | None
    is_first: bool


def key_page(rows: QuerySet[Row], size: int, before: int | None = None) -> KeyPage[Row]:
    """The newest `size` rows, or those below the key `before`."""
    found = list(_below(rows, before)[: size + 1])
    shown = found[:size]
    return KeyPage(shown, shown[-1].pk if len(found) > size else None, is_first=before is None)


def in_batches(rows: QuerySet[Row], size: int) -> Iterator[Row]:
    """Every row, newest first, with at most `size` of them in memory."""
    before: int | None = None
    while batch := list(_below(rows, before)[:size]):
        yield from batch
        before = batch[-1].pk


def read_key(text: str) -> int | None:
    """The key of a row in a query string; None if the text isn't one."""
    is_key = text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= BIGGEST_KEY
    return int(text) if is_key else None


def before_field() -> forms.IntegerField:
    """The key of a page in the query string of its list."""
    return forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_KEY, widget=forms.HiddenInput)


def _below(rows: QuerySet[Row], before: int | None) -> QuerySet[Row]:
    return (rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")
