"""Reads fields of an org's JSON: a field has the expected type, or it counts as missing.

No response is trusted: any value may be missing, of another type, too long or too large. Each function takes a value and
the path of a field in it, and never raises:

    text(data, "role", "name")          a string, "" if there is none
    mappings(data, "participants")      the objects of a list, [] if there is no list

Text was cleaned when the response was decoded (`cleaning.read_json`).
"""

from datetime import UTC, datetime
from typing import Any

from diagnostics.text.cleaning import REPLACEMENT, clean_text

LONGEST_TEXT = 200
LONGEST_ID = 200
LARGEST_NUMBER = 2**53  # the largest that every JSON parser reads exactly (RFC 8259, section 6)


def field(value: Any, *names: str) -> Any:
    """The value at that path, of any type; None if there is none."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: Any, *names: str, limit: int = LONGEST_TEXT) -> str:
    """A string, truncated to `limit` characters; "" if there is none."""
    found = field(value, *names)
    return found[:limit] if isinstance(found, str) else ""


def word(value: Any, *names: str) -> str:
    """A string that decides something, such as a state; "" if there is none, or if it had characters that were replaced."""
    found = text(value, *names)
    return "" if REPLACEMENT in found else found


def text_list(value: Any, *names: str) -> list[str] | None:
    """A list of strings that decide something; None if there is no list, or if one of its items isn't a `word`."""
    found = items(value, *names)
    words = [word(item) for item in found or ()]
    return None if found is None or not all(words) else words


def identifier(value: Any, *names: str) -> str:
    """An unchanged ID, or "". An ID that was truncated or cleaned could equal another one."""
    found = field(value, *names)
    if not isinstance(found, str) or not found.strip() or len(found) > LONGEST_ID:
        return ""
    return found if clean_text(found) == found and REPLACEMENT not in found else ""


def boolean(value: Any, *names: str) -> bool | None:
    found = field(value, *names)
    return found if isinstance(found, bool) else None


def number(value: Any, *names: str) -> int | None:
    """A whole number, also if written as 5.0; None for anything else, and beyond 2**53."""
    found = field(value, *names)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    if not -LARGEST_NUMBER <= found <= LARGEST_NUMBER or found != int(found):
        return None
    return int(found)


def moment(value: Any, *names: str) -> datetime | None:
    """A time in ISO 8601, in UTC if it has no time zone."""
    found = field(value, *names)
    if not isinstance(found, str) or len(found) > 60:
        return None
    try:
        time = datetime.fromisoformat(found)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        time.astimezone(UTC)  # raises OverflowError at the ends of the calendar
    except (ValueError, OverflowError):
        return None
    return time


def mapping(value: Any, *names: str) -> dict[str, Any]:
    """An object, {} if there is none."""
    found = field(value, *names)
    return found if isinstance(found, dict) else {}


def items(value: Any, *names: str) -> list[Any] | None:
    """A list of anything; None, which differs from an empty list, if there is none."""
    found = field(value, *names)
    return found if isinstance(found, list) else None


def mappings(value: Any, *names: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in items(value, *names) or () if isinstance(item, dict)]


def texts(value: Any, *names: str, limit: int = LONGEST_TEXT) -> list[str]:
    """The nonempty strings of a list, each truncated to `limit` characters."""
    return [item[:limit] for item in items(value, *names) or () if isinstance(item, str) and item]
