"""What the product itself says: the text of its pages, checks and API reference, to tell its words from others' values."""

import re
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = ((PACKAGE, "*.py"), (PACKAGE / "genesys", "*.json"), (PACKAGE.parent / "templates", "*.html"))
LEFT_OUT = frozenset({"demo", "bench", "evaluation", "migrations"})
# Where a string of the source goes on in the next line.
SEAM = re.compile(r"[\"']\s*\n\s*f?[\"']")

# The hosts of a region are put together from these and its domain.
HOST = re.compile(r"^(?:https?://)?(?:api|login|apps)\.(?=\w+\.\w)")


def is_own_phrase(phrase: str) -> bool:
    """Does this phrase stand in the product's own text, whatever its capitals?"""
    plain = " ".join(phrase.lower().split())
    return plain in _text() or HOST.sub("", plain) in _text()


@lru_cache(maxsize=1)
def _text() -> str:
    """A few megabytes, read only once it is asked whether an unusual secret is a phrase of ours."""
    files = [
        file
        for place, pattern in SOURCES
        for file in sorted(place.rglob(pattern))
        if not LEFT_OUT.intersection(file.relative_to(PACKAGE.parent).parts)
    ]
    text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return " ".join(SEAM.sub("", text).lower().split())
