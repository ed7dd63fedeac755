"""Reads every call of a text with many: a log, a HAR, the results of a Postman run, or a list of commands.

Calls that differ only in IDs, numbers and times are one kind, of which one call is parsed. That makes a log of thousands
of lines as quick as its few kinds of lines.
"""

import json
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from diagnostics.parsing.call import Parsed, Unreadable
from diagnostics.parsing.candidates import GENESYS, Candidate, most_likely_index
from diagnostics.parsing.curl import CURL
from diagnostics.parsing.draft import Draft, DraftResponse, copy_of
from diagnostics.parsing.har import START as HAR_START
from diagnostics.parsing.har import TOTALS, candidate_of_whole, is_har
from diagnostics.parsing.har_scanner import EntryScanner, url_of
from diagnostics.parsing.json_form import MAX_CALLS, candidates_in_json
from diagnostics.parsing.log_form import ACCESS
from diagnostics.parsing.named_secrets import secrets_named
from diagnostics.parsing.parse import limit_of, parsed_of
from diagnostics.parsing.postman import START as POSTMAN_START
from diagnostics.parsing.postman import candidates_in_collection, candidates_in_documents, is_collection
from diagnostics.parsing.short_form import CALL
from diagnostics.parsing.thread import candidates_in_text
from diagnostics.text import time_budget
from diagnostics.text.cleaning import clean_text, read_json
from diagnostics.text.time_budget import TimeBudgetExceeded

READ_SECONDS = 1.1  # of CPU time; judging the kinds has its own part of the two seconds
MAX_KINDS = 1_000
LONGEST_BLOCK = 20_000  # characters of a call with the lines after it
LONGEST_LINE = 8_000
LONGEST_SHAPE = 2_000
MAX_NESTING = 3

# What differs between two calls of the same kind. Numbers that may be a status stay.
VARYING = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|\b(?=[A-Za-z_-]{0,60}+\d)[0-9A-Za-z_-]{20,4000}+"  # tokens and other IDs
    r"|(?<!\d)(?:\d{1,2}|1\d\d|[06-9]\d\d|\d{4,400})(?!\d)"
)
TIME = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?)"
    r"|(?P<clf>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})"
)
TIME_KEYS = ("startedDateTime", "@timestamp", "timestamp", "time", "ts", "datetime", "date")
URL_KEY = re.compile(
    r"\"[\w@.-]{0,40}(?:url|uri|path|endpoint|href|target)[\w-]{0,20}\"\s{0,5}:\s{0,5}\"", re.IGNORECASE
)
CONTINUES = ("\\", "^", "`")
EPOCH = re.compile(r"\"(?:@?timestamp|time|ts)\"\s{0,5}:\s{0,5}(\d{10,13}(?:\.\d{1,9})?)\b")
JUDGED_HEADERS = frozenset({"accept", "authorization", "content-type", "host"})
OF_CURL = (">", "<", "*", "}", "{ [")  # what curl -v prints after a command


@dataclass
class CallKind:
    """Calls that differ only in IDs, numbers and times. `draft` is the first of them; `read` parses the last."""

    draft: Draft = field(repr=False)
    read: Callable[[], Draft | None] = field(repr=False)
    calls: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def add(self, read: Callable[[], Draft | None], at: datetime | None) -> None:
        self.calls += 1
        if at is None or self.last_at is None or at >= self.last_at:
            self.read = read
        if at is not None:
            self.first_at = min(at, self.first_at or at)
            self.last_at = max(at, self.last_at or at)

    @property
    def is_success(self) -> bool:
        return 0 < (self.draft.status or 0) < 400

    def is_of_genesys(self, hosts: tuple[str, ...]) -> bool:
        """Whether the call goes to Genesys Cloud, as far as its address shows, or to one of the hosts."""
        url = self.draft.url.lower()
        return (
            bool(self.draft.sdk_method)
            or "cobrowse" in url
            or GENESYS.search(url) is not None
            or any(f"//{host}" in url for host in hosts)
        )

    def parsed(self, secrets: list[str]) -> Parsed:
        """The last call, masked. `secrets` are those that the text names elsewhere. Raises Unreadable."""
        draft = copy_of(self.read() or self.draft)
        draft.secrets = [*draft.secrets, *secrets]
        return parsed_of(draft)


@dataclass(frozen=True)
class ManyCalls:
    """The kinds of calls in a text, and the secrets that it names, which are raw.

    `left_out` counts calls beyond MAX_KINDS. `partial` says how much was read if the time was up, else it is "".
    """

    kinds: tuple[CallKind, ...] = ()
    secrets: list[str] = field(default_factory=list, repr=False)
    left_out: int = 0
    partial: str = ""

    @property
    def total(self) -> int:
        return sum(kind.calls for kind in self.kinds) + self.left_out


