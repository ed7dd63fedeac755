"""The OpenAPI document as values for the API page. Pure."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post", "patch", "put", "delete")


def operation_groups(document: Json) -> dict[str, list[Json]]:
    """The operations by tag, in the order of the document. `anchor` is an operation's HTML ID on the page."""
    groups: dict[str, list[Json]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = {**_operation(methods[method]), "method": method.upper(), "path": path}
                anchor = f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}"
                groups.setdefault(methods[method]["tags"][0], []).append({**operation, "anchor": anchor})
    return groups


def documented_schemas(document: Json) -> list[Json]:
    return [
        {
            "name": name,
            "about": schema.get("description", ""),
            "fields": [_field(name, field) for name, field in schema.get("properties", {}).items()],
        }
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _operation(operation: Json) -> Json:
    return {
        "summary": operation["summary"],
        "about": operation.get("description", ""),
        "parameters": [
            {
                **_field(parameter["name"], parameter["schema"]),
                "location": parameter["in"],
                "is_required": parameter["required"],
            }
            for parameter in operation["parameters"]
        ],
        "body": _schema_of(operation.get("requestBody", {})),
        "responses": [
            {
                "code": code,
                "about": response["description"],
                "refers": _schema_of(response),
                "headers": list(response.get("headers", ())),
            }
            for code, response in operation["responses"].items()
        ],
    }


def _schema_of(part: Json) -> str:
    """The schema of a request body or response, "" if it has none."""
    schemas = [content["schema"] for content in part.get("content", {}).values()]
    return _referenced_schema(schemas[0]) if schemas else ""


def _field(name: str, schema: Json) -> Json:
    """A parameter, or a field of an object. `refers` is the schema that it contains, "" if none."""
    choices = schema.get("enum") or [choice for part in schema.get("anyOf", ()) for choice in part.get("enum", ())]
    return {
        "name": name,
        "kind": _kind(schema),
        "refers": _referenced_schema(schema),
        "about": schema.get("description", ""),
        "choices": choices,
    }


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
        return ("time" if schema.get("format") == "date-time" else "text") + _limits(schema)
    return {"integer": "whole number", "boolean": "true or false", "null": "null"}.get(kind, kind) + _limits(schema)


def _limits(schema: Json) -> str:
    if "maxLength" in schema:
        return f", at most {schema['maxLength']} characters"
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
