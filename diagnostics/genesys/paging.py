"""Reads a list of the API page by page with its cursor."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.fields import field, items
from diagnostics.genesys.response import OrgResponse

LONGEST_CURSOR = 4_000


@dataclass(frozen=True)
class ListPage:
    """`entries` is None if the response isn't a page. `cursor` points to the next page, "" on the last one.

    `is_next_unreadable` is true if the response names a next page, but without a valid cursor.
    """

    response: OrgResponse
    entries: list[Any] | None = None
    cursor: str = ""
    is_next_unreadable: bool = False


def read_page(genesys: GenesysClient, path: str, cursor: str, size: int, **query: str | int) -> ListPage:
    """The page that begins at the cursor, or the first page for ""."""
    after = {"after": cursor} if cursor else {}
    return page_in(genesys.get_uncached(path, pageSize=size, **query, **after))


def page_in(response: OrgResponse) -> ListPage:
    """Only the cursor of `nextUri` is used. We never follow a URL that an org sends."""
    entries = items(response.data, "entities") if response.ok else None
    if entries is None:
        return ListPage(response)
    next_uri = field(response.data, "nextUri")
    if not next_uri:
        return ListPage(response, entries)
    cursor = _cursor_in(next_uri)
    return ListPage(response, entries, cursor, is_next_unreadable=not cursor)


def _cursor_in(uri: Any) -> str:
    if not isinstance(uri, str) or len(uri) > 2 * LONGEST_CURSOR:
        return ""
    try:
        cursor = parse_qs(urlsplit(uri).query).get("after", [""])[0]
    except ValueError:
        return ""
    return cursor if len(cursor) <= LONGEST_CURSOR and cursor.isprintable() else ""