@dataclass(frozen=True)
class _Item:
    """What may be a call. `shape` is equal for items of the same kind; None if that shows only in the parsed call.

    `target` is the method and address in its first line.
    """

    read: Callable[[], Draft | None]
    at: datetime | None = None
    shape: Hashable = None
    target: str = ""


def read_calls(text: str) -> ManyCalls:
    """All calls of the text, none if there are none. Never raises, and takes at most about READ_SECONDS."""
    if len(text) > limit_of(text):
        return ManyCalls()
    secrets: list[str] = []
    kinds = _Kinds()
    with time_budget.unlimited(), time_budget.limited(READ_SECONDS) as budget:
        try:
            items = _items(text)
            kinds.expected = max(len(items), _entries_of_file(text))
            for item in time_budget.checked(items):
                kinds.add(item)
        except TimeBudgetExceeded:
            kinds.is_late = True
        budget.extend(time_budget.GRACE_SECONDS / 2)
        try:
            secrets = secrets_named(time_budget.beginning(text, 10 * LONGEST_BLOCK))
        except TimeBudgetExceeded:
            secrets = []
    return ManyCalls(kinds.found(), secrets, kinds.left_out, kinds.partial())


class _Kinds:
    """Sorts items into kinds, by their shape or by the parsed call."""

    def __init__(self) -> None:
        self.expected = self.done = self.left_out = 0
        self.is_late = False
        self.by_key: dict[Hashable, CallKind | None] = {}
        self.previous: tuple[str, CallKind] | None = None

    def add(self, item: _Item) -> None:
        kind = self.by_key.get(item.shape) if item.shape is not None else None
        if kind is None and (item.shape is None or item.shape not in self.by_key):
            kind = self._parsed(item)
        self.done += 1
        if kind is None:
            return
        if item.target and kind.draft.response is not None and self.previous is not None:
            target, request = self.previous
            if target == item.target and request.draft.response is None:
                request.calls -= 1  # a log often has a line for the request, and one for its response
        kind.add(item.read, item.at)
        self.previous = (item.target, kind)

    def _parsed(self, item: _Item) -> CallKind | None:
        if len(self.by_key) >= 2 * MAX_KINDS:
            self.left_out += 1
            return None
        draft, kind = item.read(), None
        if draft is not None and draft.has_call:
            key = _key_of(draft)
            kind = self.by_key.get(key) or CallKind(draft, item.read)
            self.by_key[key] = kind
        if item.shape is not None:
            self.by_key[item.shape] = kind
        return kind

    def found(self) -> tuple[CallKind, ...]:
        kinds = dict.fromkeys(id(kind) for kind in self.by_key.values() if kind is not None and kind.calls > 0)
        by_id = {id(kind): kind for kind in self.by_key.values() if kind is not None}
        return tuple(by_id[each] for each in kinds)

    def partial(self) -> str:
        if self.is_late:
            of = (
                f"the first {self.done:,} of {self.expected:,} calls were read" if self.expected else "no call was read"
            )
            return f"This text took too long to read: {of}."
        if self.done < self.expected:
            return f"{self.done:,} of {self.expected:,} entries of the HAR were read; the others are too many or too large."
        return ""


def _entries_of_file(text: str) -> int:
    """The entries that a HAR file had before it was reduced; 0 for other text."""
    reduced = TOTALS.search(text, 0, 200)
    return int(reduced[1]) if reduced else 0


def _items(text: str) -> list[_Item]:
    if is_har(text):
        return _entries(text)
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        try:
            return _json_items(text)
        except (ValueError, RecursionError, Unreadable):
            pass
    return list(_blocks(clean_text(text)))


def _entries(text: str) -> list[_Item]:
    found: list[dict[str, Any]] = []
    start = HAR_START.search(text)
    try:
        value, _ = json.JSONDecoder().raw_decode(text, text.index("{", start.start() if start else 0))
        found = [entry for entry in value["log"]["entries"] if isinstance(entry, dict) and url_of(entry)]
    except (ValueError, RecursionError, KeyError, TypeError):  # cut off, or not quite a HAR
        try:
            EntryScanner(found.append).feed(text)
        except TimeBudgetExceeded:
            if not found:
                raise
    return [
        _Item(partial(_draft_of_entry, entry), _time_of(entry.get("startedDateTime"))) for entry in found[:MAX_CALLS]
    ]


def _draft_of_entry(entry: dict[str, Any]) -> Draft:
    return candidate_of_whole(entry).read()


