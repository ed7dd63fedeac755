"""`GET /api/v2/authorization/permissions`, the catalog of permissions that an org can grant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from diagnostics.genesys.fields import field, items, mapping, number, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

PATH = "/api/v2/authorization/permissions"
PARTS = ("domain", "entityType", "action")


@dataclass(frozen=True)
class Catalogue:
    """The permissions in lower case. Only if the catalog `is_complete` can a permission be called missing."""

    permissions: frozenset[str] = frozenset()
    is_complete: bool = False

    @classmethod
    def parse(cls, page: OrgResponse) -> Self | UnreadableResponse:
        """Each entity is a domain; its `permissionMap` has the permissions of each entity type."""
        entries = items(page.data, "entities") if page.ok else None
        if entries is None:
            return UnreadableResponse(page)
        found = list(_permissions(entries))
        is_complete = not field(page.data, "nextUri") and _is_last(page.data) and all(all(parts) for parts in found)
        return cls(frozenset(":".join(parts).lower() for parts in found if all(parts)), is_complete)

    @classmethod
    def parse_all(cls, pages: Iterable[OrgResponse]) -> Self:
        """The union of catalogs of several domains. An unreadable one makes it incomplete."""
        parsed = [cls.parse(page) for page in pages]
        read = [catalogue for catalogue in parsed if not isinstance(catalogue, UnreadableResponse)]
        is_complete = len(read) == len(parsed) and all(catalogue.is_complete for catalogue in read)
        return cls(frozenset().union(*(catalogue.permissions for catalogue in read)), is_complete)


def _permissions(entries: list[Any]) -> Iterator[tuple[str, ...]]:
    """The parts of each permission, "" for an unreadable one."""
    unreadable = ("",)
    for entry in entries:
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
