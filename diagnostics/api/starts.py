"""What the operations that start something share: the idempotency key, the headers of the response, and refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Header
from pydantic import AfterValidator, Field

from diagnostics.accounts.rate_limits import TooManyRequests, TooManyRuns
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import ProblemError, not_found, too_many
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import clients_without_secret
from diagnostics.runs.idempotency_keys import KeyReused
from diagnostics.web.refusals import ActionRefused, SecretMissing

POLL_SECONDS = "1"


def _key(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("has characters other than printable ASCII")
    return text


Key = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_key)]
IdempotencyKeyHeader = Annotated[
    Key | None,
    Header(
        None,
        alias="Idempotency-Key",
        description="Any text. Repeating the request with the same key starts nothing again.",
    ),
]


def find_client_to_use(request: AuthenticatedRequest, pk: int) -> OAuthClient:
    """Also a retired one, which is refused with a reason."""
    client = clients_without_secret(request.user).filter(pk=pk).first()
    if client is None:
        raise not_found()
    return client


@contextmanager
def starting() -> Iterator[None]:
    """Turns the reasons why nothing is started into ProblemErrors."""
    try:
        yield
    except KeyReused:
        detail = "This key was used for another request in the last 24 hours. Use a new key."
        raise ProblemError(422, "key_reused", detail) from None
    except TooManyRequests as busy:
        raise too_many("too_many_runs" if isinstance(busy, TooManyRuns) else "still_reading", busy) from None
    except ActionRefused as refused:
        raise refusal(refused) from None


def refusal(refused: ActionRefused) -> ProblemError:
    """409, for a client that can't be used as it is."""
    return ProblemError(409, "secret_missing" if isinstance(refused, SecretMissing) else "refused", str(refused))


def add_poll_headers(response: HttpResponse, address: str, *, is_new: bool) -> None:
    response["Location"] = address
    response["Retry-After"] = POLL_SECONDS
    if not is_new:
        response["Idempotency-Replayed"] = "true"


def text_size(value: Any) -> int:
    """The length of all strings in a body."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return sum(map(text_size, value))
    return len(value) if isinstance(value, str) else 0
