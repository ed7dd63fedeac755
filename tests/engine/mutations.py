"""Mutates fields of JSON documents into values that the API does not document."""

import json
from collections.abc import Iterator
from typing import Any

MISSING = object()
TOO_LARGE = "<1e999>"  # valid JSON, but out of range for a float
VALUES: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "list": [None],
    "object": {"x": 1},
    "true": True,
    "number": -1,
    "fraction": 0.5,
    "huge": 10**400,
    "nan": float("nan"),
    "infinite": TOO_LARGE,
    "surrogate": "\ud800",
    "controls": "\x00\x1b[31m\u202e\u2028",
    "long": "x" * 100_000,
    "empty": "",
    "deep": [[[[[[[[[[{}]]]]]]]]]],
}
FieldPath = tuple[str | int, ...]


def field_paths(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The path of every field. Of a list, only the first element."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from field_paths(item, (*path, name))
    elif isinstance(value, list) and value:
        yield (*path, 0)
        yield from field_paths(value[0], (*path, 0))


def mutate(document: str, changes: dict[FieldPath, Any]) -> str:
    """The document with the fields at these paths replaced, innermost first."""
    value = json.loads(document)
    for path in sorted(changes, key=len, reverse=True):
        inner = value
        for step in path[:-1]:
            inner = inner[step]
        if changes[path] is MISSING:
            del inner[path[-1]]
        else:
            inner[path[-1]] = changes[path]
    return json.dumps(value).replace(json.dumps(TOO_LARGE), "1e999")


def with_surrogates(document: str) -> str:
    """The document with an unpaired surrogate at the start of each string."""

    def prefixed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: prefixed(item) for name, item in value.items()}
        if isinstance(value, list):
            return [prefixed(item) for item in value]
        return f"\ud800{value}" if isinstance(value, str) else value

    return json.dumps(prefixed(json.loads(document)))
