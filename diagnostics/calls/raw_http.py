"""Reads a raw HTTP request, and the raw response that may follow it."""

import re

from diagnostics.calls.answers import STATUS_LINE, find_answer, raw_response, read_headers, tidy_body
from diagnostics.calls.call import Unreadable
from diagnostics.calls.draft import Draft

METHOD = re.compile(r"[ \t]*(?:> ?)?([A-Za-z]{3,20})[ \t]")
VERSION = re.compile(r"\d(?:\.\d)?")


def request_line(line: str) -> tuple[str, str] | None:
    """Method and target of "POST /path HTTP/1.1", also as curl -v shows it."""
    head, slash, version = line.rstrip().rpartition(" HTTP/")
    method = METHOD.match(head + " ") if slash and VERSION.fullmatch(version) else None
    target = head[method.end() :].strip() if method else ""
    return (method[1].upper(), target) if method and target else None


def find_request(text: str) -> int:
    """Where the first request line starts; -1 for none."""
    at = 0
    for line in text.split("\n"):
        if " HTTP/" in line and request_line(line):
            return at
        at += len(line) + 1
    return -1


def has_response(text: str) -> bool:
    return any(STATUS_LINE.match(line) for line in text.split("\n"))


def read_raw_http(text: str) -> Draft:
    """A request with or without its response, or a response alone."""
    draft = Draft("raw_http")
    start = find_request(text)
    if start < 0:
        draft.answer = raw_response(text)
        if draft.answer is None:
            raise Unreadable("There is neither a request line nor a status line here.")
        draft.note("taken", "The text holds only an answer; the call itself is not in it.")
        return draft
    lines = text[start:].split("\n")
    verbose = lines[0].lstrip().startswith(">")
    found = request_line(lines[0])
    if found:
        draft.method, target = found
        end = next((number for number, line in enumerate(lines) if STATUS_LINE.match(line)), len(lines))
        _read_request(draft, target, lines[1:end], verbose)
        draft.answer = find_answer("\n".join(lines[end:])) if end < len(lines) else None
    draft.note("taken", "The call was read from a raw HTTP request.")
    return draft


def _read_request(draft: Draft, target: str, block: list[str], verbose: bool) -> None:
    if verbose:
        block = [line.lstrip()[1:].removeprefix(" ") for line in block if line.lstrip().startswith(">")]
        draft.note("guessed", "The output of curl -v does not show the body, so the body is not known.")
    draft.headers, rest = read_headers(block)
    draft.body = None if verbose else tidy_body(rest)
    draft.url = whole_url(target, draft)


def whole_url(target: str, draft: Draft) -> str:
    """The target with the host that the headers name; a bare path stays one when they name none."""
    host = (draft.header("Host") or "").strip()
    if not target.startswith("/") or not re.fullmatch(r"[^\s/?#@]{1,260}", host):
        return target
    draft.note("guessed", "The URL was put together from the Host header; https was taken as its scheme.")
    return f"https://{host}{target}"
