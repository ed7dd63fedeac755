"""Reads the live contract document, Swagger 2.0, one path at a time, so that its size does not matter."""

import re
from collections.abc import Iterator
from typing import Any, Protocol

import ijson
from ijson.common import JSONError, ObjectBuilder

from diagnostics.genesys.contract import bundled
from diagnostics.genesys.fields import mapping, mappings, text, texts
from diagnostics.genesys.operation import Operation, Rule, ScopesStatus, snake_case

METHODS = ("get", "head", "post", "put", "patch", "delete")
OAUTH = ("PureCloud OAuth", "PureCloud Auth")
NO_CLIENT_CREDENTIALS = "not valid when using the Client Credentials"
PERMISSION = re.compile(r"[\w*-]{1,80}(?::[\w*-]{1,80}){1,3}")
SCOPE = re.compile(r"[\w:-]{1,80}")
NAME = re.compile(r"[A-Za-z]\w{2,199}")
MOST_EVENTS = 100_000  # of one path; the largest real one has some hundreds
DEEPEST = 100
LONGEST_PATH = 1_000
LONGEST_DESCRIPTION = 20_000
BUFFER = 65_536
LONGEST_NUMBER = 4_000  # digits; Python itself turns no more than 4,300 into a number
LONG_NUMBER = re.compile(rb"\d{4000}")


class Source(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class SwaggerError(Exception):
    """The document is no Swagger 2.0 as expected, or stops in the middle. str() says which, in half a sentence."""


class _Guarded:
    """Refuses a number of thousands of digits, which ends the whole process in ijson 3.6 instead of in an error."""

    def __init__(self, source: Source) -> None:
        self._source, self._tail = source, b""

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        seen = self._tail + piece
        if LONG_NUMBER.search(seen):
            raise SwaggerError("a number in it has thousands of digits")
        self._tail = seen[-LONGEST_NUMBER:]
        return piece


def read_operations(source: Source) -> Iterator[Operation]:
    """Every operation of the document, as it comes by. Raises NotReadable, at the very end for a cut document."""
    for path, members in _paths(source):
        if path.startswith("/api/v") and len(path) <= LONGEST_PATH:
            for method in METHODS:
                if found := _operation(method, path, mapping(members, method)):
                    yield found


def _paths(source: Source) -> Iterator[tuple[str, Any]]:
    """The members of the top-level object "paths"; everything else is read over and kept nowhere."""
    depth, section, name, events = 0, "", "", 0
    builder: ObjectBuilder | None = None
    try:
        for event, value in ijson.basic_parse(_Guarded(source), buf_size=BUFFER):
            depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
            if depth > DEEPEST:
                raise SwaggerError("it is nested deeper than any contract")
            if builder is not None:
                events += 1
                if events > MOST_EVENTS:
                    raise SwaggerError("one of its paths is larger than any contract's")
                builder.event(event, value)
                if depth == 2:
                    yield name, builder.value
                    builder = None
            elif event == "map_key" and depth == 1:
                section = value
            elif event == "map_key" and depth == 2 and section == "paths":
                name, events, builder = value, 0, ObjectBuilder()
    except (JSONError, ValueError, ArithmeticError) as trouble:
        raise SwaggerError("it is no JSON, or stops in the middle") from trouble


def _operation(method: str, path: str, details: dict[str, Any]) -> Operation | None:
    """None for what carries no name, which no SDK could call either."""
    name = text(details, "x-purecloud-method-name") or text(details, "operationId")
    if not NAME.fullmatch(name):
        return None
    permissions, rule = _permissions(details.get("x-inin-requires-permissions"))
    scopes, status, needs_token = _security(details.get("security"))
    parameters = mappings(details, "parameters")
    summary, description = (text(details, part, most=LONGEST_DESCRIPTION) for part in ("summary", "description"))
    before = bundled().named(name)
    known = before if before is not None and before.key == (method.upper(), path) else None
    return Operation(
        method=method.upper(),
        path=path,
        operation_id=name,
        sdk_class=known.sdk_class if known else _class_of(details.get("tags")),
        permissions=permissions,
        rule=rule,
        scopes=scopes,
        scopes_status=status,
        deprecated=details.get("deprecated") is True,
        preview=details.get("x-genesys-preview") is True,
        has_body=any(text(each, "in") in ("body", "formData") for each in parameters),
        needs_token=needs_token,
        user_only=NO_CLIENT_CREDENTIALS in f"{summary} {description}",
        query=tuple(_names(parameters, "query")),
        arguments=known.arguments if known else _arguments(path, parameters),
        summary=" ".join(summary.split())[:300],
    )


def _permissions(given: Any) -> tuple[tuple[str, ...], Rule]:
    """An operation without the extension asks for none."""
    names = [each for each in texts(given, "permissions") if PERMISSION.fullmatch(each)]
    return tuple(dict.fromkeys(names)), ("all" if text(given, "type") == "ALL" else "any") if names else "none"


def _security(given: Any) -> tuple[tuple[str, ...], ScopesStatus, bool]:
    """Scopes, whether they are facts, whether a token is wanted. One scope called "all" is the old way to say nothing."""
    entries = mappings(given)
    named = [scope for each in entries for way in OAUTH for scope in texts(each, way)]
    scopes = tuple(dict.fromkeys(each for each in named if SCOPE.fullmatch(each) and each != "all"))
    needs_token = any(way in each for each in entries for way in OAUTH)
    return scopes, "verified" if scopes or not needs_token else "unknown", needs_token


def _arguments(path: str, parameters: list[dict[str, Any]]) -> tuple[str, ...]:
    required = [each for each in parameters if each.get("required") is True]
    names = [*re.findall(r"\{([^{}]+)\}", path), *_names(required, "query"), *_names(required, "body")]
    return tuple(snake_case(each) for each in names)


def _names(parameters: list[dict[str, Any]], place: str) -> list[str]:
    names = (text(each, "name", most=100) for each in parameters if each.get("in") == place)
    return [name for name in names if name]


def _class_of(tags: Any) -> str:
    """The SDKs name the class of an operation after its first tag: "Web Deployments" is WebDeploymentsApi."""
    first = next(iter(texts(tags)), "")
    name = re.sub(r"[^A-Za-z0-9]", "", first)[:80]
    return f"{name}Api" if name else ""
