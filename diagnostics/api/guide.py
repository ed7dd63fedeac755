"""The OpenAPI document as values for a page of ours. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post")


@dataclass(frozen=True)
class DocumentedField:
    """One parameter, or one field of an object. `refers` is the object that it holds, "" where it holds none."""

    name: str
    kind: str
    refers: str
    is_needed: bool
    about: str
    choices: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class DocumentedResponse:
    code: str
    about: str
    refers: str
    headers: tuple[str, ...]


@dataclass(frozen=True)
class DocumentedOperation:
    """`anchor` is its place in the page."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[DocumentedField, ...]
    body: str
    answers: tuple[DocumentedResponse, ...]


@dataclass(frozen=True)
class OperationGroup:
    name: str
    calls: tuple[DocumentedOperation, ...]


@dataclass(frozen=True)
class DocumentedSchema:
    name: str
    about: str
    fields: tuple[DocumentedField, ...]


def areas_of(document: Json) -> list[OperationGroup]:
    """The calls by area, in the order of the document."""
    found: dict[str, list[DocumentedOperation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found.setdefault(methods[method]["tags"][0], []).append(_call(path, method, methods[method]))
    return [OperationGroup(name, tuple(calls)) for name, calls in found.items()]


def shapes_of(document: Json) -> list[DocumentedSchema]:
    return [
        DocumentedSchema(name, shape.get("description", ""), tuple(_fields(shape)))
        for name, shape in sorted(document["components"]["schemas"].items())
    ]


def _call(path: str, method: str, operation: Json) -> DocumentedOperation:
    content = operation.get("requestBody", {}).get("content", {})
    return DocumentedOperation(
        anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        parameters=tuple(_parameter(each) for each in operation["parameters"]),
        body=_refers(next(iter(content.values()))["schema"]) if content else "",
        answers=tuple(_answer(code, answer) for code, answer in operation["responses"].items()),
    )


def _parameter(told: Json) -> DocumentedField:
    return _field(told["name"], told["schema"], is_needed=told["required"], place=told["in"])


def _answer(code: str, answer: Json) -> DocumentedResponse:
    schemas = [each["schema"] for each in answer.get("content", {}).values()]
    refers = _refers(schemas[0]) if schemas else ""
    return DocumentedResponse(code, answer["description"], refers, tuple(answer.get("headers", ())))


def _fields(shape: Json) -> Iterator[DocumentedField]:
    needed = shape.get("required", ())
    for name, schema in shape.get("properties", {}).items():
        yield _field(name, schema, is_needed=name in needed)


def _field(name: str, schema: Json, *, is_needed: bool, place: str = "") -> DocumentedField:
    choices = tuple(str(each) for each in _choices(schema))
    about = schema.get("description", "")
    return DocumentedField(name, _kind(schema), _refers(schema), is_needed, about, choices, place)


def _choices(schema: Json) -> list[Any]:
    if "enum" in schema:
        return list(schema["enum"])
    return [each for part in schema.get("anyOf", ()) for each in part.get("enum", ())]


def _kind(schema: Json) -> str:
    """In a few words: text, whole number, list of Run, ..."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if name := _name_in(schema):
        return name
    kind: str = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "string":
        return ("moment" if schema.get("format") == "date-time" else "text") + _limits(schema)
    return {"integer": "whole number", "boolean": "true or false", "null": "null"}.get(kind, kind) + _limits(schema)


def _limits(schema: Json) -> str:
    if "maxLength" in schema:
        return f", at most {schema['maxLength']} letters"
    if "minimum" in schema and schema.get("maximum", 1000) < 1000:
        return f" from {schema['minimum']} to {schema['maximum']}"
    return ""


def _refers(schema: Json) -> str:
    """The first object that it is, or holds."""
    if name := _name_in(schema):
        return name
    for part in (*schema.get("anyOf", ()), schema.get("items", {})):
        if part and (name := _refers(part)):
            return name
    return ""


def _name_in(schema: Json) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name
