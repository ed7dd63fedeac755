"""Streaming of text exports in chunks, so memory use doesn't grow with their size."""

from collections.abc import Iterable, Iterator

CHUNK_SIZE = 32_000  # characters
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the text is UTF-8


class LineWriter:
    """A file-like object for csv.writer whose `write` returns the line."""

    def write(self, text: str) -> str:
        return text


def in_chunks(lines: Iterable[str]) -> Iterator[str]:
    """Join lines into chunks of at least CHUNK_SIZE characters."""
    chunk: list[str] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= CHUNK_SIZE:
            yield "".join(chunk)
            chunk, size = [], 0
    yield "".join(chunk)
