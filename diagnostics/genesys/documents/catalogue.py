"""Reads `GET /api/v2/authorization/permissions`: which permissions an org's catalogue has, and whether that is all of it."""

from collections.abc import Iterator
from typing import Any

from diagnostics.genesys.fields import field, items, mapping, number, word
from diagnostics.genesys.response import OrgResponse

PARTS = ("domain", "entityType", "action")


def permissions_in(page: OrgResponse) -> set[str]:
    """In lower case. One entity per domain, whose `permissionMap` holds the permissions of each entity type."""
    return {":".join(each).lower() for each in _permissions(page) if all(each)}


def is_whole(page: OrgResponse) -> bool:
    """Is it the last page, with nothing on it that can't be read? Only then does it prove that something is missing."""
    if not page.ok or field(page.data, "nextUri") or items(page.data, "entities") is None:
        return False
    return _is_last(page.data) and all(all(each) for each in _permissions(page))


def _permissions(page: OrgResponse) -> Iterator[tuple[str, ...]]:
    """The parts of each permission, "" for one that can't be read."""
    unreadable = ("",)
    for entry in (items(page.data, "entities") if page.ok else None) or ():
        if field(entry, "permissionMap") is not None and not mapping(entry, "permissionMap"):
            yield unreadable
        for permissions in mapping(entry, "permissionMap").values():
            listed = items(permissions)
            if listed is None:
                yield unreadable
            for each in listed or ():
                yield tuple(word(each, part) for part in PARTS)


def _is_last(data: Any) -> bool:
    """A page that doesn't say how many there are is the last one; one that says it in odd words may not be."""
    if field(data, "pageCount") is None or field(data, "pageNumber") is None:
        return True
    count, current = number(data, "pageCount"), number(data, "pageNumber")
    return count is not None and current is not None and current >= count
