"""Reads a HAR, a browser's record of its network traffic, of any size and also if it is incomplete."""

import base64
import binascii
import json
import re
from functools import partial
from typing import Any

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.candidates import MAX_CANDIDATES, Candidate, most_likely
from diagnostics.parsing.draft import MAX_HEADERS, Draft, DraftResponse, Headers, method_in
from diagnostics.parsing.har_scanner import ENTRIES, EntryScanner, url_of
from diagnostics.parsing.times import parse_time
from diagnostics.parsing.values import headers_in
from diagnostics.text import time_budget

START = re.compile(r"^\ufeff?[ \t]*\{\s*\"(?:log\"\s*:\s*\{|entries\"\s*:\s*\[\s*\{)", re.MULTILINE)
TOTALS = re.compile(r"\{\"log\":\{\"_total\":(\d{1,9}),\"_whole\":(true|false),")
MAX_BODY = 50_000
MAX_ENTRIES_SIZE = 900_000  # characters of the likeliest entries in a reduced HAR
MAX_OTHERS_SIZE = 1_500_000  # characters of the other entries, which only count
MAX_SHORT = 20_000  # characters of a value in one of the other entries
SHORT_HEADERS = frozenset({"accept", "authorization", "content-type", "host", "inin-correlation-id"})
MAX_MB = 64
LEAVE_OUT = ("pages", "timings", "cache", "initiator", "_initiator")
SMALLER = (
    "In the browser's network list, filter for cobrowse or api/v2, and use “Copy as cURL” on the failing line, "
    "or export the HAR again with the filter on."
)


class MostLikelyEntries:
    """The most likely entries so far, reduced to the parts that are parsed."""

    def __init__(self) -> None:
        self.candidates: list[tuple[Candidate, dict[str, Any]]] = []

    def add(self, entry: dict[str, Any], position: int = 0) -> None:
        time_budget.check()
        small = _cut(entry) | {"_position": position}
        self.candidates.append((candidate_of(small), small))
        if len(self.candidates) > 4 * MAX_CANDIDATES:
            self.candidates = self.best()

    def best(self) -> list[tuple[Candidate, dict[str, Any]]]:
        by_offer = {id(candidate): small for candidate, small in self.candidates}
        return [
            (candidate, by_offer[id(candidate)])
            for candidate in most_likely([candidate for candidate, _ in self.candidates])
        ]


def is_har(text: str) -> bool:
    """Whether the text is a HAR, perhaps after a few lines of prose."""
    return START.search(text) is not None and ENTRIES.search(text) is not None


