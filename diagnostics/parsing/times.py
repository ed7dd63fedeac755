"""When a failure happened, by the response's Date header, a HAR, or the log's own time.

A time is kept as text: ISO 8601 in UTC, or without a zone if the log has none. Such a time is never guessed to be in a zone.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from diagnostics.parsing.draft import Draft
from diagnostics.parsing.objects import FoundObject
from diagnostics.text import time_budget

ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?"
    r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d))?(?![\w:])"
)
ACCESS = re.compile(r"(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})")
# The time of a log line is near its beginning, before any quoted value.
AT_LINE_START = re.compile(
    rf"^(?:[^\n\"'{{}}=]{{0,60}}?|(?:\w{{1,20}}=[\w.-]{{1,40}} )?(?:time|timestamp|ts|t)=[\"']?)(?:{ISO.pattern}|\[?{ACCESS.pattern})",
    re.MULTILINE,
)
KEYS = frozenset({"timestamp", "time", "ts", "datetime", "date", "starteddatetime", "eventtime", "logtime"})
EPOCH = (1_000_000_000, 4_000_000_000)  # the first and last second of a time written as a number
FIRST_YEAR = 2000


def failure_time(draft: Draft) -> str:
    """That of the server if the response has a Date header, else that of the log; "" if neither is known."""
    headers = draft.response.headers if draft.response else ()
    date = next((value for name, value in headers if name.lower() == "date"), "")
    return _http_date(date) or draft.time


def as_moment(time: str) -> datetime | None:
    """None for a time without a zone, and for "" or any other text."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def exact_utc(moment: datetime) -> str:
    """Such as "28 Nov 2026, 14:02 UTC", in text that is stored."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def time_in(value: Mapping[str, Any]) -> str:
    """The time of a log entry in JSON."""
    for name, item in value.items():
        if re.sub(r"[^a-z]", "", str(name).lower()) in KEYS and (found := parse_time(item)):
            return found
    return ""


def parse_time(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        unit = next((unit for unit in (1, 1000) if EPOCH[0] * unit <= value <= EPOCH[1] * unit), None)
        return _normalized(datetime.fromtimestamp(value // unit, UTC)) if unit else ""
    found = ISO.match(value.strip()[:60]) if isinstance(value, str) else None
    return _of_match(found["day"], found["clock"], found["zone"]) if found else ""


def logged_time(text: str, start: int, end: int, objects: Iterable[FoundObject] = ()) -> str:
    """The time of the last log line from `start` to `end`, or of a log entry in JSON that is there."""
    latest = ""
    for found in time_budget.checked(
        AT_LINE_START.finditer(text, text.rfind("\n", 0, start) + 1, max(start, end) + 200)
    ):
        if found.start() > end:
            break
        latest = (
            _of_match(found["day"], found["clock"], found["zone"]) if found["day"] else _access(found["time"])
        ) or latest
    entries = (item.value for item in objects if item.at <= end and item.end > start)
    return latest or next(filter(None, map(time_in, entries)), "")


def _of_match(day: str, clock: str, zone: str | None) -> str:
    zone = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00", None: ""}.get(zone, zone) or ""
    try:
        return _normalized(datetime.fromisoformat(f"{day}T{clock}{zone}"))
    except ValueError:
        return ""


def _access(time: str) -> str:
    try:
        return _normalized(datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z"))
    except ValueError:
        return ""


def _http_date(text: str) -> str:
    try:
        return _normalized(parsedate_to_datetime(text[:60])) if text else ""
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _normalized(moment: datetime) -> str:
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError:
        return ""
    return moment.replace(microsecond=0).isoformat() if moment.year >= FIRST_YEAR else ""
