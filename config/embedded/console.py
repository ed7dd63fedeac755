"""What `up` says: one short line per event, the part's name in front."""

import contextlib
import sys
from typing import TextIO

WIDTH = 10


class Console:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream

    def line(self, text: str = "") -> None:
        # A closed terminal must not keep the parts from being ended in order.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.stream, flush=True)

    def part(self, name: str, text: str) -> None:
        self.line(f"{name:<{WIDTH}} {text}")

    def trouble(self, name: str, text: str) -> None:
        self.line(f"{name:<{WIDTH}} ! {text}")

    def block(self, *lines: str) -> None:
        """A few lines that must be seen, set apart."""
        self.line()
        for text in lines:
            self.line(f"    {text}")
        self.line()
