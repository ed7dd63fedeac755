"""The product's own text (pages, checks, API reference), to tell its words from values that others wrote."""

import re
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = ((PACKAGE, "*.py"), (PACKAGE / "genesys", "*.json"), (PACKAGE.parent / "templates", "*.html"))
EXCLUDED_DIRECTORIES = frozenset({"demo", "bench", "evaluation", "migrations"})
# Between two adjacent string literals that Python joins.
LITERAL_BOUNDARY = re.compile(r"[\"']\s*\n\s*f?[\"']")

# The source has the domain of a region, and these prefixes separately.
HOST_PREFIX = re.compile(r"^(?:https?://)?(?:api|login|apps)\.(?=\w+\.\w)")


@lru_cache(maxsize=1_000)  # searching megabytes takes milliseconds. Random secrets don't come here, see is_ordinary
def is_own_phrase(phrase: str) -> bool:
    """Is this phrase part of the product's own text, ignoring case and white space?"""
    normalized = " ".join(phrase.lower().split())
    return normalized in _own_text() or HOST_PREFIX.sub("", normalized) in _own_text()


@lru_cache(maxsize=1)
def _own_text() -> str:
    """A few megabytes, so it is loaded on first use."""
    files = [
        file
        for directory, pattern in SOURCES
        for file in sorted(directory.rglob(pattern))
        if not EXCLUDED_DIRECTORIES.intersection(file.relative_to(PACKAGE.parent).parts)
    ]
    text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return " ".join(LITERAL_BOUNDARY.sub("", text).lower().split())
