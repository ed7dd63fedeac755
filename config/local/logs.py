"""The log files of the parts: kept short, and followed for the lines that a person at the terminal wants."""

import json
import os
import re
from pathlib import Path

KEEP_BYTES = 5 * 1024 * 1024
READ_BYTES = 64 * 1024
LONGEST_LINE = 200

# The format of settings.LOGGING: date, time, level, logger, message, and what the line belongs to.
DJANGO_LINE = re.compile(r"^\S+ \S+ (?P<level>[A-Z]+) (?P<logger>[\w.]+): (?P<text>.*?)(?: \[\w+=[^\]]*\])?$")
POSTGRES_TROUBLE = re.compile(r"^\S+ \S+ \S+ \[\d+\] (?P<level>PANIC|WARNING): +(?P<text>.*)$")
LOUD = frozenset({"WARNING", "ERROR", "CRITICAL"})


def shorten(folder: Path) -> None:
    """Moves a log that has grown large out of the way, keeping one older one."""
    for file in folder.glob("*.log"):
        if file.stat().st_size > KEEP_BYTES:
            file.replace(file.with_suffix(".log.1"))


def last_lines(file: Path, count: int) -> str:
    try:
        with open(file, "rb") as stream:
            stream.seek(max(0, os.path.getsize(file) - READ_BYTES))
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


class Follower:
    """Yields what is worth showing of the lines written to a log from now on."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.position = file.stat().st_size if file.exists() else 0
        self.rest = b""

    def new_lines(self) -> list[str]:
        try:
            with open(self.file, "rb") as stream:
                stream.seek(self.position)
                read = stream.read(READ_BYTES)
        except OSError:
            return []
        self.position += len(read)
        *lines, self.rest = (self.rest + read).split(b"\n")
        self.rest = self.rest[-READ_BYTES:]
        return [shown for line in lines if (shown := worth_showing(line.decode(errors="replace")))]


def worth_showing(line: str) -> str:
    """The short form of a line: what the product does, and any part's trouble; "" for the rest."""
    level, logger, text = _json_parts(line) if line.startswith("{") else _parts(line)
    if level not in LOUD | {"PANIC"} and not logger.startswith("diagnostics"):
        return ""
    said = text if level == "INFO" else f"! {text}"
    return said if len(said) <= LONGEST_LINE else f"{said[:LONGEST_LINE]} ..."


def _parts(line: str) -> tuple[str, str, str]:
    """Level, logger and text; three times "" for a line that is none of ours."""
    match = DJANGO_LINE.match(line) or POSTGRES_TROUBLE.match(line)
    return (match["level"], match.groupdict().get("logger") or "", match["text"]) if match else ("", "", "")


def _json_parts(line: str) -> tuple[str, str, str]:
    try:
        told = json.loads(line)
    except ValueError:
        return "", "", ""
    return str(told.get("level", "")).upper(), str(told.get("logger", "")), str(told.get("event", ""))
