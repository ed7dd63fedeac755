"""Walks a list of the org to its end, page by page, and knows when there is no end to come."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from diagnostics.genesys.paging import ListPage, read_page
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.sync.execute import SyncRun, Wait
from diagnostics.orgs.sync.held_permissions import describe

SIZES = (100, 20, 4, 1)  # entries of a page; smaller ones where a page is larger than we read
MOST_PAGES = 300
MOST_STALE = 3  # pages in a row that tell nothing new
MOST_FAILURES = 4  # times that one page could not be read
WAIT_AFTER_FAILURE = 30
PASSING = frozenset({"timeout", "reset", "not_json", "garbled", "empty", "dns", "unreachable", "refused"})


@dataclass(frozen=True)
class PageEntries:
    """What came of a page's entries: new ones, those told before in this reading, and those without a usable id."""

    fresh: int
    repeated: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class List:
    """A list to walk. `permission` is what a client needs for it; `things` is what it lists, in the reader's words."""

    part: str
    path: str
    things: str
    permission: str
    query: dict[str, str | int]
    keep: Callable[[SyncRun, list[Any]], PageEntries]


def read_all_pages(reading: SyncRun, listing: List) -> None:
    """To the end of the list, or to what stops it; `reading.parts` says which. Goes on from the stored cursor."""
    while True:
        at = _position(reading, listing.part)
        reading.before_asking()
        page = read_page(reading.genesys, listing.path, at["cursor"], SIZES[at["size"]], **listing.query)
        reading.heed(page.response)
        over = _keep(reading, listing, page) if page.entries is not None else _count_failure(reading, listing, page)
        if over:
            return
        reading.leave_room(page.response)


def _position(reading: SyncRun, part: str) -> dict[str, Any]:
    start = {"cursor": "", "size": 0, "pages": 0, "items": 0, "repeated": 0, "unreadable": 0, "stale": 0, "troubles": 0}
    place: dict[str, Any] = reading.progress.setdefault(part, {**start, "seen": []})
    return place


def _keep(reading: SyncRun, listing: List, page: ListPage) -> bool:
    """Store the page with the place of the next one; true when it was the last that is read."""
    at = _position(reading, listing.part)
    entries = page.entries or []
    with reading.stored():
        kept = listing.keep(reading, entries)
        at["pages"] += 1
        at["items"] += kept.fresh
        at["repeated"] += kept.repeated
        at["unreadable"] += kept.unreadable
        at["stale"] = at["stale"] + 1 if entries and not kept.fresh else 0
        at["troubles"] = 0
        ending = _ending(at, page)
        if ending is not None:
            state, code, why = ending
            reading.end_part(listing.part, state, code, f"{_describe(at, listing)}{why}", at["items"])
            at["seen"] = []
        else:
            at["cursor"] = page.cursor
            at["seen"].append(_entry_key(page.cursor))
    return ending is not None


def _ending(at: dict[str, Any], page: ListPage) -> tuple[str, str, str] | None:
    """State, code and words of the end; None where there is a next page to read."""
    if page.is_next_unreadable:
        return "partial", "cursor_unreadable", " The org says that there are more, but not how to ask for them."
    if not page.cursor and at["unreadable"]:
        return "partial", "entries_unreadable", f" {at['unreadable']} entries have no id that could be kept."
    if not page.cursor:
        return "whole", "read", ""
    if _entry_key(page.cursor) in at["seen"]:
        return (
            "partial",
            "cursor_repeats",
            " The org then named a page again that was read before, so the rest stays unread.",
        )
    if at["stale"] >= MOST_STALE:
        return "partial", "pages_repeat", " The org then told the same ones again and again, so the rest stays unread."
    if at["pages"] >= MOST_PAGES:
        return "partial", "too_many_pages", f" After {MOST_PAGES} pages the reading stopped; there are more."
    return None


def _entry_key(cursor: str) -> str:
    return sha256(cursor.encode()).hexdigest()[:16]


def _describe(at: dict[str, Any], listing: List) -> str:
    twice = f", {at['repeated']} of them told more than once" if at["repeated"] else ""
    return f"{at['items']} {listing.things} were read{twice}."


def _count_failure(reading: SyncRun, listing: List, page: ListPage) -> bool:
    """A page that is none. Asked for again where that may help; true when the part is over."""
    at = _position(reading, listing.part)
    answer = page.response
    if answer.error == "too_large" and at["size"] + 1 < len(SIZES):
        with reading.stored():
            at["size"] += 1
        return False
    if _may_pass(answer) and at["troubles"] + 1 < MOST_FAILURES:
        with reading.stored():
            at["troubles"] += 1
        if at["troubles"] > 1:
            where = f"page {at['pages'] + 1} of the {listing.things}"
            raise Wait(WAIT_AFTER_FAILURE, f"The org could not show {where} ({describe(answer)}); it is asked again.")
        return False
    with reading.stored():
        reading.end_part(listing.part, *_broken_off(at, listing, answer), items=at["items"])
    return True


def _may_pass(answer: OrgResponse) -> bool:
    return answer.error in PASSING or (answer.status or 0) >= 500


def _broken_off(at: dict[str, Any], listing: List, answer: OrgResponse) -> tuple[str, str, str]:
    if not at["pages"] and answer.status == 403:
        return (
            "refused",
            "no_permission",
            f"The org does not show its {listing.things} to this client: it lacks {listing.permission}.",
        )
    if not at["pages"] and answer.status == 404 and answer.error in ("", "empty"):
        return (
            "refused",
            "not_found",
            f"The org answers 404 to the list of its {listing.things}, as a gateway does in place of 403: "
            f"the client may lack {listing.permission}.",
        )
    if not at["pages"]:
        return "failed", "not_read", f"The org's {listing.things} could not be read: {describe(answer)}."
    where = f"At page {at['pages'] + 1} the org stopped answering ({describe(answer)}), so the rest stays unread."
    return "partial", "broken_off", f"{_describe(at, listing)} {where}"
