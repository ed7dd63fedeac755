"""Values in a snippet of code, and stand-ins for values that only a variable has."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diagnostics.text import time_budget

MAX_NAME = 60
MAX_NAMES = 200
MAX_DEPTH = 25
# Marks around the name of a variable until the draft is finished, to tell it from braces in the text itself.
OPEN, CLOSE = "\ue000", "\ue001"
MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
# What a tool fills in when it runs: an expression of Power Automate, MuleSoft, Salesforce, n8n, Make, Zapier or Insomnia.
# A request that was sent, with the protocol in its line, has it as text.
EXPRESSION = re.compile(
    r"(?:@\{[A-Za-z]{2,40}\([^{}\n]{0,200}\}|"
    r"#\[[ \t]{0,3}(?:vars|payload|attributes|message|flowVars)\b[^\[\]\n]{0,100}(?:\[[^\[\]\n]{1,60}\][^\[\]\n]{0,60}){0,3}\]|"
    r"\{![\w.$]{1,100}\}|\{\{\s{0,3}(?:\$(?:json|node|input|vars|\()|\d{1,12}(?:__|\.))[^{}\n]{0,200}\}\}|"
    r"\{%[ \t]{0,3}(?:response|prompt|request)\b[^{}%\n]{0,200}%\})(?![^\s\"'<>]{0,400} HTTP/\d)"
)
NAME = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True)
class UnknownValue:
    """A value that isn't in the text: a variable, or the result of a function."""

    name: str

    @property
    def text(self) -> str:
        return f"{OPEN}{self.name.lstrip('$')[:MAX_NAME]}{CLOSE}"


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call, as str, int, float, bool, None, list, dict or UnknownValue."""

    positional: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def at(self, index: int) -> Any:
        return self.positional[index] if index < len(self.positional) else None


def text_of(value: Any) -> str:
    """The value as text in a URL or a header."""
    if isinstance(value, UnknownValue):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    return value if isinstance(value, str) else json_of(value)


def pairs_of(value: Any) -> list[Any]:
    """The items of an object or a list; [] for any other value."""
    if isinstance(value, Mapping):
        return list(value.items())
    return value if isinstance(value, list) else []


def headers_in(value: Any, most: int) -> list[tuple[str, str]]:
    """Headers from an object, pairs, lines such as "Name: value", or objects with a name (or key) and a value."""
    found: list[tuple[str, str]] = []
    for pair in pairs_of(value)[:most]:
        name, content = _header(pair)
        values = content if isinstance(content, list) else [content]
        found += [(name, text_of(item)) for item in values[:most] if name]
    return found[:most]


def _header(pair: Any) -> tuple[str, Any]:
    if isinstance(pair, Mapping):
        name, content = pair.get("name", pair.get("key", pair.get("Key"))), pair.get("value", pair.get("Value"))
    elif isinstance(pair, list | tuple) and len(pair) == 2:
        name, content = pair
    elif isinstance(pair, str):
        name, _, content = (part.strip() for part in pair.partition(":"))
    else:
        return "", None
    return (name if isinstance(name, str) else ""), content


def json_of(value: Any) -> str:
    """The value as JSON, with the marked names of unknown values."""
    return json.dumps(value, ensure_ascii=False, default=text_of)


def mark_expressions(text: str) -> str:
    """The text with a mark in place of each expression that a tool fills in."""
    if not EXPRESSION.search(text):
        return text
    marked = EXPRESSION.sub(lambda found: UnknownValue(["value", *NAME.findall(found[0])][-1]).text, text)
    return re.sub(r"(?<=[\"'])=(?=https?://)", "", marked)  # begins a text with expressions in n8n


def without_marks(text: str) -> str:
    """The text with `{name}` for each marked variable."""
    return MARKED.sub(lambda found: f"{{{found[1]}}}", text).replace(OPEN, "").replace(CLOSE, "")


def joined(left: Any, right: Any) -> Any:
    """`left + right` if one is text; an UnknownValue otherwise."""
    if isinstance(left, str | UnknownValue) or isinstance(right, str | UnknownValue):
        return text_of(left) + text_of(right)
    return UnknownValue("sum")


class NamedValues(ABC):
    """A text of code, with the values that it assigns to names at the start of lines.

    `assigned` matches an assignment up to its value and has a group `name`. A subclass reads the value.
    """

    def __init__(self, text: str, assigned: re.Pattern[str]) -> None:
        self.text = text
        self._starts: dict[str, int] = {}
        for found in time_budget.checked(assigned.finditer(text)):
            self._starts.setdefault(found["name"], found.end())
            if len(self._starts) >= MAX_NAMES:
                break
        self._known: dict[str, Any] = {}

    def named(self, name: str, depth: int = 0) -> Any:
        """The value that the text assigns to a name, else an UnknownValue."""
        if name not in self._known:
            self._known[name] = UnknownValue(name)  # for a name whose value contains itself
            if name in self._starts and depth < MAX_DEPTH:
                self._known[name] = self.value_at(self._starts[name], name, depth + 5)
        return self._known[name]

    @abstractmethod
    def value_at(self, start: int, name: str, depth: int) -> Any:
        """The value at `start` that is assigned to `name`; an UnknownValue if it can't be read."""
