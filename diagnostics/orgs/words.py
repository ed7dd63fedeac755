"""Words of an org's documents, cut to what can be stored. Nothing that an org says is trusted in length or kind."""

import re
from typing import Any

UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_ID = 200


def words(value: object, most: int = 200) -> str:
    """A text, at most that long, without what no database takes; "" where there is none."""
    return UNFIT.sub("", value[: 2 * most])[:most] if isinstance(value, str) else ""


def id_in(value: object) -> str:
    """An id as it is, or "": one that would have to be cut or cleaned could be taken for another."""
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and not UNFIT.search(value)
    return value if fits and isinstance(value, str) and value.strip() else ""


def listed(value: object, most: int, length: int) -> list[str]:
    """The texts of a list, in its order, each once."""
    found = value if isinstance(value, list) else []
    return list(dict.fromkeys(each for each in (words(item, length) for item in found[: 10 * most]) if each))[:most]


def part_of(value: object, name: str) -> dict[str, Any]:
    """An object within an object, {} where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
