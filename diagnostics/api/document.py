"""The OpenAPI document: what django-ninja reads from the calls, and the problems and headers that it cannot know."""

from typing import Any

from diagnostics.api.problems import MEDIA_TYPE

PROBLEM = {"$ref": "#/components/schemas/Problem"}
SECONDS = {"description": "Seconds to wait before asking again.", "schema": {"type": "integer", "minimum": 1}}
CHALLENGE = {"description": "Says that a bearer token is asked for.", "schema": {"type": "string"}}
MEANINGS = {
    "400": "The body is no JSON.",
    "401": "No token, or one that opens nothing.",
    "403": "The token's scope, or its person's role, does not allow this.",
    "404": "Nothing is there, or nothing that the token's person may see.",
    "405": "The address does not take this method.",
    "409": "The client is retired, so nothing can be started with it.",
    "413": "The body is too large.",
    "422": "A parameter, a filter or the body is wrong; `errors` says which.",
    "429": "Too often in this minute; `Retry-After` says when to go on.",
}
HEADERS = {"401": {"WWW-Authenticate": CHALLENGE}, "429": {"Retry-After": SECONDS}}
STARTED = {
    "Location": {"description": "Address to poll until the run is finished.", "schema": {"type": "string"}},
    "Retry-After": SECONDS,
    "Idempotency-Replayed": {
        "description": "Only where this very request was answered before: nothing was started now.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
OF_EVERY_CALL = ("401", "405", "422", "429")
OF_WRITES = ("400", "403", "409", "413")


def completed(document: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    """Adds to the document what each call can answer beside success. `problem` is the JSON schema of a problem."""
    schemas = document["components"]["schemas"]
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(operation, path, method)
    return document


def _complete(operation: dict[str, Any], path: str, method: str) -> None:
    for parameter in operation["parameters"]:
        parameter["schema"] = _not_null(parameter["schema"])
    is_write = method == "post"
    finds = "{" in path or is_write or any(each["name"] in ("a", "b") for each in operation["parameters"])
    codes = (*OF_EVERY_CALL, *(("404",) if finds else ()), *(OF_WRITES if is_write else ()))
    answers: dict[str, Any] = {str(code): answer for code, answer in operation["responses"].items()}
    for code in sorted(codes):
        answers[code] = {"description": MEANINGS[code], "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        if code in HEADERS:
            answers[code]["headers"] = HEADERS[code]
    if "202" in answers:
        answers["202"]["headers"] = STARTED
        answers["202"]["description"] = "Accepted: the run is queued, or was started by this very request before."
    operation["responses"] = dict(sorted(answers.items()))


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or it is not: no address and no header can say null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if rest.get("default", "") is None:
        del rest["default"]
    return {**choices[0], **rest} if len(choices) == 1 else rest
