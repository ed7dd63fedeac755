"""The filter form above the run list, and the chips of the active filters.

Plain values instead of a Django form, whose selects would render a template for each of a thousand clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from diagnostics.checks import base as checks
from diagnostics.runs.filters import (
    CAUSES,
    CERTAINTIES,
    ENVIRONMENTS,
    KINDS,
    OUTCOMES,
    SORTS,
    SOURCES,
    STATUSES,
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
    "from": "From",
    "to": "To",
    "org": "Org",
    "environment": "Environment",
    "kind": "Kind",
    "status": "Status",
    "certainty": "Certainty",
    "check": "Check",
    "outcome": "Outcome of the check",
    "source": "Source",
    "who": "Started by",
    "pinned": "Kept forever",
    "part": "Re-check of one branch",
    "conversation": "Conversation ID",
    "provider": "Provider ID",
    "deployment": "Deployment ID",
    "permission": "Permission",
    "target": "Same call",
}
EMPTY: Final = {"when": "Any time", "sort": ""}
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

    def __init__(self, filters: RunFilter, choices: RunChoices) -> None:
        self.filters = filters
        self.choices: dict[str, Mapping[str, str]] = {
            "client": choices.clients,
            "org": choices.orgs,
            "who": choices.people,
            "cause": CAUSES,
            "when": QUICK_RANGES,
            "sort": SORTS,
            "environment": ENVIRONMENTS,
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
            f"{LABELS[name]}: no match for {self.filters.get(name)[:60]}."
            for name in ("client", "org", "who")
            if self.filters.get(name) and self.filters.get(name) not in self.choices[name]
        ]
        return [*self.filters.problems, *missing]

    @property
    def first(self) -> list[FilterField]:
        return [self._field(name) for name in FIRST]

    @property
    def more(self) -> list[FilterField]:
        return [self._field(name) for name in LABELS if name not in (*FIRST, *ONLY_BY_LINK)]

    @property
    def hidden(self) -> dict[str, str]:
        """Parameters without a field that the form must keep."""
        return {name: self.filters.get(name) for name in (*ONLY_BY_LINK, "zone") if self.filters.get(name)}

    @property
    def uses_more(self) -> bool:
        return any(field.value for field in self.more)

    @property
    def chips(self) -> list[Chip]:
        found = []
        for name, value in self.filters.values.items():
            if name in LABELS and name != "sort":
                cleared = {"check": {"check": "", "outcome": ""}}.get(name, {name: ""})
                word = self.choices.get(name, {}).get(value, value)
                found.append(Chip(LABELS[name], word, self.filters.to_query(**cleared)))
        return found

    def _field(self, name: str) -> FilterField:
        value = self.filters.sort if name == "sort" else self.filters.get(name)
        choices = dict(self.choices.get(name, {}))
        if value and choices and value not in choices:  # a removed check, or a client that never existed
            choices[value] = value
        return FilterField(name, LABELS[name], value, choices, EMPTY.get(name, "Any"))
