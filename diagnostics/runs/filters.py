"""Filters of a run list: parsed from a query string, written to one, and applied to a queryset.

The list, matrix, chart, export, re-evaluation and retention all use them.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Subquery
from django.http import QueryDict

from diagnostics.accounts.models import User
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.rules import CERTAINTY_LABELS
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Run
from diagnostics.web.time_ranges import QUICK_RANGES, InvalidFilterValue, TimeRange, parse_moment, parse_zone

MAX_LENGTH = 300
MAX_PROBLEMS = 8
CHECK_ID = re.compile(r"[a-z_]{1,40}\.[a-z_.]{1,40}")
WRONG: Final = "wrong"
OPEN: Final = "open"
UNSET: Final = "unset"
YES_OR_NO: Final = {"yes": "Yes", "no": "No"}
NEWEST: Final = "newest"
SORTS: Final = {NEWEST: "Newest first", "oldest": "Oldest first", "slowest": "Slowest first"}
TIMES: Final = frozenset({"when", "from", "to", "zone"})

CAUSES: Final = {WRONG: "Any problem", **causes.TITLES}
STATUSES: Final = {OPEN: "In progress", **{status.value: str(status.label) for status in Run.Status}}
ENVIRONMENTS: Final = {environment.value or UNSET: str(environment.label) for environment in OAuthClient.Environment}
KINDS: Final = {kind.value: str(kind.label) for kind in Run.Kind}
SOURCES: Final = {source.value: str(source.label) for source in Run.Source}
CERTAINTIES: Final = CERTAINTY_LABELS
OUTCOMES: Final = {outcome.value: outcome.label for outcome in Outcome}

Reader = Callable[[str], str]


def _one_of(known: Collection[str]) -> Reader:
    def read(text: str) -> str:
        if text not in known:
            few = f": use {', '.join(known)}" if len(known) < 8 else ""
            raise InvalidFilterValue(f"isn't a choice{few}")
        return text

    return read


def _number(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidFilterValue("isn't the ID of a client")
    return str(int(text))


def _text(text: str) -> str:
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise InvalidFilterValue(f"has more than {MAX_LENGTH} characters or characters that can't be printed")
    return text


def _check(text: str) -> str:
    """Accepts the ID of a removed check too, since its findings are still stored."""
    if not CHECK_ID.fullmatch(text):
        raise InvalidFilterValue("isn't a check ID such as oauth.token")
    return text


def _permission(text: str) -> str:
    """Accepts both notations: conversation:cobrowse:add, and Conversation > Cobrowse > Add."""
    return re.sub(r"\s*>\s*", ":", _text(text)).lower()


# Parameter name -> parser of its value, in the order of the written query string.
READERS: Final[dict[str, Reader]] = {
    "client": _number,
    "org": _text,
    "environment": _one_of(ENVIRONMENTS),
    "kind": _one_of(KINDS),
    "cause": _one_of(CAUSES),
    "certainty": _one_of(CERTAINTIES),
    "status": _one_of(STATUSES),
    "check": _check,
    "outcome": _one_of(OUTCOMES),
    "conversation": _text,
    "provider": _text,
    "deployment": _text,
    "permission": _permission,
    "who": _text,
    "source": _one_of(SOURCES),
    "target": _text,
    "pinned": _one_of(YES_OR_NO),
    "part": _one_of(YES_OR_NO),
    "when": _one_of(QUICK_RANGES),
    "from": _text,
    "to": _text,
    "zone": lambda text: parse_zone(text).key,
    "sort": _one_of(SORTS),
}
# Parameters that do not select runs.
DISPLAY_NAMES: Final = frozenset({"zone", "sort"})


CONDITIONS: Final[dict[str, Callable[[str], Q]]] = {
    "client": lambda value: Q(client_id=int(value)),
    "org": lambda value: Q(client__org_id=value),
    "environment": lambda value: Q(client__environment="" if value == UNSET else value),
    "kind": lambda value: Q(kind=value),
    "cause": lambda value: ~Q(cause__in=["", causes.NONE]) if value == WRONG else Q(cause=value),
    "certainty": lambda value: Q(certainty=value),
    "status": lambda value: Q(status__in=[Run.Status.QUEUED, Run.Status.RUNNING]) if value == OPEN else Q(status=value),
    "conversation": lambda value: Q(conversation_id=value),
    "provider": lambda value: Q(search_keys__overlap=[f"provider:{value}", f"seen:{value}"]),
    "deployment": lambda value: Q(search_keys__contains=[f"deployment:{value}"]),
    "permission": lambda value: Q(search_keys__contains=[f"permission:{value}"]),
    # A subquery instead of a join, so that the index of a user's runs can return them in order.
    "who": lambda value: Q(started_by=Subquery(User.objects.filter(username=value).values("pk")[:1])),
    "source": lambda value: Q(source=value),
    "target": lambda value: Q(target=value),
    "pinned": lambda value: Q(pinned_at__isnull=value == "no"),
    "part": lambda value: Q(branch="") if value == "no" else ~Q(branch=""),
}


@dataclass(frozen=True)
class RunFilter:
    """Filters of a run list, and the `times` they define.

    `problems` has one sentence for each invalid parameter, which is ignored: code that deletes or exports runs must
    refuse if there are any. Runs that the `viewer` may not see are always excluded.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    times: TimeRange = field(default_factory=TimeRange)
    problems: tuple[str, ...] = ()
    viewer: User | None = None

    @classmethod
    def read(
        cls,
        query: Mapping[str, str],
        now: datetime,
        zone: ZoneInfo,
        *,
        viewer: User | None,
        also: Collection[str] = (),
    ) -> "RunFilter":
        """`zone` is the user's, unless the query names one. `also` are parameters that the caller reads."""
        values, problems = _read_values(query, also)
        times, range_problems = _read_range(values, now, zone)
        problems += range_problems
        if len(problems) > MAX_PROBLEMS:
            problems = [*problems[:MAX_PROBLEMS], f"And {len(problems) - MAX_PROBLEMS} more."]
        return cls(values, times, tuple(problems), viewer)

    def get(self, name: str) -> str:
        """The value, "" if this filter is not set."""
        return self.values.get(name, "")

    @property
    def sort(self) -> str:
        return self.get("sort") or NEWEST

    @property
    def is_narrow(self) -> bool:
        return bool(self.values.keys() - DISPLAY_NAMES)

    def to_query(self, **changed: str) -> str:
        """The query string of the same list with some values changed; "" removes one."""
        values = {**self.values, **changed}
        if changed.get("when"):
            values |= {"from": "", "to": ""}
        elif changed.keys() & {"from", "to"}:
            values["when"] = ""
        return urlencode({name: values[name] for name in READERS if values.get(name)})

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """The matching runs. The caller orders them; see `sort`."""
        runs = visible_rows(runs, self.viewer)
        runs = runs.filter(*(CONDITIONS[name](value) for name, value in self.values.items() if name in CONDITIONS))
        if check := self.get("check"):
            outcomes = [self.get("outcome")] if self.get("outcome") else list(OUTCOMES)
            runs = runs.filter(search_keys__overlap=[f"check:{check}={outcome}" for outcome in outcomes])
        if self.times.since is not None:
            runs = runs.filter(created_at__gte=self.times.since)
        if self.times.until is not None:
            runs = runs.filter(created_at__lt=self.times.until)
        return runs


