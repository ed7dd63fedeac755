"""Parses `GET /api/v2/authorization/permissions`, the catalog of permissions that an org can grant."""

from collections.abc import Iterator
from typing import Any

from diagnostics.genesys.fields import field, items, mapping, number, word
from diagnostics.genesys.response import OrgResponse

PARTS = ("domain", "entityType", "action")


def permissions_in(page: OrgResponse) -> set[str]:
    """Permissions in lower case. Each entity is a domain; its `permissionMap` has the permissions of each entity type."""
    return {":".join(parts).lower() for parts in _permissions(page) if all(parts)}


def is_complete(page: OrgResponse) -> bool:
    """Is this the last page, with nothing unreadable? Only then can a permission be called missing."""
    if not page.ok or field(page.data, "nextUri") or items(page.data, "entities") is None:
        return False
    return _is_last(page.data) and all(all(parts) for parts in _permissions(page))


def _permissions(page: OrgResponse) -> Iterator[tuple[str, ...]]:
    """The parts of each permission, "" for an unreadable one."""
    unreadable = ("",)
    for entry in (items(page.data, "entities") if page.ok else None) or ():
        if field(entry, "permissionMap") is not None and not mapping(entry, "permissionMap"):
            yield unreadable
        for permissions in mapping(entry, "permissionMap").values():
            listed = items(permissions)
            if listed is None:
                yield unreadable
            for permission in listed or ():
                yield tuple(word(permission, part) for part in PARTS)


def _is_last(data: Any) -> bool:
    """True without page numbers. With page numbers that can't be read, it might not be the last page."""
    if field(data, "pageCount") is None or field(data, "pageNumber") is None:
        return True
    count, current = number(data, "pageCount"), number(data, "pageNumber")
    return count is not None and current is not None and current >= count
