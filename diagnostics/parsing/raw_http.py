"""Reads a raw HTTP request and the response after it."""

import re
from functools import partial

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import METHODS, Draft
from diagnostics.parsing.response_text import STATUS_LINE, find_response, raw_response, read_headers, tidy_body
from diagnostics.text import time_budget

METHOD = re.compile(r"[ \t]*(?:> ?)?([A-Za-z]{3,20})[ \t]")
VERSION = re.compile(r"\d(?:\.\d)?")


def request_line(line: str) -> tuple[str, str] | None:
    """The method and the target of "POST /path HTTP/1.1", also with the ">" of curl -v."""
    head, slash, version = line.rstrip().rpartition(" HTTP/")
    method = METHOD.match(head + " ") if slash and VERSION.fullmatch(version) else None
    target = head[method.end() :].strip() if method else ""
    if target and method and method[1] not in METHODS and " " in target:
        return None  # a line of a log
    return (method[1].upper(), target) if method and target else None


def find_request(text: str) -> int:
    """The offset of the first request line; -1 for none."""
    at = 0
    for line in time_budget.checked(text.split("\n")) if " HTTP/" in text else ():
        if " HTTP/" in line and request_line(line):
            return at
        at += len(line) + 1
    return -1


def has_response(text: str) -> bool:
    return "HTTP/" in text and any(STATUS_LINE.match(line) for line in time_budget.checked(text.split("\n")))


def raw_requests(text: str, after_curl: int) -> list[CallSpan]:
    """The requests in the text, except those that curl -v shows for a command, after the offset `after_curl`."""
    calls: list[CallSpan] = []
    at = 0
    for line in time_budget.checked(text.split("\n")) if " HTTP/" in text else ():
        shown_by_curl = line.lstrip().startswith(">") and 0 <= after_curl < at
        if " HTTP/" in line and not shown_by_curl and len(calls) < MAX_CANDIDATES and request_line(line):
            calls.append(CallSpan(at, at + len(line), partial(_read, text, at)))
        at += len(line) + 1
    return calls


def read_response(text: str) -> Draft:
    """A response alone."""
    draft = Draft("raw_http", response=raw_response(text))
    draft.note("taken", "The text has only a response, not the call.")
    return draft


def _read(text: str, start: int, until: int) -> Draft:
    draft = Draft("raw_http")
    lines = text[start:until].split("\n")
    verbose = lines[0].lstrip().startswith(">")
    found = request_line(lines[0])
    if found:
        draft.method, target = found
        end = next(
            (number for number, line in enumerate(time_budget.checked(lines)) if STATUS_LINE.match(line)), len(lines)
        )
        _read_request(draft, target, lines[1:end], verbose)
        draft.response = find_response("\n".join(lines[end:])) if end < len(lines) else None
    draft.note("taken", "The call was read from a raw HTTP request.")
    return draft


def _read_request(draft: Draft, target: str, block: list[str], verbose: bool) -> None:
    if verbose:
        block = [line.lstrip()[1:].removeprefix(" ") for line in block if line.lstrip().startswith(">")]
        draft.body_unknown = True
        draft.note("guessed", "curl -v doesn't print the body, so the body is unknown.")
    draft.headers, rest = read_headers(block)
    draft.body = None if verbose else tidy_body(rest)
    draft.url = whole_url(target, draft)


def whole_url(target: str, draft: Draft) -> str:
    """The target with the host from the headers; a bare path if there is no Host header."""
    host = (draft.header("Host") or "").strip()
    if not target.startswith("/") or not re.fullmatch(r"[^\s/?#@]{1,260}", host):
        return target
    draft.note("guessed", "The URL was built from the Host header, with https.")
    return f"https://{host}{target}"
