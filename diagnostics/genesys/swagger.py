"""Parses the API's Swagger 2.0 document as a stream, one path at a time, to limit memory."""

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
MOST_EVENTS = 100_000  # JSON events of one path; the largest real path has several hundred
DEEPEST = 100
LONGEST_PATH = 1_000
LONGEST_DESCRIPTION = 20_000
BUFFER = 65_536
LONGEST_NUMBER = 4_000  # digits; Python converts at most 4,300
LONG_NUMBER = re.compile(rb"\d{4000}")


class Source(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class SwaggerError(Exception):
    """The document isn't Swagger 2.0 as expected, or is truncated. str() is the reason, without a capital or a period."""


class _Guarded:
    """Rejects a number with thousands of digits, which crashes the process in ijson 3.6 instead of raising an error."""

    def __init__(self, source: Source) -> None:
        self._source, self._tail = source, b""

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._source.read(size)
        window = self._tail + chunk
        if LONG_NUMBER.search(window):
            raise SwaggerError("a number in it has thousands of digits")
        self._tail = window[-LONGEST_NUMBER:]
        return chunk


def read_operations(source: Source) -> Iterator[Operation]:
    """Yield the operations in document order. Raises SwaggerError, for a truncated document only at its end."""
    for path, members in _paths(source):
        if path.startswith("/api/v") and len(path) <= LONGEST_PATH:
            for method in METHODS:
                if found := _operation(method, path, mapping(members, method)):
                    yield found


def _paths(source: Source) -> Iterator[tuple[str, Any]]:
    """The members of the top-level object "paths". Everything else is skipped."""
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
    except (JSONError, ValueError, ArithmeticError) as error:
        raise SwaggerError("it is no JSON, or stops in the middle") from error


def _operation(method: str, path: str, details: dict[str, Any]) -> Operation | None:
    """None for an operation without a name, which the SDKs don't have either."""
    name = text(details, "x-purecloud-method-name") or text(details, "operationId")
    if not NAME.fullmatch(name):
        return None
    permissions, rule = _permissions(details.get("x-inin-requires-permissions"))
    scopes, status, needs_token = _security(details.get("security"))
    parameters = mappings(details, "parameters")
    summary, description = (text(details, part, limit=LONGEST_DESCRIPTION) for part in ("summary", "description"))
    known = bundled().named(name)
    if known is not None and known.key != (method.upper(), path):
        known = None
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
        has_body=any(text(parameter, "in") in ("body", "formData") for parameter in parameters),
        needs_token=needs_token,
        user_only=NO_CLIENT_CREDENTIALS in f"{summary} {description}",
        query=tuple(_names(parameters, "query")),
        arguments=known.arguments if known else _arguments(path, parameters),
        summary=" ".join(summary.split())[:300],
    )


def _permissions(extension: Any) -> tuple[tuple[str, ...], Rule]:
    """An operation without the extension needs no permission."""
    names = [name for name in texts(extension, "permissions") if PERMISSION.fullmatch(name)]
    if not names:
        return (), "none"
    return tuple(dict.fromkeys(names)), "all" if text(extension, "type") == "ALL" else "any"


def _security(security: Any) -> tuple[tuple[str, ...], ScopesStatus, bool]:
    """The scopes, their status, and whether a token is needed. The single scope "all" means that none is documented."""
    entries = mappings(security)
    names = [scope for entry in entries for scheme in OAUTH for scope in texts(entry, scheme)]
    scopes = tuple(dict.fromkeys(name for name in names if SCOPE.fullmatch(name) and name != "all"))
    needs_token = any(scheme in entry for entry in entries for scheme in OAUTH)
    return scopes, "verified" if scopes or not needs_token else "unknown", needs_token


def _arguments(path: str, parameters: list[dict[str, Any]]) -> tuple[str, ...]:
    required = [parameter for parameter in parameters if parameter.get("required") is True]
    names = [*re.findall(r"\{([^{}]+)\}", path), *_names(required, "query"), *_names(required, "body")]
    return tuple(map(snake_case, names))


def _names(parameters: list[dict[str, Any]], location: str) -> list[str]:
    names = (text(parameter, "name", limit=100) for parameter in parameters if parameter.get("in") == location)
    return [name for name in names if name]


def _class_of(tags: Any) -> str:
    """The SDK class is named after the operation's first tag: "Web Deployments" becomes WebDeploymentsApi."""
    first = next(iter(texts(tags)), "")
    name = re.sub(r"[^A-Za-z0-9]", "", first)[:80]
    return f"{name}Api" if name else ""
