"""Values that a snippet of code writes down, and the places where it only names a variable."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diagnostics.text import time_budget

LONGEST_NAME = 60
MAX_NAMES = 200
MAX_DEPTH = 25
# Around the name of a variable, until the draft is settled: what the text itself has in braces is no variable.
OPEN, CLOSE = "\ue000", "\ue001"
MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")


@dataclass(frozen=True)
class UnknownValue:
    """A value that is not in the text: a variable, or what a function returns."""

    name: str

    @property
    def text(self) -> str:
        return f"{OPEN}{self.name.lstrip('$')[:LONGEST_NAME]}{CLOSE}"


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, as values: str, int, float, bool, None, list, dict or Hole."""

    positional: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def at(self, place: int) -> Any:
        return self.positional[place] if place < len(self.positional) else None


def text_of(value: Any) -> str:
    """As it would stand in a URL or a header."""
    if isinstance(value, UnknownValue):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value if isinstance(value, str) else json_of(value)


def json_of(value: Any) -> str:
    """As JSON, with the text of a Hole where a variable stands."""
    return json.dumps(value, ensure_ascii=False, default=text_of)


def without_marks(text: str) -> str:
    """The text with `{name}` for each variable in it."""
    return MARKED.sub(lambda found: f"{{{found[1]}}}", text).replace(OPEN, "").replace(CLOSE, "")


def joined(left: Any, right: Any) -> Any:
    """`left + right` of texts; of anything else it is not known here."""
    if isinstance(left, str | UnknownValue) or isinstance(right, str | UnknownValue):
        return text_of(left) + text_of(right)
    return UnknownValue("sum")


class NamedValues(ABC):
    """A text of code, and the values that it gives to names at the start of its lines.

    A language has a pattern for an assignment, whose `name` group ends where the value begins, and reads that value.
    """

    def __init__(self, text: str, assigned: re.Pattern[str]) -> None:
        self.text = text
        self._places: dict[str, int] = {}
        for found in time_budget.checked(assigned.finditer(text)):
            self._places.setdefault(found["name"], found.end())
            if len(self._places) >= MAX_NAMES:
                break
        self._known: dict[str, Any] = {}

    def named(self, name: str, depth: int = 0) -> Any:
        """The value that the text gives to a name; a Hole where it does not."""
        if name not in self._known:
            self._known[name] = UnknownValue(name)  # a name that is made of itself stays one
            if name in self._places and depth < MAX_DEPTH:
                self._known[name] = self.value_at(self._places[name], name, depth + 5)
        return self._known[name]

    @abstractmethod
    def value_at(self, start: int, name: str, depth: int) -> Any:
        """The value that is assigned to `name` at `start` of the text; a Hole where it cannot be read."""
