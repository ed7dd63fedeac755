"""The small slips in a path that can be undone for sure: each repair is proved by a published path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from diagnostics.genesys.paths import BASE, LONGEST_PATH, PathIndex

DOUBLED_BASE = re.compile(r"^(?:/api/v2|/api|/v2){2,}(?=/)", re.IGNORECASE)
# The API's address once more, with its scheme or by its name: what joining a base to a whole URL makes.
JOINED_URL = re.compile(r"^/(?:[^?#]*/)?(?:https?:/{1,2}[^/]+|api\.[\w.-]+\.[\w-]+)(?=/)", re.IGNORECASE)
LEADING_PART = re.compile(r"^/.*?(?=/api/v2/)", re.IGNORECASE)
PART_OF_BASE = re.compile(r"^/?(?:(?:api|v2)/)?", re.IGNORECASE)


@dataclass(frozen=True)
class Repair:
    """`steps` are names out of REPAIRS, in the order applied; `path` is the published path that results."""

    steps: tuple[str, ...]
    path: str


def collapse_double_slash(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def strip_trailing_slash(path: str) -> str:
    return path.rstrip("/")


def base_deduplicated(path: str) -> str:
    """/api/v2/api/v2/users/me, /api/v2/v2/users/me, /https://api.example/api/v2/users/me: what was put behind a base URL
    already held the base.
    """
    return DOUBLED_BASE.sub(BASE, JOINED_URL.sub("", path))


def drop_leading_part(path: str) -> str:
    """/platform/api/v2/users/me: an address copied out of a browser's network view, or a proxy's prefix."""
    return LEADING_PART.sub("", path)


def add_prefix(path: str) -> str:
    """/conversations/..., /v2/conversations/..., conversations/...: as people shorten it in prose."""
    return path if path.lower().startswith(f"{BASE}/") else f"{BASE}/{PART_OF_BASE.sub('', path)}"


def proved_repairs(index: PathIndex, path: str, is_proof: Callable[[str], bool]) -> tuple[Repair, ...]:
    """The smallest sets of repairs that make the path a published one; () when it is one already or none helps."""
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
        first_of: dict[str, Repair] = {}
        for steps in combinations(repairs, size):
            mended = bare
            for step in steps:
                mended = repairs[step](mended)
            if is_proof(mended):
                first_of.setdefault(mended, Repair(steps, mended))
        if first_of:
            return tuple(first_of.values())
    return ()