def is_entry(value: Any) -> bool:
    """Whether the value is a single entry of a HAR."""
    request = value.get("request") if isinstance(value, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        return False
    response = value.get("response")
    return bool({"startedDateTime", "timings"} & value.keys() or {"postData", "httpVersion"} & request.keys()) or (
        isinstance(response, dict) and ("content" in response or _has_named_headers(response))
    )


def _has_named_headers(message: dict[str, Any]) -> bool:
    headers = message.get("headers")
    return isinstance(headers, list) and bool(headers) and all(isinstance(each, dict) for each in headers)


def candidates_in_har(text: str) -> list[Candidate]:
    """The most likely entries. Raises Unreadable if there are none."""
    entries = MostLikelyEntries()
    scanner = EntryScanner(entries.add)
    scanner.feed(text)
    reduced = TOTALS.search(text)
    total = int(reduced[1]) if reduced else scanner.total
    whole = (reduced is None or reduced[2] == "true") and scanner.finished
    if not entries.candidates:
        raise Unreadable(_nothing_in(scanner, whole))
    source = f"The call is one of {total:,} entries of a HAR." if total > 1 else "The call is the only entry of a HAR."
    lost = _lost(scanner, whole)
    return [candidate_of(entry, source, lost) for _, entry in entries.best()]


class HarReducer:
    """Reduces a HAR of any size, fed in pieces: its most likely entries, and what counts of the others.

    Reads at most MAX_MB million characters, and keeps one entry, the most likely ones and the short others in memory.
    """

    def __init__(self) -> None:
        self.entries = MostLikelyEntries()
        self.others: list[str] = []
        self.others_size = 0
        self.scanner = EntryScanner(self._add)
        self.size = 0

    def _add(self, entry: dict[str, Any]) -> None:
        self.entries.add(entry, len(self.others))
        row = json.dumps(_shortest(entry), ensure_ascii=False)
        self.others_size += len(row)
        self.others.append(row if self.others_size <= MAX_OTHERS_SIZE else "")

    def feed(self, piece: str) -> None:
        self.size += len(piece)
        if self.size <= MAX_MB * 1_000_000:
            self.scanner.feed(piece)

    def text(self) -> str:
        """The reduced HAR. Raises Unreadable if it has no entry."""
        if not self.entries.candidates:
            raise Unreadable(_nothing_in(self.scanner, self.scanner.finished))
        rows = dict(enumerate(self.others))
        best = self.entries.best()
        for index, row in _fitting(
            [(candidate, json.dumps(entry, ensure_ascii=False)) for candidate, entry in best]
        ).items():
            rows[best[index][1]["_position"]] = row
        whole = "true" if self.scanner.finished else "false"
        return f'{{"log":{{"_total":{self.scanner.total},"_whole":{whole},"entries":[{",".join(filter(None, rows.values()))}]}}}}'


def _fitting(rows: list[tuple[Candidate, str]]) -> dict[int, str]:
    """The most likely rows that fit into MAX_ENTRIES_SIZE characters, by their index."""
    remaining, chosen = MAX_ENTRIES_SIZE, {}
    for index in sorted(range(len(rows)), key=lambda index: rows[index][0].rank, reverse=True):
        if len(rows[index][1]) <= remaining:
            chosen[index] = rows[index][1]
            remaining -= len(rows[index][1])
    return chosen


def _shortest(entry: dict[str, Any]) -> dict[str, Any]:
    """What counts of an entry; of a failed one also what shows why."""
    status = _status_of(entry)
    request, response = entry["request"], entry.get("response")
    short: dict[str, Any] = {
        "startedDateTime": str(entry.get("startedDateTime"))[:40],
        "request": {"method": method_in(request.get("method")), "url": url_of(entry)[:MAX_SHORT]},
        "response": {"status": status},
    }
    if status and status < 400:
        return short
    small = _cut(entry)
    short["request"]["headers"] = _short_headers(request)
    posted = small["request"]["postData"]
    if isinstance(posted, dict):
        is_long = len(str(posted.get("text") or "")) > MAX_SHORT or "params" in posted
        short["request"]["postData"] = {"_left_out": True} if is_long else {"text": posted.get("text")}
    content = small["response"].get("content")
    if isinstance(content, dict) and isinstance(content.get("text"), str) and len(content["text"]) <= MAX_SHORT:
        short["response"]["content"] = {"text": content["text"], "encoding": content.get("encoding")}
    short["response"]["headers"] = _short_headers(response if isinstance(response, dict) else {})
    error = small["response"].get("_error") or small.get("_error")
    return short | ({"_error": error[:200]} if isinstance(error, str) else {})


def _short_headers(message: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": value[:MAX_SHORT]} for name, value in _headers(message) if name.lower() in SHORT_HEADERS
    ]


def candidate_of(
    entry: dict[str, Any], source: str = "The call was read from an entry of a HAR.", lost: str = ""
) -> Candidate:
    return Candidate(
        partial(_draft_of, entry, source, lost),
        method_in(entry["request"].get("method")),
        url_of(entry),
        _status_of(entry),
    )


def candidate_of_whole(entry: dict[str, Any]) -> Candidate:
    """Of an entry as a browser writes it."""
    return candidate_of(_cut(entry))


def _draft_of(entry: dict[str, Any], source: str, lost: str) -> Draft:
    request = entry["request"]
    draft = Draft("har", method=method_in(request.get("method")), url=url_of(entry), headers=_headers(request))
    draft.time = parse_time(entry.get("startedDateTime"))
    draft.note("taken", source)
    draft.body = _posted(request.get("postData"), draft)
    if lost:
        draft.note("dropped", lost)
    if any(name in entry for name in LEAVE_OUT):
        draft.note("dropped", "Timings and other browser data were left out.")
    draft.response = _response(entry, draft)
    return draft


def _response(entry: dict[str, Any], draft: Draft) -> DraftResponse | None:
    response = entry.get("response")
    response = response if isinstance(response, dict) else {}
    status = _status_of(entry)
    if status:
        draft.note("taken", "The response comes from the same entry.")
        return DraftResponse(status, _headers(response), _content(response.get("content"), draft))
    error = response.get("_error") or entry.get("_error")
    if isinstance(error, str) and error:
        words = error.lower().replace("_", " ").replace("cert ", "certificate ")
        return DraftResponse(network_error=f"{error} ({words})")
    draft.note("dropped", "The entry holds no answer, and the browser does not say why.")
    return None


def _content(content: Any, draft: Draft) -> str | None:
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str) or not text:
        return None
    if content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        draft.note("dropped", "The response body isn't text, so it was left out.")
        return None


