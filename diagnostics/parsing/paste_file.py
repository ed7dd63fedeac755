"""Reads an uploaded file in pieces. A HAR is reduced to its calls; other text has the size limits of a paste."""

from codecs import getincrementaldecoder
from collections.abc import Iterable

from diagnostics.parsing.har import START as HAR_START
from diagnostics.parsing.har import HarReducer
from diagnostics.parsing.parse import MAX_RECORD

STEP = 65_536  # bytes
FIRST = 1_000  # characters in which the start of a HAR is expected


class PasteFile:
    """Collects the bytes of a file, with limited memory. `text()` is the text for parse_call."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8-sig")("replace")
        self._pieces: list[str] = []
        self._size = 0
        self._reducer: HarReducer | None = None

    def feed(self, data: bytes) -> None:
        self._add(self._decoder.decode(data))

    def text(self) -> str:
        """The text of the file. Raises Unreadable for a HAR without calls. A text over the limit is cut, but stays over it."""
        self._add(self._decoder.decode(b"", final=True))
        return self._reducer.text() if self._reducer else "".join(self._pieces)

    def _add(self, piece: str) -> None:
        if self._reducer is not None:
            self._reducer.feed(piece)
            return
        if self._size <= MAX_RECORD:
            self._pieces.append(piece)
            self._size += len(piece)
        head = "".join(self._pieces) if self._size - len(piece) < FIRST else ""
        if HAR_START.search(head):
            self._reducer, self._pieces = HarReducer(), []
            self._reducer.feed(head)


def read_file(pieces: Iterable[bytes]) -> str:
    """The text of a file that arrives in pieces. Raises Unreadable as PasteFile does."""
    file = PasteFile()
    for piece in pieces:
        file.feed(piece)
    return file.text()
