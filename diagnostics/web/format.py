"""Counts, durations and sizes in words. Pure."""

from datetime import timedelta

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def count_of(count: int, noun: str) -> str:
    """For example "1 day" or "2 days"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration_in_words(length: timedelta, *, units: int = 1) -> str:
    """The largest unit with the next `units - 1` below it: "2 hours", or with two units "2 hours 5 minutes"."""
    seconds = int(length.total_seconds())
    if seconds < 1:
        return "less than a second"
    largest = next(index for index, (size, _) in enumerate(UNITS) if seconds >= size)
    parts = []
    for size, unit in UNITS[largest : largest + units]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(count_of(count, unit))
    return " ".join(parts)


def whole_duration(seconds: int) -> str:
    """In the largest unit that divides it, with days from two on: 86400 -> "24 hours", 5400 -> "90 minutes"."""
    for size, unit in UNITS:
        if seconds >= size and seconds % size == 0 and (unit != "day" or seconds >= 2 * size):
            return count_of(seconds // size, unit)
    return count_of(seconds, "second")


def short_duration(seconds: int) -> str:
    """For example "5 min 3 s", "5 min" or "3 s"."""
    minutes, rest = divmod(seconds, 60)
    parts = [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest or not minutes)
    return " ".join(parts)


def bytes_in_words(count: int) -> str:
    """With decimal prefixes: "512 bytes" or "1.5 MB"."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
