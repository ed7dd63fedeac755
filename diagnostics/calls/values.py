"""Values that a snippet of code writes down, and the places where it only names a variable."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LONGEST_NAME = 60
# Around the name of a variable, until the draft is settled: what the text itself has in braces is no variable.
OPEN, CLOSE = "\ue000", "\ue001"
MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")


@dataclass(frozen=True)
class Hole:
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
    if isinstance(value, Hole):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value if isinstance(value, str) else json_of(value)


def json_of(value: Any) -> str:
    """As JSON, with the text of a Hole where a variable stands."""
    return json.dumps(value, ensure_ascii=False, default=text_of)


def settled(text: str) -> str:
    """The text with `{name}` for each variable in it."""
    return MARKED.sub(lambda found: f"{{{found[1]}}}", text).replace(OPEN, "").replace(CLOSE, "")


def joined(left: Any, right: Any) -> Any:
    """`left + right` of texts; of anything else it is not known here."""
    if isinstance(left, str | Hole) or isinstance(right, str | Hole):
        return text_of(left) + text_of(right)
    return Hole("sum")
