"""Responses of the demo orgs: JSON, the documented error body, and the token endpoint's error body."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JSON_TYPE = "application/json"
# Code -> status and message template, as in the published contract.
ERRORS: dict[str, tuple[int, str]] = {
    "bad.request": (400, "The request could not be understood by the server due to malformed syntax."),
    "invalid.value": (400, "Value [{value}] is not valid for field type [{type}]. Allowable values are: {allowed}"),
    "not.a.user": (
        400,
        "This request requires a user context. Client credentials cannot be used for requests to this resource.",
    ),
    "authentication.required": (401, "No authentication bearer token specified in authorization header."),
    "bad.credentials": (401, "Invalid login credentials."),
    "missing.any.permissions": (
        403,
        "Unable to perform the requested action. You must have at least one of the following permissions assigned: "
        "[{permissions}]",
    ),
    "missing.permissions": (
        403,
        "Unable to perform the requested action. You are missing the following permission(s): [{permissions}]",
    ),
    "missing.division.permission": (
        403,
        "Unable to perform the requested action. You are missing the following permission(s) in the division of the "
        "resource: [{permissions}]",
    ),
    "not.found": (404, "The requested resource was not found."),
    "conversation.error.conversation.not.found": (404, "The conversation does not exist."),
    "method.not.allowed": (405, "HTTP 405 Method Not Allowed"),
    "general.conflict": (409, "The request conflicts with the current state of the target resource."),
    "request.entity.too.large": (413, "The request is over the size limit. Maximum bytes: {limit}"),
    "too.many.requests": (429, "Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"),
    "internal.server.error": (500, "The server encountered an unexpected condition."),
}


@dataclass(frozen=True)
class DemoResponse:
    """An HTTP response. `chunks` replaces `body` for a response sent in pieces; `drop` closes the connection instead."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunks: Iterator[bytes] | None = None
    drop: bool = False

    @property
    def status_line(self) -> str:
        return f"{self.status} {http.client.responses.get(self.status, 'Unknown')}"


class ApiError(Exception):
    """Raised by handlers. The app converts it to the documented error body. `code` is a key of ERRORS."""

    def __init__(self, code: str, headers: tuple[tuple[str, str], ...] = (), **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.headers = headers
        self.params = params

    @property
    def status(self) -> int:
        return ERRORS[self.code][0]


def json_response(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> DemoResponse:
    return DemoResponse(status, (("Content-Type", JSON_TYPE), *headers), json.dumps(value).encode())


def error_response(error: ApiError, context_id: str) -> DemoResponse:
    status, template = ERRORS[error.code]
    body: dict[str, Any] = {
        "message": template.format_map(error.params),
        "code": error.code,
        "status": status,
        "messageParams": dict(error.params),
        "contextId": context_id,
        "details": [],
        "errors": [],
    }
    return json_response(body, status, error.headers)


def token_error(error: str, description: str) -> DemoResponse:
    """The error body of the token endpoint. Genesys Cloud sends the description under both keys."""
    return json_response({"error": error, "description": description, "error_description": description}, 400)
