"""An org's response and access token as values."""

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.genesys.fields import field, word
from diagnostics.text.cleaning import read_json


@dataclass(frozen=True)
class OrgResponse:
    """A response, or the error instead of one. `data` is the parsed JSON, None if there was none.

    `error` is "" or one of timeout, dns, tls, refused, unreachable, reset, proxy, too_large, redirect, garbled,
    not_json, empty, no_token, over_budget, rate_limited_wait. A response with a status can still have an error. Nothing
    was sent after the last three: there was no token, the run was out of calls, or the rate limit is used up (then
    `exchange` is the earlier 429, if there was one).
    """

    exchange: HttpExchange | None
    data: Any = attribute(default=None, repr=False)
    error: str = ""

    @property
    def status(self) -> int | None:
        return self.exchange.status if self.exchange else None

    @property
    def ok(self) -> bool:
        """200 with a JSON object, which every read of ours expects."""
        return self.status == 200 and isinstance(self.data, dict) and not self.error

    @property
    def code(self) -> str:
        """The error code in the body of the API or of the login host; "" if there is none."""
        return word(self.data, "code") or word(self.data, "error")

    @property
    def summary(self) -> str:
        """The status with the error code, such as "403 missing.permissions", or what went wrong instead."""
        return f"{self.status or 'no response'} {self.code or self.error}".strip()

    @property
    def is_genesys_error(self) -> bool:
        return isinstance(field(self.data, "message"), str) and bool(self.code)

    def header(self, name: str) -> str:
        if self.exchange is None:
            return ""
        return next((v for k, v in self.exchange.response_headers if k.lower() == name.lower()), "")

    @property
    def correlation_id(self) -> str:
        return self.exchange.correlation_id if self.exchange else ""


@dataclass(frozen=True)
class UnreadableResponse:
    """A response that isn't the expected document."""

    response: OrgResponse


@dataclass(frozen=True)
class TokenResult:
    """An access token, or the response without one. `lifetime_s` is in seconds, by the login host.

    `is_reused` is true for a token from an earlier run, which has no response.
    """

    value: str = attribute(default="", repr=False)
    lifetime_s: int = 0
    response: OrgResponse | None = None
    is_reused: bool = False


def response_from(exchange: HttpExchange) -> OrgResponse:
    if exchange.error:
        return OrgResponse(exchange, error=exchange.error)
    if exchange.status is not None and 300 <= exchange.status < 400:
        return OrgResponse(exchange, error="redirect")
    if exchange.status == 407:
        return OrgResponse(exchange, error="proxy")
    if not exchange.body.strip():
        return OrgResponse(exchange, error="empty")
    try:
        return OrgResponse(exchange, data=read_json(exchange.body))
    except ValueError:
        return OrgResponse(exchange, error="not_json")


def correlation_id_in(headers: Headers) -> str:
    value = next((v for k, v in headers if k.lower() == "inin-correlation-id"), "")
    return value[:100] if value.isprintable() else ""
