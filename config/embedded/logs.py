"""Log files of the supervised processes: rotated by size, and followed for lines to show in the terminal."""

import json
import os
import re
from pathlib import Path
from typing import IO

from config.embedded import child

ROTATE_BYTES = 5 * 1024 * 1024
READ_BYTES = 64 * 1024
COPY_BYTES = 1024 * 1024
MAX_LINE = 200

# The format of settings.LOGGING: date, time, level, logger, message, and context in brackets.
DJANGO_LINE = re.compile(r"^\S+ \S+ (?P<level>[A-Z]+) (?P<logger>[\w.]+): (?P<text>.*?)(?: \[\w+=[^\]]*\])?$")
POSTGRES_LINE = re.compile(r"^\S+ \S+ \S+ \[\d+\] (?P<level>PANIC|WARNING): +(?P<text>.*)$")
WARNING_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})


def open_log(file: Path) -> IO[bytes]:
    """Open for appending, readable only by the owner, even if an earlier version created it otherwise."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def rotate_closed(folder: Path) -> None:
    """Rename large logs that no process has open. One older file is kept."""
    for file in folder.glob("*.log"):
        if file.stat().st_size > ROTATE_BYTES:
            file.replace(file.with_suffix(".log.1"))


def rotate(file: Path) -> int:
    """Move the content of a log that is being written to the older file. Returns the number of bytes moved.

    On file systems that can remove blocks from the beginning of a file (ext4, XFS), no byte is lost. On others the file
    is truncated right after copying.
    """
    older = file.with_suffix(".log.1")
    draft = file.with_suffix(".log.new")
    with open(file, "rb+") as stream, open_log(draft) as copy:
        copy.truncate(0)
        status = os.fstat(stream.fileno())
        whole_blocks = (status.st_size - 1) // status.st_blksize * status.st_blksize
        moved = _copy(stream, copy, whole_blocks)
        copy.flush()
        if not child.remove_beginning(stream.fileno(), moved):
            while more := _copy(stream, copy, os.fstat(stream.fileno()).st_size - moved):
                moved += more
            copy.flush()
            os.ftruncate(stream.fileno(), 0)
    draft.replace(older)
    return moved


def _copy(source: IO[bytes], target: IO[bytes], count: int) -> int:
    left = count
    while left > 0 and (read := source.read(min(left, COPY_BYTES))):
        target.write(read)
        left -= len(read)
    return count - left


def last_lines(file: Path, count: int) -> str:
    try:
        with open(file, "rb") as stream:
            stream.seek(max(0, os.path.getsize(file) - READ_BYTES))
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


class Follower:
    """Follows a log from its current end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.position = file.stat().st_size if file.exists() else 0
        self.rest = b""

    def rotate_if_large(self) -> None:
        """Rotate a large log without skipping a line."""
        try:
            if self.file.stat().st_size > ROTATE_BYTES:
                self.position = max(0, self.position - rotate(self.file))
        except OSError:  # such as a full disk: retried at the next call
            return

    def new_lines(self) -> list[str]:
        """The short form of the lines to show among those written since the last call."""
        try:
            with open(self.file, "rb") as stream:
                stream.seek(self.position)
                content = stream.read(READ_BYTES)
        except OSError:
            return []
        self.position += len(content)
        *lines, self.rest = (self.rest + content).split(b"\n")
        self.rest = self.rest[-READ_BYTES:]
        return [shown for line in lines if (shown := short_form(line.decode(errors="replace")))]


def short_form(line: str) -> str:
    """The line as shown in the terminal; "" unless it is a warning, an error or from the product's own loggers."""
    level, logger, text = _parse_json(line) if line.startswith("{") else _parse(line)
    if level not in WARNING_LEVELS | {"PANIC"} and not logger.startswith("diagnostics"):
        return ""
    shown = text if level == "INFO" else f"! {text}"
    return shown if len(shown) <= MAX_LINE else f"{shown[:MAX_LINE]} ..."


def _parse(line: str) -> tuple[str, str, str]:
    """Level, logger and message; empty strings if the format is unknown."""
    match = DJANGO_LINE.match(line) or POSTGRES_LINE.match(line)
    return (match["level"], match.groupdict().get("logger") or "", match["text"]) if match else ("", "", "")


def _parse_json(line: str) -> tuple[str, str, str]:
    try:
        entry = json.loads(line)
    except ValueError:
        return "", "", ""
    return str(entry.get("level", "")).upper(), str(entry.get("logger", "")), str(entry.get("event", ""))
