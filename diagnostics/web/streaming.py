"""Text sent piece by piece, so that an export of any size stays small in memory."""

from collections.abc import Iterable, Iterator

PIECE = 32_000  # characters sent at a time


BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which a spreadsheet knows that the text is UTF-8


class LineWriter:
    """What csv writes to: gives back the line."""

    def write(self, text: str) -> str:
        return text


def in_pieces(lines: Iterable[str]) -> Iterator[str]:
    """The same text in fewer, larger parts."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= PIECE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)
