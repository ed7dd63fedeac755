"""Adds the error responses and headers to the OpenAPI document that django-ninja generates."""

from typing import Any

from diagnostics.api.problems import MEDIA_TYPE

PROBLEM = {"$ref": "#/components/schemas/Problem"}
SECONDS = {"description": "Seconds to wait before the next request.", "schema": {"type": "integer", "minimum": 1}}
CHALLENGE = {"description": "Asks for a bearer token.", "schema": {"type": "string"}}
MEANINGS = {
    "400": "The body isn't JSON.",
    "401": "No token, or an invalid one.",
    "403": "The token's scope or your role doesn't allow this.",
    "404": "Not found, or not visible to you.",
    "405": "Method not allowed.",
    "409": "Not possible in this state, such as for a retired client; see `code`.",
    "413": "The body is too large.",
    "422": "A parameter or the body isn't valid; see `errors`.",
    "429": "Rate limit reached; see `Retry-After`.",
}
HEADERS = {"401": {"WWW-Authenticate": CHALLENGE}, "429": {"Retry-After": SECONDS}}
ACCEPTED_HEADERS = {
    "Location": {"description": "Address to poll until it is finished.", "schema": {"type": "string"}},
    "Retry-After": SECONDS,
    "Idempotency-Replayed": {
        "description": "Present if the same request was answered before, so nothing was started.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
COMMON_ERRORS = ("401", "405", "422", "429")
WRITE_ERRORS = ("400", "403", "409", "413")


def complete_document(document: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    """Add the error responses of each operation. `problem` is the JSON schema of a problem."""
    schemas = document["components"]["schemas"]
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete_operation(operation, path, method)
    return document


def _complete_operation(operation: dict[str, Any], path: str, method: str) -> None:
    for parameter in operation["parameters"]:
        parameter["schema"] = _without_null(parameter["schema"])
    is_write = method != "get"
    can_be_missing = "{" in path or is_write or any(item["name"] in ("a", "b") for item in operation["parameters"])
    responses: dict[str, Any] = {str(code): response for code, response in operation["responses"].items()}
    codes = {*COMMON_ERRORS, *(("404",) if can_be_missing else ()), *(WRITE_ERRORS if is_write else ())}
    for code in sorted(codes | (MEANINGS.keys() & responses.keys())):
        responses[code] = {"description": MEANINGS[code], "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        if code in HEADERS:
            responses[code]["headers"] = HEADERS[code]
    if "202" in responses:
        responses["202"]["headers"] = ACCEPTED_HEADERS
        responses["202"]["description"] = "Accepted: it is queued, or the same request started it before."
    operation["responses"] = dict(sorted(responses.items()))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is present or absent: neither a URL nor a header can be null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if rest.get("default", "") is None:
        del rest["default"]
    return {**choices[0], **rest} if len(choices) == 1 else rest