def _posted(data: Any, draft: Draft) -> str | None:
    if not isinstance(data, dict):
        return None
    if data.get("_left_out"):
        draft.body_unknown = True
        draft.note("dropped", f"The body has more than {MAX_BODY:,} characters and was left out.")
        return None
    if isinstance(data.get("text"), str):
        return data["text"] or None
    params = data.get("params")
    pairs = [pair for pair in params if isinstance(pair, dict)] if isinstance(params, list) else []
    return "&".join(f"{pair.get('name', '')}={pair.get('value', '')}" for pair in pairs) or None


def _headers(message: dict[str, Any]) -> Headers:
    return [pair for pair in headers_in(message.get("headers"), MAX_HEADERS) if not pair[0].startswith(":")]


def _cut(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with only the parts that are parsed."""
    request = {name: entry["request"].get(name) for name in ("method", "url", "headers", "postData")}
    response = entry.get("response")
    response = response if isinstance(response, dict) else {}
    small: dict[str, Any] = {"request": request, "startedDateTime": str(entry.get("startedDateTime", ""))[:60]}
    small["response"] = {
        name: response[name] for name in ("status", "headers", "content", "_error") if name in response
    }
    small |= {"_error": entry["_error"]} if "_error" in entry else {}
    posted, content = request.get("postData"), small["response"].get("content")
    if isinstance(posted, dict) and len(str(posted.get("text") or "")) > MAX_BODY:
        request["postData"] = {"_left_out": True}  # half a body would seem malformed
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        content["text"] = content["text"][:MAX_BODY]
    return small


def _status_of(entry: dict[str, Any]) -> int | None:
    response = entry.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    return status if isinstance(status, int) and 0 <= status <= 599 else None


def _lost(scanner: EntryScanner, whole: bool) -> str:
    sentences = []
    if not whole:
        sentences.append("The HAR is cut off; its complete entries were parsed.")
    if scanner.unread:
        sentences.append(f"Entries that are too large, broken or not calls were left out: {scanner.unread:,}.")
    return " ".join(sentences)


def _nothing_in(scanner: EntryScanner, whole: bool) -> str:
    if scanner.total:
        return f"This HAR has {scanner.total:,} entries, but none of them can be read as a call. {SMALLER}"
    if whole:
        return f"This HAR has no entries. Record again while the call fails. {SMALLER}"
    return f"This HAR is cut off before its first entry ends, so there is no call in it. {SMALLER}"
