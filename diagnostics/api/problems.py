"""Error responses as problem details (RFC 9457) with a stable code."""

from collections.abc import Mapping, Sequence
from http.client import responses
from typing import Any

from django.forms import BaseForm
from django.http import JsonResponse
from ninja import Field, Schema

from diagnostics.accounts.rate_limits import TooManyRequests

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
MAX_LENGTH = 300


class Wrong(Schema):
    """One error in a request."""

    where: str = Field(description="The part of the request, such as query.limit or body.client.")
    why: str


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    type: str = Field(description="Always about:blank. See `code`.")
    title: str = Field(description="The status in words.")
    status: int
    code: str = Field(description="Stable, for programs, such as token_missing.")
    detail: str = Field(description="What happened and what to do.")
    errors: list[Wrong] = Field(description="For 422: all errors. Otherwise empty.")


class ProblemError(Exception):
    """Ends a request with a problem response."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, headers or {}

    def response(self) -> JsonResponse:
        errors = [{"where": where[:MAX_LENGTH], "why": why[:MAX_LENGTH]} for where, why in self.errors[:MAX_ERRORS]]
        details: dict[str, Any] = {
            "type": "about:blank",
            "title": responses.get(self.status, "Error"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": errors,
        }
        return JsonResponse(details, status=self.status, content_type=MEDIA_TYPE, headers=dict(self.headers))


def wrong(detail: str, *errors: tuple[str, str]) -> ProblemError:
    """422: the request was understood, but is invalid."""
    return ProblemError(422, "invalid", detail, errors=errors)


def wrong_form(form: BaseForm) -> ProblemError:
    """422 with the errors of a form, whose fields have the names of the body's."""
    errors = [
        (f"body.{name}" if name in form.fields else "body", str(sentence))
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
    return wrong("The body isn't valid.", *errors)


def too_many(code: str, busy: TooManyRequests) -> ProblemError:
    return ProblemError(429, code, str(busy), headers={"Retry-After": str(busy.wait_seconds)})


def not_found() -> ProblemError:
    """Also for what exists but the user may not see, so that the two cannot be distinguished."""
    return ProblemError(404, "not_found", "Not found, or not visible to you.")
