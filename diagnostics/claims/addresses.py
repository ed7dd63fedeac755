"""Finds the URLs and paths in a text, with the HTTP method named near each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diagnostics.text import time_budget

METHODS = "GET|HEAD|POST|PUT|PATCH|DELETE"
PLACEHOLDER = r"\{\{[^{}\n]{0,80}\}\}|\$?\{[^{}\n]{0,80}\}|<[^<>\n]{1,60}>|\[[\w .-]{1,40}\]"
HOST = rf"(?:{PLACEHOLDER}|[A-Za-z0-9.:@_$%*-])"
PATH = rf"(?:{PLACEHOLDER}|[A-Za-z0-9_.~%$:@+*/\u2026-])"
ADDRESS = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{HOST}{{1,200}}+)(?P<path>/{PATH}{{0,900}}+)?"
    rf"|(?P<named>(?<![\w@./-])(?:api|apps|login)\.[\w.-]{{3,80}}+)(?P<behind>/{PATH}{{0,900}}+)"
    rf"|(?P<bare>(?:(?<![\w/:.}}>\])…-])|(?=/(?i:api)/v\d)|(?<=\.\.\.)|(?<=…))/{PATH}{{1,900}}+)"
    rf"|(?<![\w/.-])(?P<headless>api/v\d/{PATH}{{1,900}}+)",
    re.IGNORECASE,
)
# "/conversations/" + id + "/cobrowse": the expression in between is a value.
GLUED = re.compile(r"[\"'`][ \t]{0,4}[+.][ \t]{0,4}[\w.]{1,60}+(?:\(\))?[ \t]{0,4}[+.][ \t]{0,4}[\"'`](?=/)")
GLUED_LAST = re.compile(r"(?<=/)[\"'`][ \t]{0,4}\+[ \t]{0,4}[\w.]{1,60}+")
FILLER = "\x1f"  # never in a text: control characters are removed from pasted text
FILLED = re.compile(rf"\{{{FILLER}+\}}")
FINAL = ".,;:!?*'\"`…"

BASE_BEFORE = re.compile(rf"(?:{PLACEHOLDER}|\$\w{{1,40}}|\b\w{{1,40}}[ \t]?\+[ \t]?[\"'`])$")
OPENING = r"[frbu$@]{0,2}[\"'`]?"
TO = r"(?:\s(?:requests?|calls?))?(?:\s(?:to|on|at|against|the)){0,2}[\s:`'\"*(|,]{1,8}"
JUST_BEFORE = re.compile(
    rf"(?:\b(?P<word>{METHODS})\b{TO}{OPENING}"
    rf"|\.(?P<call>(?i:{METHODS}))(?:Async|JSON)?\(\s{{0,20}}(?:url\s?=\s?)?{OPENING})$"
)
NAMING = r"(?:-X|--request)[ =]{0,2}[\"']?|\bmethod[\"']?\s{0,3}[:=]\s{0,3}[\"']|HttpMethod\.|\)\s{0,40}\."
OPTION = re.compile(rf"(?:{NAMING})(?P<name>(?i:{METHODS}))\b")
NEAR = 240  # characters around an address within which its method may be named


@dataclass(frozen=True)
class Address:
    """A URL or a path as written, from `at` to `end` in the text. `path` is "" for a host alone.

    `path_at` and `host_at` are the offsets of its parts, -1 for a part that is missing.
    """

    at: int
    end: int
    path_at: int
    host_at: int
    scheme: str
    host: str
    path: str
    method: str = ""


def unglued(text: str) -> str:
    """The text with concatenated values replaced by placeholders of the same length, so that each address is in one piece."""
    text = GLUED.sub(_filler, text)
    time_budget.check()
    return GLUED_LAST.sub(_filler, text)


def _filler(match: re.Match[str]) -> str:
    time_budget.check()
    return "{" + FILLER * (len(match[0]) - 2) + "}"


def addresses(text: str) -> Iterator[Address]:
    """The addresses of a text that `unglued` returned, in order. Takes time in proportion to its length."""
    found = []
    for match in time_budget.checked(ADDRESS.finditer(text)):
        if address := _address(match):
            found.append(address)
    for index, address in enumerate(found):
        time_budget.check()
        lower = found[index - 1].end if index else 0
        upper = found[index + 1].at if index + 1 < len(found) else len(text)
        method = _method(text, address, max(lower, address.at - NEAR), min(upper, address.end + NEAR))
        yield replace(address, method=method)


def _address(match: re.Match[str]) -> Address | None:
    path = match["path"] or match["behind"] or match["bare"] or match["headless"] or ""
    path = _trimmed(path if path.startswith("/") or not path else f"/{path}")
    host = (match["host"] or match["named"] or "").rpartition("@")[2].rstrip(FINAL).lower()
    if not host and len(path) < 3:
        return None
    end = match.start() + len(match[0].rstrip(FINAL))
    path_at = max(match.start(part) for part in ("path", "behind", "bare", "headless"))
    written = match["host"] or match["named"] or ""
    host_at = max(match.start("host"), match.start("named")) + len(written) - len(written.rpartition("@")[2])
    return Address(match.start(), end, path_at, host_at, (match["scheme"] or "").lower(), host, path)


def _trimmed(path: str) -> str:
    """The path without the punctuation of its sentence. Three dots as the last segment are kept: they stand for a value."""
    bare = FILLED.sub("{value}", path.rstrip(FINAL))
    path = FILLED.sub("{value}", path)
    return bare + path[len(bare) :][:3] if bare.endswith("/") and path[len(bare) :].startswith(("...", "…")) else bare


def _method(text: str, address: Address, lower: int, upper: int) -> str:
    before = BASE_BEFORE.sub("", text[lower : address.at])
    if found := JUST_BEFORE.search(before[-80:]):
        return (found["word"] or found["call"]).upper()
    before, after = before.rpartition("\n\n")[2], text[address.end : upper].partition("\n\n")[0]
    names = [match["name"] for match in OPTION.finditer(before)][-1:] or [m["name"] for m in OPTION.finditer(after)]
    return names[0].upper() if names else ""
