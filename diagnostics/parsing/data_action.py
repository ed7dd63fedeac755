"""The error of a data action, which wraps the response of the API that it called in a 400 of its own."""

import re
from typing import Any

MAX_MESSAGE = 20_000  # characters
WRAPPER = re.compile(r"\bREST call for action\b|\bRequest to backend service failed\b", re.IGNORECASE)
BACKEND = re.compile(
    r"Request to backend service failed\.?\s{0,3}(?P<text>.{0,2000}?)\W{0,4}(?:\bstatus\b|\Z)",
    re.IGNORECASE | re.DOTALL,
)
STATUS = re.compile(r"\bstatus(?: ?code)?\W{0,4}([1-5]\d\d)\b|\breturned (?:status|code)? ?([45]\d\d)\b", re.IGNORECASE)


def wrapped_message(value: Any) -> str:
    """The message of a data action's error, which quotes the API's response; "" for any other value."""
    message = value.get("message") if isinstance(value, dict) else None
    return message[:MAX_MESSAGE] if isinstance(message, str) and WRAPPER.search(message) else ""


def backend_message(message: str) -> str:
    """What a data action's message says of the API's response, without the name of the action; "" for nothing."""
    found = BACKEND.search(message)
    return found["text"] if found else ""


def wrapped_status(value: dict[str, Any]) -> int | None:
    """The status of the API in a data action's error: in its message, or the name of a field in its details."""
    if status := status_in_message(wrapped_message(value)):
        return status
    details = value.get("details")
    names = (
        (detail.get("fieldName") for detail in details or () if isinstance(detail, dict))
        if isinstance(details, list)
        else ()
    )
    return next((int(name) for name in names if isinstance(name, str) and re.fullmatch(r"[1-5]\d\d", name)), None)


def status_in_message(message: str) -> int | None:
    found = STATUS.search(message)
    return int(found[1] or found[2]) if found else None