def _read_values(query: Mapping[str, str], also: Collection[str]) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    problems = []
    for name in query:
        text = str(query[name]).strip()
        if name in also or not text:
            continue
        if name not in READERS:
            problems.append(f"{_quoted(name)} isn't a filter.")
            continue
        if isinstance(query, QueryDict) and len(set(query.getlist(name))) > 1:
            problems.append(f"{name} is set more than once. Using {_quoted(text)}.")
        try:
            values[name] = READERS[name](text)
        except InvalidFilterValue as why:
            problems.append(f"{name}: {_quoted(text)} {why}.")
    if "outcome" in values and "check" not in values:
        problems.append("outcome needs a check.")
        del values["outcome"]
    if values.get("sort") == NEWEST:
        del values["sort"]
    return {name: values[name] for name in READERS if name in values}, problems


def _read_range(values: dict[str, str], now: datetime, zone: ZoneInfo) -> tuple[TimeRange, list[str]]:
    """Removes the ignored parameters from `values`, and adds the time zone that a shared link needs."""
    zone = ZoneInfo(values.pop("zone")) if "zone" in values else zone
    dates = [name for name in ("from", "to") if name in values]
    if when := values.get("when"):
        for name in dates:
            del values[name]
        problems = [f"{' and '.join(dates)} can't be combined with when={when}."] if dates else []
        if when == "today":
            values["zone"] = zone.key
        return TimeRange.quick(when, now, zone), problems
    moments, problems = _read_dates(values, dates, zone)
    if values.keys() & {"from", "to"}:
        values["zone"] = zone.key
    return TimeRange(moments.get("from"), moments.get("to")), problems


def _read_dates(values: dict[str, str], dates: Sequence[str], zone: ZoneInfo) -> tuple[dict[str, datetime], list[str]]:
    moments: dict[str, datetime] = {}
    problems = []
    for name in dates:
        try:
            moments[name] = parse_moment(values[name], zone, ends=name == "to")
        except InvalidFilterValue as why:
            problems.append(f"{name}: {_quoted(values.pop(name))} {why}.")
    if len(moments) == 2 and moments["from"] >= moments["to"]:
        problems.append("from is after to.")
    return moments, problems


def _quoted(text: str) -> str:
    """Any text in quotation marks, short and printable."""
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:60])
    return f"\N{LEFT DOUBLE QUOTATION MARK}{plain}{'…' if len(text) > 60 else ''}\N{RIGHT DOUBLE QUOTATION MARK}"
