"""The OpenAPI document as values for the API page. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post")


@dataclass(frozen=True)
class DocumentedField:
    """A parameter, or a field of an object. `refers` is the schema that it contains, "" if none."""

    name: str
    kind: str
    refers: str
    is_required: bool
    about: str
    choices: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class DocumentedResponse:
    code: str
    about: str
    refers: str
    headers: tuple[str, ...]


@dataclass(frozen=True)
class DocumentedOperation:
    """`anchor` is its HTML ID on the page."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[DocumentedField, ...]
    body: str
    responses: tuple[DocumentedResponse, ...]


@dataclass(frozen=True)
class OperationGroup:
    name: str
    operations: tuple[DocumentedOperation, ...]


@dataclass(frozen=True)
class DocumentedSchema:
    name: str
    about: str
    fields: tuple[DocumentedField, ...]


def operation_groups(document: Json) -> list[OperationGroup]:
    """The operations by tag, in the order of the document."""
    found: dict[str, list[DocumentedOperation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found.setdefault(methods[method]["tags"][0], []).append(_operation(path, method, methods[method]))
    return [OperationGroup(name, tuple(operations)) for name, operations in found.items()]


def documented_schemas(document: Json) -> list[DocumentedSchema]:
    return [
        DocumentedSchema(name, schema.get("description", ""), tuple(_fields(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _operation(path: str, method: str, operation: Json) -> DocumentedOperation:
    content = operation.get("requestBody", {}).get("content", {})
    return DocumentedOperation(
        anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        parameters=tuple(_parameter(parameter) for parameter in operation["parameters"]),
        body=_referenced_schema(next(iter(content.values()))["schema"]) if content else "",
        responses=tuple(_response(code, response) for code, response in operation["responses"].items()),
    )


def _parameter(parameter: Json) -> DocumentedField:
    return _field(parameter["name"], parameter["schema"], is_required=parameter["required"], location=parameter["in"])


def _response(code: str, response: Json) -> DocumentedResponse:
    schemas = [content["schema"] for content in response.get("content", {}).values()]
    refers = _referenced_schema(schemas[0]) if schemas else ""
    return DocumentedResponse(code, response["description"], refers, tuple(response.get("headers", ())))


def _fields(schema: Json) -> Iterator[DocumentedField]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield _field(name, field, is_required=name in required)


def _field(name: str, schema: Json, *, is_required: bool, location: str = "") -> DocumentedField:
    choices = tuple(str(choice) for choice in _choices(schema))
    about = schema.get("description", "")
    return DocumentedField(name, _kind(schema), _referenced_schema(schema), is_required, about, choices, location)


def _choices(schema: Json) -> list[Any]:
    if "enum" in schema:
        return list(schema["enum"])
    return [choice for part in schema.get("anyOf", ()) for choice in part.get("enum", ())]


def _kind(schema: Json) -> str:
    """The type in a few words: text, whole number, list of Run, ..."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(part) for part in schema["anyOf"]))
    if name := _reference_name(schema):
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


def _referenced_schema(schema: Json) -> str:
    """The first schema that it is or contains."""
    if name := _reference_name(schema):
        return name
    for part in (*schema.get("anyOf", ()), schema.get("items", {})):
        if part and (name := _referenced_schema(part)):
            return name
    return ""


def _reference_name(schema: Json) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name
