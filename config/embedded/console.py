"""Console output of `up`: one line per event, prefixed with the process's name."""

import contextlib
import sys
from typing import TextIO

WIDTH = 10


class Console:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream

    def line(self, text: str = "") -> None:
        # A closed terminal must not prevent an orderly shutdown.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.stream, flush=True)

    def event(self, name: str, text: str) -> None:
        self.line(f"{name:<{WIDTH}} {text}")

    def warning(self, name: str, text: str) -> None:
        self.line(f"{name:<{WIDTH}} ! {text}")

    def block(self, *lines: str) -> None:
        """Important lines: indented, with a blank line before and after."""
        self.line()
        for text in lines:
            self.line(f"    {text}")
        self.line()
