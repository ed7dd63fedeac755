"""The form above the run list: its fields with what they offer, and what the list is narrowed to, in words.

Plain values and no form of Django's: its selects would render a template for each of a thousand clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from diagnostics.checks import base as checks
from diagnostics.runs.cause_chart import OTHERS, UNTOLD, Chart, Period, Series
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
from diagnostics.web.time_ranges import QUICK

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
# What a name says in a list whose entries are not chosen by it: only a link brings these.
ONLY_BY_LINK: Final = ("target",)


@dataclass(frozen=True)
class FilterField:
    """One field. `choices` is empty where any text may be given."""

    name: str
    label: str
    value: str
    choices: Mapping[str, str] = field(default_factory=dict)
    empty: str = "Any"

    @property
    def is_day(self) -> bool:
        """A moment within a day stays text: a field for dates would not show it, and so lose it."""
        return self.name in ("from", "to") and len(self.value) in (0, len("2026-11-22"))


@dataclass(frozen=True)
class Chip:
    """One thing that the list is narrowed to, and the query string without it."""

    label: str
    word: str
    without: str


class RunFilterForm:
    """What is chosen stands in the fields; what is not understood, or names a row that is not there, in `problems`."""

    def __init__(self, narrowed: RunFilter, choices: RunChoices) -> None:
        self.narrowed = narrowed
        self.choices: dict[str, Mapping[str, str]] = {
            "client": choices.clients,
            "org": choices.orgs,
            "who": choices.people,
            "cause": CAUSES,
            "when": QUICK,
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
    def kept(self) -> dict[str, str]:
        """What no field shows and the form must not lose."""
        return {name: self.narrowed.get(name) for name in (*ONLY_BY_LINK, "zone") if self.narrowed.get(name)}

    @property
    def uses_more(self) -> bool:
        return any(each.value for each in self.more)

    @property
    def chips(self) -> list[Chip]:
        found = []
        for name, value in self.narrowed.values.items():
            if name in LABELS and name != "sort":
                gone = {"check": {"check": "", "outcome": ""}}.get(name, {name: ""})
                word = self.choices.get(name, {}).get(value, value)
                found.append(Chip(LABELS[name], word, self.narrowed.to_query(**gone)))
        return found

    def _field(self, name: str) -> FilterField:
        value = self.narrowed.sort if name == "sort" else self.narrowed.get(name)
        choices = dict(self.choices.get(name, {}))
        if value and choices and value not in choices:  # a check that is gone, a client that was never there
            choices[value] = value
        return FilterField(name, LABELS[name], value, choices, EMPTY.get(name, "Any"))


@dataclass(frozen=True)
class Number:
    """How many runs of one series one stretch has, and the query string that lists them; "" where none can."""

    count: int
    query: str


@dataclass(frozen=True)
class Numbers:
    """One row of the table behind the chart."""

    stretch: Period
    numbers: list[Number]


def numbers_of(chart: Chart, narrowed: RunFilter, zone: ZoneInfo) -> list[Numbers]:
    """The newest first. Each number leads to the runs it counts."""
    return [
        Numbers(stretch, [Number(count, _list_of(stretch, series, narrowed, zone)) for series, count in stretch.counts])
        for stretch in reversed(chart.stretches)
    ]


def _list_of(stretch: Period, series: Series, narrowed: RunFilter, zone: ZoneInfo) -> str:
    if series.cause in (OTHERS, UNTOLD):
        return ""
    last = stretch.end.date() - timedelta(days=1)
    by_hour = stretch.end - stretch.start < timedelta(hours=23)
    dates = {"from": f"{stretch.start:%Y-%m-%dT%H:%M}", "to": f"{stretch.end:%Y-%m-%dT%H:%M}"}
    if not by_hour:
        dates = {"from": f"{stretch.start:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"}
    return narrowed.to_query(cause=series.cause, part="no", zone=zone.key, sort="", **dates)
