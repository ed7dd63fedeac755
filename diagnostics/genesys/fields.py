"""Reads fields of an org's JSON: a field has the expected type, or it is absent.

Nothing in a response is trusted: any value may be missing, of another type, far too long or far too large. Each function
takes a value and the names that lead to a field in it, and never raises:

    text(data, "role", "name")          a string, "" where there is none
    mappings(data, "participants")      the objects of a list, [] where there is no list

Text was cleaned when the response was decoded (`clean_text.read_json`).
"""

from datetime import UTC, datetime
from typing import Any

from diagnostics.text.cleaning import REPLACEMENT, clean_text

LONGEST_TEXT = 200
LONGEST_ID = 200
LARGEST_NUMBER = 2**53  # the largest that every JSON reader takes exactly (RFC 8259, section 6)


def field(value: Any, *names: str) -> Any:
    """Whatever stands at that place, None where nothing does. For values whose type is then looked at."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: Any, *names: str, most: int = LONGEST_TEXT) -> str:
    """A string, cut to that many characters; "" where there is none."""
    found = field(value, *names)
    return found[:most] if isinstance(found, str) else ""


def word(value: Any, *names: str) -> str:
    """A string by which something is decided, such as a state; "" where there is none, or where it came damaged."""
    found = text(value, *names)
    return "" if REPLACEMENT in found else found


def text_list(value: Any, *names: str) -> list[str] | None:
    """The strings of a list by which something is decided; None where there is no list, or not all of it can be read."""
    found = items(value, *names)
    read = [word(each) for each in found or ()]
    return None if found is None or not all(read) else read


def identifier(value: Any, *names: str) -> str:
    """An ID exactly as it is, or "": one that would have to be cut or was cleaned could be taken for another."""
    found = field(value, *names)
    if not isinstance(found, str) or not found.strip() or len(found) > LONGEST_ID:
        return ""
    return found if clean_text(found) == found and REPLACEMENT not in found else ""


def boolean(value: Any, *names: str) -> bool | None:
    found = field(value, *names)
    return found if isinstance(found, bool) else None


def number(value: Any, *names: str) -> int | None:
    """A whole number, also one written as 5.0; None for anything else and for one beyond 2**53."""
    found = field(value, *names)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    if not -LARGEST_NUMBER <= found <= LARGEST_NUMBER or found != int(found):
        return None
    return int(found)


def moment(value: Any, *names: str) -> datetime | None:
    """A time in ISO 8601; UTC where it names no zone."""
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
    """An object; {} where there is none."""
    found = field(value, *names)
    return found if isinstance(found, dict) else {}


def items(value: Any, *names: str) -> list[Any] | None:
    """A list as it is; None where there is none, which is something else than an empty one."""
    found = field(value, *names)
    return found if isinstance(found, list) else None


def mappings(value: Any, *names: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [each for each in items(value, *names) or () if isinstance(each, dict)]


def texts(value: Any, *names: str, most: int = LONGEST_TEXT) -> list[str]:
    """The strings of a list, each cut to that many characters, without empty ones."""
    return [each[:most] for each in items(value, *names) or () if isinstance(each, str) and each]
