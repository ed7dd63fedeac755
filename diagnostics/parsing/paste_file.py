"""Takes in a file with a paste, piece by piece: a HAR is cut to its calls on the way, all else has the limits of a paste."""

from codecs import getincrementaldecoder
from collections.abc import Iterable

from diagnostics.parsing.har import START as HAR_START
from diagnostics.parsing.har import HarReducer
from diagnostics.parsing.parse import MAX_RECORD

STEP = 65_536  # bytes
FIRST = 1_000  # characters by which a HAR is known


class PasteFile:
    """Feed it the bytes of the file in order; `text` is then what parse_call takes. Its memory is bounded."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8-sig")("replace")
        self._pieces: list[str] = []
        self._size = 0
        self._smaller: HarReducer | None = None

    def feed(self, data: bytes) -> None:
        self._take(self._decoder.decode(data))

    def text(self) -> str:
        """Raises Unreadable for a HAR without a call. A text that was too long is cut, but still too long."""
        self._take(self._decoder.decode(b"", final=True))
        return self._smaller.text() if self._smaller else "".join(self._pieces)

    def _take(self, piece: str) -> None:
        if self._smaller is not None:
            self._smaller.feed(piece)
            return
        if self._size <= MAX_RECORD:
            self._pieces.append(piece)
            self._size += len(piece)
        head = "".join(self._pieces) if self._size - len(piece) < FIRST else ""
        if HAR_START.search(head):
            self._smaller, self._pieces = HarReducer(), []
            self._smaller.feed(head)


def read_file(pieces: Iterable[bytes]) -> str:
    """The text of a file that comes in pieces; raises Unreadable as PasteFile does."""
    file = PasteFile()
    for piece in pieces:
        file.feed(piece)
    return file.text()
