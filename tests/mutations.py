"""Every way in which one field of an org's JSON can be of another shape than the API documents."""

import json
from collections.abc import Iterator
from typing import Any

MISSING = object()
TOO_LARGE = "<1e999>"  # a number that JSON can write and no float can hold
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
Place = tuple[str | int, ...]


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every field below the top. Of a list the first element stands for all."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*here, name)
            yield from places(item, (*here, name))
    elif isinstance(value, list) and value:
        yield (*here, 0)
        yield from places(value[0], (*here, 0))


def mutated(document: str, changes: dict[Place, Any]) -> str:
    """The document with a value at each of the places, outermost places last."""
    value = json.loads(document)
    for place in sorted(changes, key=len, reverse=True):
        inner = value
        for step in place[:-1]:
            inner = inner[step]
        if changes[place] is MISSING:
            del inner[place[-1]]
        else:
            inner[place[-1]] = changes[place]
    return json.dumps(value).replace(json.dumps(TOO_LARGE), "1e999")


def with_surrogates(document: str) -> str:
    """Each string of it begins with half of a surrogate pair."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoilt(item) for name, item in value.items()}
        if isinstance(value, list):
            return [spoilt(item) for item in value]
        return f"\ud800{value}" if isinstance(value, str) else value

    return json.dumps(spoilt(json.loads(document)))
