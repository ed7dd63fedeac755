"""Keyset pages by ID, newest first, without counting."""

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from diagnostics.api.requests import PageParameters

Row = TypeVar("Row", bound=Model)


def page_of(request: HttpRequest, rows: QuerySet[Row], parameters: PageParameters) -> tuple[Sequence[Row], str | None]:
    """The rows of one page, and the URL of the next one."""
    if parameters.before is not None:
        rows = rows.filter(pk__lt=parameters.before)
    found = list(rows.order_by("-pk")[: parameters.limit + 1])
    shown = found[: parameters.limit]
    return shown, address_with(request, before=str(shown[-1].pk)) if len(found) > parameters.limit else None


def address_with(request: HttpRequest, **changed: str) -> str:
    """The URL of this request with some parameters changed."""
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
