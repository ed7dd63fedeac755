"""Lists that go on by id: the newest first, without counting and without end."""

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from diagnostics.api.requests import PageParameters

Row = TypeVar("Row", bound=Model)


def page_of(request: HttpRequest, rows: QuerySet[Row], asked: PageParameters) -> tuple[Sequence[Row], str | None]:
    """The rows of one page, and the address of the next one."""
    if asked.before is not None:
        rows = rows.filter(pk__lt=asked.before)
    found = list(rows.order_by("-pk")[: asked.limit + 1])
    shown = found[: asked.limit]
    return shown, address_with(request, before=str(shown[-1].pk)) if len(found) > asked.limit else None


def address_with(request: HttpRequest, **changed: str) -> str:
    """This very address with some parameters changed."""
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
