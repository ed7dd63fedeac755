"""The login host: opaque client-credentials tokens, stored in memory only."""

import base64
import binascii
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from diagnostics.demo.orgs import CLIENT_CREDENTIALS, Endpoint
from diagnostics.demo.responses import DemoResponse, json_response, token_error

MOST_TOKENS = 10_000
PER_MINUTE = 300
WINDOW = 60.0


@dataclass
class IssuedToken:
    client_id: str
    expires_at: float
    window_ends: float = 0.0
    count: int = 0


@dataclass(frozen=True)
class TokenUse:
    """One use of a token: the number of uses in this minute, and the seconds until the count is reset."""

    client_id: str
    count: int
    allowed: int
    reset: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (
            ("inin-ratelimit-count", str(self.count)),
            ("inin-ratelimit-allowed", str(self.allowed)),
            ("inin-ratelimit-reset", str(self.reset)),
        )


@dataclass(frozen=True)
class Allowance:
    """How many requests a token may send in a window of so many seconds."""

    requests: int
    seconds: float


class TokenStore:
    """The tokens of one endpoint. Other endpoints don't accept them."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = allowance
        self._tokens: OrderedDict[str, IssuedToken] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def issued(self) -> tuple[str, ...]:
        """Every stored token. Tests use it to prove that no page, row or log contains one."""
        with self._lock:
            return tuple(self._tokens)

    def issue(self, client_id: str, validity: int) -> str:
        text = secrets.token_urlsafe(64)
        with self._lock:
            self._tokens[text] = IssuedToken(client_id, time.monotonic() + validity)
            while len(self._tokens) > MOST_TOKENS:
                self._tokens.popitem(last=False)
        return text

    def use(self, text: str) -> TokenUse | None:
        """Counts one use. None if the token is unknown or expired."""
        now = time.monotonic()
        allowance = self._allowance or Allowance(PER_MINUTE, WINDOW)
        with self._lock:
            token = self._tokens.get(text)
            if token is None or token.expires_at <= now:
                return None
            if now >= token.window_ends:
                token.window_ends, token.count = now + allowance.seconds, 0
            token.count += 1
            reset = max(1, round(token.window_ends - now))
            return TokenUse(token.client_id, token.count, allowance.requests, reset)


@dataclass(frozen=True)
class TokenRequest:
    grant_type: str
    client_id: str
    secret: str = field(repr=False)


def read_token_request(authorization: str, body: bytes) -> TokenRequest:
    """Credentials in the Authorization header take precedence over those in the body."""
    fields = {key: values[0] for key, values in parse_qs(body.decode("latin-1"), errors="replace").items()}
    in_body = (fields.get("client_id", ""), fields.get("client_secret", ""))
    client_id, secret = basic_credentials(authorization) or in_body
    return TokenRequest(fields.get("grant_type", ""), client_id, secret)


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """None if the header isn't a Basic header; empty values if it is malformed."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return unquote(client_id), unquote(secret)


def grant(endpoint: Endpoint, store: TokenStore, token_request: TokenRequest) -> DemoResponse:
    """As in Genesys Cloud, a wrong ID, a wrong secret and a disabled client all get the same error."""
    if not token_request.grant_type:
        return token_error("invalid_request", "grant_type is required")
    if token_request.grant_type != "client_credentials":
        return token_error("unsupported_grant_type", "grant type is not supported")
    org = endpoint.org_of(token_request.client_id)
    client = org.client(token_request.client_id) if org else None
    if (
        client is None
        or client.state != "active"
        or not secrets.compare_digest(client.secret.encode(), token_request.secret.encode())
    ):
        return token_error("invalid_client", "authentication failed")
    if client.grant_type != CLIENT_CREDENTIALS:
        return token_error("unauthorized_client", "client is not authorized to use the client_credential grant type")
    token = store.issue(client.id, client.validity)
    return json_response({"access_token": token, "token_type": "bearer", "expires_in": client.validity - 1})
