"""Finds the code in a plain text, such as paths and permissions, so that pages and Markdown can set it apart."""

import re
from collections.abc import Iterator

CODE = re.compile(
    r"(?:(?:GET|POST|PUT|PATCH|DELETE) )?(?:https://[\w.<>{}-]+)?/(?:api|oauth|conversations|webchat|cobrowse|sessions)\b[\w/{}-]*"
    r"|https://[\w.<>{}-]*[\w>]"
    r"|\b[a-zA-Z]+:[a-zA-Z]+:[a-z]+\b|\b(?:conversation|cobrowse):write\b|\bgrant_type=\w+|\bapplication/[\w-]+"
    r"|\b(?:providerId|sessionId|dateOfferEnds|invalid_client|not\.a\.user|not\.a\.client|contextId|HTTPS_PROXY|NO_PROXY)\b"
    r"|\b(?:ININ-Correlation-Id|inin-ratelimit-count|Retry-After|Content-Type|X-Rate-Limit-\*)"
)


def split_code(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a text in order, each with whether it is code."""
    position = 0
    for found in CODE.finditer(text):
        yield False, text[position : found.start()]
        yield True, found[0]
        position = found.end()
    yield False, text[position:]


def to_markdown(text: str) -> str:
    """The text with its code in backticks, and without signs that Markdown would read as HTML."""
    return "".join(f"`{part}`" if is_code else part.replace("<", "\\<") for is_code, part in split_code(text))
