"""Reads text that is given to a command as a file or on standard input."""

import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO

from diagnostics.management.base import bad_input
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.paste_file import STEP, read_file

MAX_CHUNKS = 2_000  # 130 MB


def read_input(name: str) -> str:
    """The text of the file, or of standard input for "-". Raises OSError or Unreadable."""
    if name == "-":
        return read_file(_chunks(sys.stdin.buffer))
    with open(name, "rb") as file:
        return read_file(_chunks(file))


def read_or_exit(name: str, file: str) -> str:
    """As read_input, but exits with BAD_INPUT, and names the file as `file`."""
    try:
        return read_input(name)
    except (OSError, ValueError) as error:
        bad_input(f"Can't read {file}: {getattr(error, 'strerror', None) or error}.")
    except Unreadable as error:
        bad_input(str(error))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    return islice(iter(partial(file.read, STEP), b""), MAX_CHUNKS)
