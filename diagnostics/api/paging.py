"""Lists: rows with the values of the query string, in keyset pages by ID, newest first and without counting."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from diagnostics.api.requests import PageParameters
from diagnostics.web.paging import key_page

Row = TypeVar("Row", bound=Model)
HEAVY_CLIENT_COLUMNS = ("client__secret", "client__verification")


def matching(rows: QuerySet[Row], **values: Any) -> QuerySet[Row]:
    """The rows with these values; a value of None isn't a condition."""
    return rows.filter(**{name: value for name, value in values.items() if value is not None})


def page_of(request: HttpRequest, rows: QuerySet[Row], parameters: PageParameters) -> tuple[Sequence[Row], str | None]:
    """The rows of one page, and the URL of the next one."""
    page = key_page(rows, parameters.limit, parameters.before)
    return page.rows, address_with(request, before=str(page.older)) if page.older else None


def address_with(request: HttpRequest, **changed: str) -> str:
    """The URL of this request with some parameters changed."""
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
