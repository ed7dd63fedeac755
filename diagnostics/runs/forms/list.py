"""The filter form above the run list, the chips of the active filters, and the table of the cause chart.

Plain values instead of a Django form, whose selects would render a template for each of a thousand clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from diagnostics.checks import base as checks
from diagnostics.runs.cause_chart import NO_VERDICT, OTHERS, Chart, Period, Series
from diagnostics.runs.filters import (
    CAUSES,
    CERTAINTIES,
    KINDS,
    OUTCOMES,
    SORTS,
    SOURCES,
    STATUSES,
    TIERS,
    YES_OR_NO,
    RunFilter,
)
from diagnostics.runs.queries.choices import RunChoices
from diagnostics.web.time_ranges import QUICK_RANGES

FIRST: Final = ("client", "cause", "when", "sort")
LABELS: Final = {
    "client": "Client",
    "cause": "Cause",
    "when": "Started",
    "sort": "Order",
    "from": "From the day",
    "to": "To the day",
    "org": "Org",
    "tier": "Tier",
    "kind": "Kind",
    "status": "Status",
    "certainty": "Certainty",
    "check": "Check",
    "outcome": "What the check said",
    "source": "How it was started",
    "who": "Started by",
    "pinned": "Pinned",
    "part": "A part asked again",
    "conversation": "Conversation ID",
    "provider": "Provider ID",
    "deployment": "Deployment ID",
    "permission": "Permission",
    "target": "Same target as",
}
EMPTY: Final = {"when": "At any time", "sort": ""}
# Filters that only links set; the form has no field for them.
ONLY_BY_LINK: Final = ("target",)


@dataclass(frozen=True)
class FilterField:
    """One field. `choices` is empty if it accepts any text."""

    name: str
    label: str
    value: str
    choices: Mapping[str, str] = field(default_factory=dict)
    empty: str = "Any"

    @property
    def is_day(self) -> bool:
        """A moment within a day stays a text field: a date input would not show it, and the form would lose it."""
        return self.name in ("from", "to") and len(self.value) in (0, len("2026-11-22"))


@dataclass(frozen=True)
class Chip:
    """One active filter, and the query string without it."""

    label: str
    word: str
    without: str


class RunFilterForm:
    """The fields contain the active filters. `problems` lists invalid parameters and names of missing rows."""

    def __init__(self, narrowed: RunFilter, choices: RunChoices) -> None:
        self.narrowed = narrowed
        self.choices: dict[str, Mapping[str, str]] = {
            "client": choices.clients,
            "org": choices.orgs,
            "who": choices.people,
            "cause": CAUSES,
            "when": QUICK_RANGES,
            "sort": SORTS,
            "tier": TIERS,
            "kind": KINDS,
            "status": STATUSES,
            "certainty": CERTAINTIES,
            "check": {id: f"{title} ({id})" for id, title in checks.titles().items()},
            "outcome": OUTCOMES,
            "source": SOURCES,
            "pinned": YES_OR_NO,
            "part": YES_OR_NO,
        }

    @property
    def problems(self) -> list[str]:
        missing = [
            f"{name}: there is none that is called {self.narrowed.get(name)[:60]}."
            for name in ("client", "org", "who")
            if self.narrowed.get(name) and self.narrowed.get(name) not in self.choices[name]
        ]
        return [*self.narrowed.problems, *missing]

    @property
    def first(self) -> list[FilterField]:
        return [self._field(name) for name in FIRST]

    @property
    def more(self) -> list[FilterField]:
        return [self._field(name) for name in LABELS if name not in (*FIRST, *ONLY_BY_LINK)]

    @property
    def hidden(self) -> dict[str, str]:
        """Parameters without a field that the form must keep."""
        return {name: self.narrowed.get(name) for name in (*ONLY_BY_LINK, "zone") if self.narrowed.get(name)}

    @property
    def uses_more(self) -> bool:
        return any(field.value for field in self.more)

    @property
    def chips(self) -> list[Chip]:
        found = []
        for name, value in self.narrowed.values.items():
            if name in LABELS and name != "sort":
                cleared = {"check": {"check": "", "outcome": ""}}.get(name, {name: ""})
                word = self.choices.get(name, {}).get(value, value)
                found.append(Chip(LABELS[name], word, self.narrowed.to_query(**cleared)))
        return found

    def _field(self, name: str) -> FilterField:
        value = self.narrowed.sort if name == "sort" else self.narrowed.get(name)
        choices = dict(self.choices.get(name, {}))
        if value and choices and value not in choices:  # a removed check, or a client that never existed
            choices[value] = value
        return FilterField(name, LABELS[name], value, choices, EMPTY.get(name, "Any"))


@dataclass(frozen=True)
class Count:
    """The number of runs of one series in one period, and the query string that lists them, "" if there is none."""

    count: int
    query: str


@dataclass(frozen=True)
class CountRow:
    """One row of the table behind the chart."""

    period: Period
    counts: list[Count]


def count_rows(chart: Chart, filters: RunFilter, zone: ZoneInfo) -> list[CountRow]:
    """Newest first."""
    return [
        CountRow(period, [Count(count, _query_for(period, series, filters, zone)) for series, count in period.counts])
        for period in reversed(chart.periods)
    ]


def _query_for(period: Period, series: Series, filters: RunFilter, zone: ZoneInfo) -> str:
    if series.cause in (OTHERS, NO_VERDICT):
        return ""
    last = period.end.date() - timedelta(days=1)
    by_hour = period.end - period.start < timedelta(hours=23)
    dates = {"from": f"{period.start:%Y-%m-%dT%H:%M}", "to": f"{period.end:%Y-%m-%dT%H:%M}"}
    if not by_hour:
        dates = {"from": f"{period.start:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"}
    return filters.to_query(cause=series.cause, part="no", zone=zone.key, sort="", **dates)
