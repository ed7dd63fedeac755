"""The log files of the parts: kept short, and followed for the lines that a person at the terminal wants."""

import json
import os
import re
from pathlib import Path
from typing import IO

from config.embedded import child

KEEP_BYTES = 5 * 1024 * 1024
READ_BYTES = 64 * 1024
COPY_BYTES = 1024 * 1024
LONGEST_LINE = 200

# The format of settings.LOGGING: date, time, level, logger, message, and what the line belongs to.
DJANGO_LINE = re.compile(r"^\S+ \S+ (?P<level>[A-Z]+) (?P<logger>[\w.]+): (?P<text>.*?)(?: \[\w+=[^\]]*\])?$")
POSTGRES_TROUBLE = re.compile(r"^\S+ \S+ \S+ \[\d+\] (?P<level>PANIC|WARNING): +(?P<text>.*)$")
LOUD = frozenset({"WARNING", "ERROR", "CRITICAL"})


def open_log(file: Path) -> IO[bytes]:
    """Opened for appending, for its owner only; one of an earlier version is closed to others."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def shorten(folder: Path) -> None:
    """Moves a log that has grown large out of the way, keeping one older one."""
    for file in folder.glob("*.log"):
        if file.stat().st_size > KEEP_BYTES:
            file.replace(file.with_suffix(".log.1"))


def rotate(file: Path) -> int:
    """Move what is in a log to the older one, while others write to it. Returns how many bytes were moved.

    Where the file system can take blocks away from the beginning of a file (ext4, XFS), no byte is lost. Elsewhere the
    file is emptied right after the last byte was copied.
    """
    older = file.with_suffix(".log.1")
    draft = file.with_suffix(".log.new")
    with open(file, "rb+") as stream, open_log(draft) as copy:
        copy.truncate(0)
        found = os.fstat(stream.fileno())
        whole = (found.st_size - 1) // found.st_blksize * found.st_blksize
        moved = _copy(stream, copy, whole)
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
    """Yields what is worth showing of the lines written to a log from now on."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.position = file.stat().st_size if file.exists() else 0
        self.rest = b""

    def shorten(self) -> None:
        """Rotate the log once it has grown large, and read on where it was."""
        try:
            if self.file.stat().st_size > KEEP_BYTES:
                self.position = max(0, self.position - rotate(self.file))
        except OSError:  # such as a full disk: the log goes on growing, and this is tried again
            return

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
