"""Reads a paged list of the org and detects lists that never end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from diagnostics.genesys.paging import ListPage, read_page
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.sync.execute import SyncRun, WaitForOrg

PAGE_SIZES = (100, 20, 4, 1)  # entries per page; a page that is too large is requested again with fewer
MAX_PAGES = 300
MAX_STALE_PAGES = 3  # consecutive pages without a new entry
MAX_FAILURES = 4  # per page
WAIT_AFTER_FAILURE = 30  # seconds
TRANSIENT_FAILURES = frozenset({"timeout", "reset", "not_json", "garbled", "empty", "dns", "unreachable", "refused"})


@dataclass(frozen=True)
class PageCounts:
    """The entries of a page: new ones, ones that were on an earlier page, and ones without a usable ID."""

    fresh: int
    repeated: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class PagedList:
    """A paged list. `things` is what it lists, for messages; `permission` is what a client needs to read it."""

    part: str
    path: str
    things: str
    permission: str
    query: Mapping[str, str | int]
    store: Callable[[SyncRun, list[Any]], PageCounts]


def read_all_pages(sync: SyncRun, paged_list: PagedList) -> None:
    """Read the list from the stored cursor to its end, or until it fails. The result is added to `sync.parts`."""
    while True:
        at = _position(sync, paged_list.part)
        sync.check_time()
        page = read_page(sync.genesys, paged_list.path, at["cursor"], PAGE_SIZES[at["size"]], **paged_list.query)
        sync.raise_if_rate_limited(page.response)
        store = _store_page if page.entries is not None else _count_failure
        if store(sync, paged_list, page):
            return
        sync.yield_to_runs(page.response)


def _position(sync: SyncRun, part: str) -> dict[str, Any]:
    start = {"cursor": "", "size": 0, "pages": 0, "items": 0, "repeated": 0, "unreadable": 0, "stale": 0, "failures": 0}
    position: dict[str, Any] = sync.progress.setdefault(part, {**start, "seen": []})
    return position


def _store_page(sync: SyncRun, paged_list: PagedList, page: ListPage) -> bool:
    """Store the page and the cursor of the next one. Returns whether the part is finished."""
    at = _position(sync, paged_list.part)
    entries = page.entries or []
    with sync.saving():
        counts = paged_list.store(sync, entries)
        at["pages"] += 1
        at["items"] += counts.fresh
        at["repeated"] += counts.repeated
        at["unreadable"] += counts.unreadable
        at["stale"] = at["stale"] + 1 if entries and not counts.fresh else 0
        at["failures"] = 0
        ending = _ending(at, page)
        if ending is not None:
            state, code, why = ending
            sync.end_part(paged_list.part, state, code, f"{_describe(at, paged_list)}{why}", at["items"])
            at["seen"] = []
        else:
            at["cursor"] = page.cursor
            at["seen"].append(_entry_key(page.cursor))
    return ending is not None


def _ending(at: dict[str, Any], page: ListPage) -> tuple[str, str, str] | None:
    """Return the state, code and sentence of the finished list, or None if there is a next page."""
    if page.is_next_unreadable:
        return "partial", "cursor_unreadable", " The org has more, but its link to the next page can't be read."
    if not page.cursor and at["unreadable"]:
        return "partial", "entries_unreadable", f" {at['unreadable']} entries have no usable ID."
    if not page.cursor:
        return "whole", "read", ""
    if _entry_key(page.cursor) in at["seen"]:
        return (
            "partial",
            "cursor_repeats",
            " The org then returned the same page again, so the rest couldn't be read.",
        )
    if at["stale"] >= MAX_STALE_PAGES:
        return "partial", "pages_repeat", " The org then repeated the same entries, so the rest couldn't be read."
    if at["pages"] >= MAX_PAGES:
        return "partial", "too_many_pages", f" The sync stopped after {MAX_PAGES} pages; there are more."
    return None


def _entry_key(cursor: str) -> str:
    return sha256(cursor.encode()).hexdigest()[:16]


def _describe(at: dict[str, Any], paged_list: PagedList) -> str:
    repeated = f", {at['repeated']} of them more than once" if at["repeated"] else ""
    return f"{paged_list.things[:1].upper()}{paged_list.things[1:]} read: {at['items']}{repeated}."


def _count_failure(sync: SyncRun, paged_list: PagedList, page: ListPage) -> bool:
    """Handle a page that couldn't be read: retry it, or end the part. Returns whether the part is finished."""
    at = _position(sync, paged_list.part)
    response = page.response
    if response.error == "too_large" and at["size"] + 1 < len(PAGE_SIZES):
        with sync.saving():
            at["size"] += 1
        return False
    if _is_transient(response) and at["failures"] + 1 < MAX_FAILURES:
        with sync.saving():
            at["failures"] += 1
        if at["failures"] > 1:
            position = f"page {at['pages'] + 1} of the {paged_list.things}"
            raise WaitForOrg(
                WAIT_AFTER_FAILURE,
                f"The org couldn't return {position} ({response.summary}). We'll try again.",
            )
        return False
    with sync.saving():
        sync.end_part(paged_list.part, *_failure(at, paged_list, response), items=at["items"])
    return True


def _is_transient(response: OrgResponse) -> bool:
    return response.error in TRANSIENT_FAILURES or (response.status or 0) >= 500


def _failure(at: dict[str, Any], paged_list: PagedList, response: OrgResponse) -> tuple[str, str, str]:
    if not at["pages"] and response.status == 403:
        return (
            "refused",
            "no_permission",
            f"This client can't read the org's {paged_list.things}: it lacks {paged_list.permission}.",
        )
    if not at["pages"] and response.status == 404 and response.error in ("", "empty"):
        return (
            "refused",
            "not_found",
            f"The org returns 404 for the list of its {paged_list.things}, as a gateway does instead of 403: "
            f"the client may lack {paged_list.permission}.",
        )
    if not at["pages"]:
        return "failed", "not_read", f"The org's {paged_list.things} couldn't be read: {response.summary}."
    where = f"At page {at['pages'] + 1} the org stopped responding ({response.summary}), so the rest couldn't be read."
    return "partial", "broken_off", f"{_describe(at, paged_list)} {where}"
