"""Repairs common mistakes in a path. A repair counts only if the result is a published path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from diagnostics.genesys.paths import BASE, LONGEST_PATH, PathIndex

DOUBLED_BASE = re.compile(r"^(?:/api/v2|/api|/v2){2,}(?=/)", re.IGNORECASE)
# A second API host, with or without its scheme, from joining a base URL and a complete URL.
JOINED_URL = re.compile(r"^/(?:[^?#]*/)?(?:https?:/{1,2}[^/]+|api\.[\w.-]+\.[\w-]+)(?=/)", re.IGNORECASE)
LEADING_PART = re.compile(r"^/.*?(?=/api/v2/)", re.IGNORECASE)
PART_OF_BASE = re.compile(r"^/?(?:(?:api|v2)/)?", re.IGNORECASE)


@dataclass(frozen=True)
class Repair:
    """`steps` are the names of the repairs in the order applied; `path` is the resulting published path."""

    steps: tuple[str, ...]
    path: str


def collapse_double_slash(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def strip_trailing_slash(path: str) -> str:
    return path.rstrip("/")


def base_deduplicated(path: str) -> str:
    """Remove a repeated base: /api/v2/api/v2/users/me, /api/v2/v2/users/me, /https://api.example/api/v2/users/me."""
    return DOUBLED_BASE.sub(BASE, JOINED_URL.sub("", path))


def drop_leading_part(path: str) -> str:
    """Remove what is before the base: /platform/api/v2/users/me, from a browser's network tab or a proxy."""
    return LEADING_PART.sub("", path)


def add_prefix(path: str) -> str:
    """Add the base to a shortened path: /conversations/..., /v2/conversations/..., conversations/..."""
    return path if path.lower().startswith(f"{BASE}/") else f"{BASE}/{PART_OF_BASE.sub('', path)}"


def find_repairs(index: PathIndex, path: str, is_published: Callable[[str], bool]) -> tuple[Repair, ...]:
    """The smallest sets of repairs that make the path a published one; () if it already is one, or none works."""
    bare = re.split(r"[?#]", path, maxsplit=1)[0]
    if len(bare) > LONGEST_PATH or index.operations_at(bare):
        return ()
    repairs: dict[str, Callable[[str], str]] = {
        "collapse_double_slash": collapse_double_slash,
        "strip_trailing_slash": strip_trailing_slash,
        "base_deduplicated": base_deduplicated,
        "drop_leading_part": drop_leading_part,
        "add_prefix": add_prefix,
        "fix_case": index.with_published_case,
    }
    for size in range(1, len(repairs) + 1):
        found: dict[str, Repair] = {}
        for steps in combinations(repairs, size):
            repaired = bare
            for step in steps:
                repaired = repairs[step](repaired)
            if is_published(repaired):
                found.setdefault(repaired, Repair(steps, repaired))
        if found:
            return tuple(found.values())
    return ()
