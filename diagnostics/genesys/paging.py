"""A list of the API, one page at a time, by its cursor; and how much room the rate limit leaves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.fields import field, items
from diagnostics.genesys.response import OrgResponse

LONGEST_CURSOR = 4_000


@dataclass(frozen=True)
class ListPage:
    """`entries` is None where the answer was no page. `cursor` is "" on the last page.

    `is_torn` says that the org speaks of a next page, but not in words by which it could be asked for.
    """

    answer: OrgResponse
    entries: list[Any] | None = None
    cursor: str = ""
    is_torn: bool = False


def read_page(genesys: GenesysClient, path: str, cursor: str, size: int, **query: str | int) -> ListPage:
    """The page that begins at the cursor, the first for ""."""
    where = {"after": cursor} if cursor else {}
    return page_in(genesys.fresh(path, pageSize=size, **query, **where))


def page_in(answer: OrgResponse) -> ListPage:
    """Only the cursor is taken from the next page's address: an address that an org tells is never followed."""
    entries = items(answer.data, "entities") if answer.ok else None
    if entries is None:
        return ListPage(answer)
    told = field(answer.data, "nextUri")
    if not told:
        return ListPage(answer, entries)
    cursor = _cursor_in(told)
    return ListPage(answer, entries, cursor, is_torn=not cursor)


def _cursor_in(address: Any) -> str:
    if not isinstance(address, str) or len(address) > 2 * LONGEST_CURSOR:
        return ""
    try:
        found = parse_qs(urlsplit(address).query).get("after", [""])[0]
    except ValueError:
        return ""
    return found if len(found) <= LONGEST_CURSOR and found.isprintable() else ""


@dataclass(frozen=True)
class RateLimitRoom:
    """What the rate limit leaves, by an answer's headers: calls left of those allowed, until the reset."""

    left: int
    allowed: int
    reset_s: int

    @property
    def is_low(self) -> bool:
        """Whoever reads in the background leaves a fifth to those who wait for an answer."""
        return self.left * 5 < self.allowed


def rate_limit_room(answer: OrgResponse) -> RateLimitRoom | None:
    """None where the answer does not tell."""
    count, allowed, reset = (_number(answer.header(f"inin-ratelimit-{name}")) for name in ("count", "allowed", "reset"))
    if count is None or not allowed:
        return None
    return RateLimitRoom(max(0, allowed - count), allowed, reset if reset is not None else 60)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
