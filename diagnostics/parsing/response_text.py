"""Finds a response in a text: raw HTTP, an error of curl, an error body or only a status."""

import json
import re
from itertools import islice
from typing import Any

from diagnostics.parsing.draft import MAX_HEADERS, DraftResponse, Headers
from diagnostics.text import time_budget

STATUS_LINE = re.compile(r"[ \t]*(?:< ?)?HTTP/\d(?:\.\d)?[ \t]{1,4}(\d{3})(?!\d)")
CURL_ERROR = re.compile(r"curl: \(\d{1,3}\)[ \t]?([^\r\n]{0,500})")
ARROW_STATUS = re.compile(r"(?:->|=>|→|⇒|⟶|➔|➜)[ \t]{0,8}(?:HTTP(?:/\d(?:\.\d)?)?[ \t]{1,4})?([1-5]\d\d)(?!\w)")
STATUS_WORDS = (
    r"(?:HTTP(?:/\d(?:\.\d)?)?[ \t]{1,4})?(?:status(?:[ _-]?code)?[ \t]{0,4}[:=]?[ \t]{0,4})?"
    r"(?:(?:the )?(?:response|answer|result|returns?|got|error)(?:[ \t]{0,4}[:=]|[ \t])[ \t]{0,4})?"
)
LONE_STATUS = re.compile(
    rf"[\s>*#•`\"'(\[-]{{0,12}}{STATUS_WORDS}(?:status(?:[ _-]?code)?[ \t]{{0,4}}[:=]?[ \t]{{0,4}})?([1-5]\d\d)"
    r"(?:[ \t:–-]{1,4}[A-Za-z][A-Za-z' ]{1,40})?[\s`\"')\].!:]{0,12}",
    re.IGNORECASE,
)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Keys that together only a response has: ErrorBody, the errors of the token endpoint, a started session.
RESPONSE_KEYS = (
    {"contextId"},
    {"message", "code"},
    {"error", "error_description"},
    {"error", "description"},
    {"joinCode"},
)
VERBOSE_NOISE = re.compile(r"\* |\*$|[{}] \[\d|> |< |[ \t]*\d{1,3}[ \t]+\d.*--:--")


def find_response(text: str) -> DraftResponse | None:
    """The response in a text, usually the text after a call; None for none."""
    return raw_response(text) or _curl_error(text) or _bare_status(text) or _bare_body(text)


def raw_response(text: str) -> DraftResponse | None:
    """The last raw response in the text: those before it are from a proxy, a "100 Continue" or a redirect."""
    if "HTTP/" not in text:
        return None
    lines = text.split("\n")
    starts = [number for number, line in enumerate(time_budget.checked(lines)) if STATUS_LINE.match(line)]
    if not starts:
        return None
    first = STATUS_LINE.match(lines[starts[-1]])
    verbose = lines[starts[-1]].lstrip().startswith("<")
    block = lines[starts[-1] + 1 :]
    if verbose:
        block = [line.lstrip()[1:].removeprefix(" ") if line.lstrip().startswith("<") else line for line in block]
    headers, rest = read_headers(block)
    if verbose:
        rest = [line for line in time_budget.checked(rest) if not VERBOSE_NOISE.match(line)]
    return DraftResponse(int(first[1]) if first else None, headers, _without_prose(tidy_body(rest)))


def _without_prose(body: str | None) -> str | None:
    """The body without the lines after its JSON, as in a mail thread."""
    found = json_at(body, 0) if body and body[0] in "{[" else None
    return body[: found[1]] if body and found and body[found[1] :].lstrip(" \t").startswith("\n") else body


def read_headers(lines: list[str]) -> tuple[Headers, list[str]]:
    """The headers up to the blank line, and the lines after it. A folded header keeps its line end."""
    headers: Headers = []
    for number, raw in enumerate(lines):
        time_budget.check()
        line = raw.rstrip("\r")
        name, colon, value = line.partition(":")
        if not line.strip():
            return headers, lines[number + 1 :]
        named = colon and HEADER_NAME.fullmatch(name.strip())
        if line[0] in " \t" and headers and not named:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]}\n {line.strip()}")
        elif named:
            if len(headers) < MAX_HEADERS:
                headers.append((name.strip(), value.strip(" \t")))
        else:
            return headers, lines[number:]
    return headers, []


def tidy_body(lines: list[str]) -> str | None:
    """The body without blank lines, code fences and prompts around it; None for an empty one."""
    lines = [line.rstrip("\r") for line in lines]
    while lines and (not lines[-1].strip() or lines[-1].strip() in {"```", "$", "#", "%", "~~~"}):
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[first:]) or None


def is_response_body(value: Any) -> bool:
    """Whether a JSON value is the body of a response, not of a request."""
    if not isinstance(value, dict):
        return False
    if status_in(value) is not None and len(value) > 1:
        return True
    return any(keys <= value.keys() for keys in RESPONSE_KEYS)


def status_in(value: Any) -> int | None:
    """The HTTP status in an error body."""
    found = value.get("status") if isinstance(value, dict) else None
    if isinstance(found, str) and re.fullmatch(r"[1-5]\d\d", found.strip()):
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and 100 <= found <= 599 else None


def json_at(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON value that begins at `start`, and its end; None if it isn't JSON."""
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def permissions_in(text: str) -> tuple[str, ...]:
    """The first five permissions in a response, such as conversation:cobrowse:add."""
    found = re.findall(r"\b[A-Za-z]\w{0,60}:[A-Za-z]\w{0,60}:(?:[A-Za-z]\w{0,60}|\*)", text)
    return tuple(dict.fromkeys(found))[:5]


def line_status(line: str) -> int | None:
    """The status in a line such as "-> 404" or "404 Not Found"."""
    line = line[-2000:]
    found = ARROW_STATUS.search(line) or LONE_STATUS.fullmatch(line)
    return int(found[1]) if found else None


def _curl_error(text: str) -> DraftResponse | None:
    found = CURL_ERROR.search(text)
    return DraftResponse(network_error=found[1].strip() or "curl gave up") if found else None


def _bare_status(text: str) -> DraftResponse | None:
    for number, line in enumerate(lines := text.split("\n")):
        time_budget.check()
        status = line_status(line)
        if status:
            after = "\n".join(lines[number + 1 :]).strip()
            found = _bare_body(after)
            return DraftResponse(status, [], found.body if found else None)
    return None


def _bare_body(text: str) -> DraftResponse | None:
    """The first JSON object at the start of a line that looks like a response."""
    for start in islice(re.finditer(r"^[ \t]{0,20}(?=\{)", text, re.MULTILINE), 5):
        time_budget.check()
        found = json_at(text, start.end())
        if found and is_response_body(found[0]):
            return DraftResponse(status_in(found[0]), [], text[start.end() : found[1]])
    return None
