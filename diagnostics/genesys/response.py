"""What came back from an org, and the token it gave, as values."""

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.genesys.fields import field, word
from diagnostics.text.cleaning import read_json


@dataclass(frozen=True)
class OrgResponse:
    """What came back. `data` is the parsed JSON, None when there was none or it was not JSON (`trouble` says so).

    `trouble` is "" or one word: timeout, dns, tls, refused, unreachable, reset, proxy, too_large, redirect, garbled,
    not_json, empty, no_token, over_budget, rate_limited_wait. An answer with a status may still carry a trouble. After
    the last two nothing was sent: the run had made all its calls, or an earlier answer, the `exchange`, said to wait.
    """

    exchange: HttpExchange | None
    data: Any = attribute(default=None, repr=False)
    trouble: str = ""

    @property
    def status(self) -> int | None:
        return self.exchange.status if self.exchange else None

    @property
    def ok(self) -> bool:
        """200 with a JSON object, which is what every read of ours expects."""
        return self.status == 200 and isinstance(self.data, dict) and not self.trouble

    @property
    def code(self) -> str:
        """The code of a Genesys error body, or of the login host's; "" when there is none."""
        return word(self.data, "code") or word(self.data, "error")

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
class TokenResult:
    """An access token, or why there is none. `lifetime_s` is what the login host promised, in seconds.

    `is_kept` is true for one that an earlier run was given; it has no answer.
    """

    value: str = attribute(default="", repr=False)
    lifetime_s: int = 0
    answer: OrgResponse | None = None
    is_kept: bool = False


def understand(exchange: HttpExchange) -> OrgResponse:
    """What an exchange says, its trouble told apart from its data."""
    if exchange.error:
        return OrgResponse(exchange, trouble=exchange.error)
    if exchange.status is not None and 300 <= exchange.status < 400:
        return OrgResponse(exchange, trouble="redirect")
    if exchange.status == 407:
        return OrgResponse(exchange, trouble="proxy")
    if not exchange.body.strip():
        return OrgResponse(exchange, trouble="empty")
    try:
        return OrgResponse(exchange, data=read_json(exchange.body))
    except ValueError:
        return OrgResponse(exchange, trouble="not_json")


def correlation_id_in(headers: Headers) -> str:
    value = next((v for k, v in headers if k.lower() == "inin-correlation-id"), "")
    return value[:100] if value.isprintable() else ""
