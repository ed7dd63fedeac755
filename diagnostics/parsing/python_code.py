"""Reads the arguments of a call in Python with Python's own parser. Runs no code."""

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

from diagnostics.parsing.values import MAX_DEPTH, Arguments, NamedValues, UnknownValue, joined, json_of, text_of
from diagnostics.text import time_budget

MAX_EXPRESSION = 20_000
ASSIGNED = re.compile(r"^[ \t]*(?P<name>[A-Za-z_]\w*)[ \t]*(?::[ \t]*[\w\[\], .|]{1,40})?=(?!=)[ \t]*", re.MULTILINE)
BRACKETS = re.compile(r"[()\[\]{}]|\"\"\"|'''|[\"']|\n|#[^\n]*")
FORMATTED = re.compile(r"\{(\w*)\}|%[sdr]")


class PythonCode(NamedValues):
    """A text that contains Python."""

    def __init__(self, text: str) -> None:
        super().__init__(text, ASSIGNED)

    def value_at(self, start: int, name: str, depth: int) -> Any:
        time_budget.check()
        tree = parsed(self.text[start : end_of(self.text, start)])
        return UnknownValue(name) if tree is None else self.value(tree, depth)

    def arguments(self, start: int) -> tuple[Arguments, int] | None:
        """The arguments of the call whose opening parenthesis ends at `start`, and its end; None if it isn't Python."""
        time_budget.check()
        end = end_of(self.text, start, 1)
        tree = parsed(f"f({self.text[start:end]}")
        if not isinstance(tree, ast.Call):
            return None
        positional = [self.value(argument, 0) for argument in tree.args]
        named: dict[str, Any] = {}
        for keyword in tree.keywords:
            value = self.value(keyword.value, 0)
            if keyword.arg:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named |= value
        return Arguments(positional, named), end

    def value(self, node: ast.expr, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return UnknownValue("value")
        read = READERS.get(type(node))
        return UnknownValue(_name(node)) if read is None else read(self, node, depth + 1)

    def _constant(self, node: ast.Constant, depth: int) -> Any:
        value = node.value
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value if value is None or isinstance(value, str | int | float) else UnknownValue("value")

    def _text(self, node: ast.JoinedStr, depth: int) -> str:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return "".join(text_of(self.value(part, depth)) for part in parts)

    def _sum(self, node: ast.BinOp, depth: int) -> Any:
        left = self.value(node.left, depth)
        if isinstance(node.op, ast.Add):
            return joined(left, self.value(node.right, depth))
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            right = self.value(node.right, depth)
            return _formatted(left, right if isinstance(right, list) else [right], {})
        return UnknownValue("value")

    def _dict(self, node: ast.Dict, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item, depth)
            if key is None:
                found |= value if isinstance(value, dict) else {}
            else:
                found[text_of(self.value(key, depth))] = value
        return found

    def _list(self, node: ast.List | ast.Tuple, depth: int) -> list[Any]:
        return [self.value(item, depth) for item in node.elts]

    def _call(self, node: ast.Call, depth: int) -> Any:
        name = _dotted(node.func)
        given = [self.value(argument, depth) for argument in node.args]
        if name == "json.dumps" and given:
            return given[0] if isinstance(given[0], UnknownValue) else json_of(given[0])
        if name in ("str", "quote", "urllib.parse.quote") and given:
            return given[0]
        if name == "dict":
            return {keyword.arg: self.value(keyword.value, depth) for keyword in node.keywords if keyword.arg}
        if name in ("os.getenv", "os.environ.get", "getenv") and given:
            return UnknownValue(text_of(given[0]))
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "strip", "encode"):
            inner = self.value(node.func.value, depth)
            words = {keyword.arg: self.value(keyword.value, depth) for keyword in node.keywords if keyword.arg}
            return _formatted(inner, given, words) if node.func.attr == "format" and isinstance(inner, str) else inner
        return UnknownValue(_name(node))

    def _item(self, node: ast.Subscript, depth: int) -> Any:
        inside = self.value(node.slice, depth)
        outer = self.value(node.value, depth)
        if isinstance(outer, dict) and isinstance(inside, UnknownValue):
            inside = self._environment(inside.name)
        if isinstance(outer, dict) and isinstance(inside, str) and inside in outer:
            return outer[inside]
        return UnknownValue(inside if isinstance(inside, str) else _name(node))

    def _environment(self, name: str) -> str | UnknownValue:
        """The value that the text gives to an environment variable."""
        found = re.search(
            rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}=[\"']?([^\s\"']{{1,200}})", self.text, re.MULTILINE
        )
        return found[1] if found else UnknownValue(name)


READERS: dict[type[ast.expr], Callable[[PythonCode, Any, int], Any]] = {
    ast.Constant: PythonCode._constant,
    ast.JoinedStr: PythonCode._text,
    ast.BinOp: PythonCode._sum,
    ast.Dict: PythonCode._dict,
    ast.List: PythonCode._list,
    ast.Tuple: PythonCode._list,
    ast.Call: PythonCode._call,
    ast.Subscript: PythonCode._item,
    ast.Name: lambda code, node, depth: code.named(node.id, depth),
}


def parsed(expression: str) -> ast.expr | None:
    """The syntax tree; None for text that isn't a Python expression or is nested too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in the pasted code
            return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def end_of(text: str, start: int, depth: int = 0) -> int:
    """The end of the expression: after its closing bracket, or at the end of its line."""
    limit = min(len(text), start + MAX_EXPRESSION)
    at = start
    while found := BRACKETS.search(text, at, limit):
        time_budget.check()
        sign, at = found[0], found.end()
        if sign in ('"""', "'''", '"', "'"):
            at = _closed(text, at, sign, limit)
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth <= 0:
                return at if depth == 0 else found.start()
        elif sign == "\n" and depth == 0:
            return found.start()
    return limit


def _closed(text: str, at: int, quote: str, limit: int) -> int:
    while (end := text.find(quote, at, limit)) >= 0:
        before = text[at:end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return end + len(quote)
        at = end + 1
    return limit


def _formatted(text: str, given: list[Any], words: dict[str, Any]) -> str:
    rest = iter(given)

    def fill(found: re.Match[str]) -> str:
        name = found[1] or ""
        if name in words:
            return text_of(words[name])
        if name.isdigit():
            return text_of(given[int(name)]) if len(name) < 3 and int(name) < len(given) else found[0]
        return found[0] if name else text_of(next(rest, UnknownValue("value")))

    return FORMATTED.sub(fill, text)


def _dotted(node: ast.expr) -> str:
    words: list[str] = []
    while isinstance(node, ast.Attribute) and len(words) < 5:
        words.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(words)]) if isinstance(node, ast.Name) else ""


def _name(node: ast.expr) -> str:
    """The name for an unknown value: the last name in its expression."""
    while isinstance(node, ast.Call | ast.Subscript | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else "value"