def _json_items(text: str) -> list[_Item]:
    """The calls in one JSON value. Raises ValueError for anything else."""
    if POSTMAN_START.match(text) and (candidates := candidates_in_documents(text)):
        return [_Item(candidate.read) for candidate in candidates]
    value = json.loads(text)
    if is_collection(value):
        return [_Item(candidate.read) for candidate in candidates_in_collection(value)]
    rows = _longest_list(value)
    if not rows:
        raise ValueError("no list of calls")
    return [_Item(partial(_draft_of_row, row), _time_in(row)) for row in rows[:MAX_CALLS]]


def _longest_list(value: Any, depth: int = 0) -> list[dict[str, Any]]:
    """The longest list of objects in a JSON value, such as the hits of a search."""
    if isinstance(value, list) and (rows := [row for row in value if isinstance(row, dict)]):
        return rows
    if not isinstance(value, dict) or depth >= MAX_NESTING:
        return []
    return max((_longest_list(inner, depth + 1) for inner in value.values()), key=len, default=[])


def _draft_of_row(row: dict[str, Any]) -> Draft | None:
    try:
        return _likeliest(candidates_in_json(row, ""))
    except Unreadable:
        return None


def _blocks(text: str) -> Iterator[_Item]:
    """The lines of a text that have a call, each with the lines up to the next one."""
    start, target, at = -1, "", 0
    previous, is_curl = "", False
    for line in time_budget.checked(text.split("\n")):
        found = None
        if not (start >= 0 and (previous.endswith(CONTINUES) or (is_curl and line.lstrip().startswith(OF_CURL)))):
            found = _target_in(line[:LONGEST_LINE])
        if found is not None:
            if start >= 0:
                yield _block(text, start, at, target)
            start, target, is_curl = at, found, found == "curl"
        previous, at = line.rstrip(), at + len(line) + 1
    if start >= 0:
        yield _block(text, start, len(text), target)


def _target_in(line: str) -> str | None:
    """The method and the address of the call that the line begins; None for other lines."""
    if CURL.search(line):
        return "curl"
    if line.lstrip().startswith("{") and line.rstrip().endswith("}"):
        return "" if URL_KEY.search(line) else None
    if found := ACCESS.search(line):
        return ""
    found = CALL.search(line)
    return f"{found['method']} {found['url'].rstrip('.,;:')}".upper() if found and "/" in found["url"] else None


def _block(text: str, start: int, end: int, target: str) -> _Item:
    block = time_budget.beginning(text[start:end], LONGEST_BLOCK).strip()
    time = TIME.search(block.split("\n", 1)[0][:500])
    shape = ("text", VARYING.sub("#", block))
    return _Item(
        partial(_draft_in, block),
        _time_of(time[0]) if time else _time_in_line(block),
        shape,
        "" if target == "curl" else target,
    )


def _draft_in(block: str) -> Draft | None:
    try:
        if block[0] == "{":
            try:
                return _likeliest(candidates_in_json(read_json(block), block))
            except ValueError:
                pass
        return _likeliest(candidates_in_text(block))
    except Unreadable:
        return None


def _likeliest(candidates: list[Candidate]) -> Draft | None:
    draft = candidates[most_likely_index(candidates)].read() if candidates else None
    return draft if draft is not None and draft.has_call else None


def _key_of(draft: Draft) -> Hashable:
    response = draft.response or DraftResponse()
    return (
        draft.form,
        draft.method,
        _shape(draft.url),
        draft.sdk_method,
        tuple(sorted((name.lower(), _shape(value)) for name, value in draft.headers if name.lower() in JUDGED_HEADERS)),
        _shape(draft.body),
        response.status,
        _shape(response.network_error),
        _shape(response.body) if (response.status or 400) >= 400 else "",
    )


def _shape(text: str | None) -> str:
    return VARYING.sub("#", text[:LONGEST_SHAPE]) if text else ""


def _time_in(row: dict[str, Any]) -> datetime | None:
    return next((at for key in TIME_KEYS if (at := _time_of(row.get(key)))), None)


def _time_in_line(line: str) -> datetime | None:
    """The time of a line of JSON that has it as a number."""
    found = EPOCH.search(line, 0, LONGEST_LINE)
    return _time_of(float(found[1])) if found else None


def _time_of(value: Any) -> datetime | None:
    """A time without a zone counts as UTC. None for anything else, also for times that no call had."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        elif isinstance(value, str) and value[2:3] == "/":
            found = datetime.strptime(value, "%d/%b/%Y:%H:%M:%S %z")
        elif isinstance(value, str):
            found = datetime.fromisoformat(re.sub(r" (?=Z|[+-])", "", value[:40]))
        else:
            return None
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC) if 2000 <= found.year <= 2100 else None
    except (ValueError, OverflowError, OSError):
        return None
