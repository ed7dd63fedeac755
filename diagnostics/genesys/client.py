"""The HTTP client of one org: one token, each path read once per run.

It sends nothing but GET requests, the token request, and the start of a session that the user confirmed.
"""

import base64
import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.genesys.fields import number, text
from diagnostics.genesys.pace import UNPACED, Pace
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse, TokenResult, correlation_id_in, response_from
from diagnostics.genesys.session import SESSIONS, OrgSession, make_session, time_limit
from diagnostics.text.cleaning import clean_line, clean_text

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 10.0  # between two bytes of a response
CALL_SECONDS = 20.0  # from connecting to the last byte
BODY_BYTES = 4_000_000
LONGEST_TOKEN = 16_000  # characters
IS_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6749, appendix A.12, without the space, which would split the header
MOST_CALLS = 25  # of one run
MOST_OF_A_RUN = 14  # what a run is to send at most, even if its saved token is rejected
CONNECTIONS = 12  # open at once to one host, for checks that run in parallel
USER_AGENT = "cobrowse-doctor"
# The last two are raised for a proxy URL without a host or with an unsupported scheme, such as SOCKS.
PROXY_ERRORS = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
)
# A part of the operating system's message -> our name for the error. The first match wins.
ERROR_NAMES = {
    "resolv": "dns",
    "name or service": "dns",
    "getaddrinfo": "dns",
    "refused": "refused",
    "unreachable": "unreachable",
    "no route": "unreachable",
    "invalid label": "dns",
    "failed to parse": "proxy",  # only a proxy URL can be invalid, because we build the org's URLs
}


@dataclass
class Lane:
    """The time one check spent waiting for calls. `path_ms` is the length of its critical path."""

    check_id: str
    path_ms: float = 0.0


@dataclass(frozen=True)
class EarlyRead:
    """A read that a check does, sent before the check starts."""

    check_id: str
    path: str
    query: dict[str, str | int]


_lane: ContextVar[Lane | None] = ContextVar("lane", default=None)


class GenesysClient:
    """One org's API, with a cache for one run. Thread-safe: concurrent reads of one path share one request.

    `saved_token` is a token from an earlier run; if the org rejects it, a new one is requested. `max_calls` replaces
    the limit of `MOST_CALLS`, for a sync. `on_exchange` is called with each exchange once it is complete, unredacted.
    `pace` keeps to the org's rate limit.
    """

    def __init__(
        self,
        region: Region,
        client_id: str,
        secret: str,
        *,
        saved_token: str = "",
        max_calls: int = 0,
        on_exchange: Callable[[HttpExchange], None] = lambda exchange: None,
        pace: Pace = UNPACED,
    ) -> None:
        self.region = region
        self.pace = pace
        self._client_id, self._secret = client_id, secret
        self._on_exchange = on_exchange
        self._cache: dict[str, Future[tuple[OrgResponse, float]]] = {}
        self._saved_token, self._max_calls = saved_token, max_calls
        self.issued: TokenResult | None = None  # the token issued to this run, if any
        self._responses: list[OrgResponse] = []
        self._rate_limited: HttpExchange | None = None
        self._calls = 0
        self._lock = threading.Lock()
        self._prefetcher: ThreadPoolExecutor | None = None
        self._prefetched: list[Future[None]] = []
        # Connections stay open between runs, but not beyond a change of the secret.
        secret_hash = hashlib.sha256(secret.encode()).digest()
        self._session = SESSIONS.session((region.api, region.login, client_id, secret_hash), CONNECTIONS)

    def close(self) -> None:
        if self._prefetcher is not None:
            self._prefetcher.shutdown(wait=False, cancel_futures=True)

    def prefetch(self, reads: Sequence[EarlyRead], token_check: str) -> None:
        """Request the token and start these reads as soon as it is there, so that `get` needn't wait for its turn.

        `token_check` is the check that the token request is counted for. A saved token may be rejected, and each read is
        then sent twice. So only as many start at once as keep the run within `MOST_OF_A_RUN`; the others wait for the
        first one, which shows whether the token works.
        """
        if not reads:
            return
        self._prefetcher = ThreadPoolExecutor(len(reads), thread_name_prefix="prefetch")
        at_once = len(reads)
        if not self.pace.may_speculate:
            at_once = 1
        elif self._saved_token:
            at_once = max(1, min(at_once, MOST_OF_A_RUN - 1 - len(reads)))
        self._prefetched = [
            self._prefetcher.submit(self._prefetch, token_check, reads[0] if number >= at_once else None, read)
            for number, read in enumerate(reads)
        ]

    def _prefetch(self, token_check: str, first: EarlyRead | None, read: EarlyRead) -> None:
        with self.lane(Lane(token_check)):
            self.token()
        with self.lane(Lane(read.check_id)):
            if first is None or self.get(first.path, **first.query).ok:
                self.get(read.path, **read.query)

    def wait_for_prefetched(self) -> None:
        wait(self._prefetched)

    def preload(self, exchanges: Iterable[HttpExchange]) -> None:
        """Answer reads with earlier responses of the same run, so that they aren't sent again.

        Reads that failed, or that the org refused for the moment, are sent again.
        """
        for exchange in exchanges:
            if exchange.method == "GET" and not exchange.error and exchange.status not in (401, 429):
                response = response_from(exchange)
                self._responses.append(response)
                self._cache[exchange.url] = Future()
                self._cache[exchange.url].set_result((response, 0.0))

    @contextlib.contextmanager
    def lane(self, lane: Lane) -> Iterator[None]:
        """Count the calls made within toward this lane."""
        previous = _lane.set(lane)
        try:
            yield
        finally:
            _lane.reset(previous)

    def token(self) -> TokenResult:
        """The run's token: the saved one while it is valid, else a new one, requested once. Never raises."""
        if saved := self._saved_token:
            return TokenResult(saved, is_reused=True)
        response = self._once("token", self._request_token)
        value = text(response.data, "access_token", limit=LONGEST_TOKEN)
        if response.status != 200 or not value or len(value) == LONGEST_TOKEN or not IS_TOKEN.fullmatch(value):
            return TokenResult(response=response)
        self.issued = TokenResult(value, max(0, number(response.data, "expires_in") or 0), response)
        return self.issued

    def get(self, path: str, **query: str | int) -> OrgResponse:
        """Read a path of the API (`/api/v2/...`), once per run. Errors are values, never exceptions."""
        url = self._url(path, query)
        return self._once(url, lambda: self._read(url))

    def get_uncached(self, path: str, **query: str | int) -> OrgResponse:
        """Read a path without caching or recording the response, for lists that are read page by page."""
        return self._read(self._url(path, query), record=False)

    def _url(self, path: str, query: dict[str, str | int]) -> str:
        return self.region.api + path + (f"?{urlencode(query)}" if query else "")

    def offer_session(self, conversation_id: str) -> OrgResponse:
        """Offer a session to a live customer. This is the only call of the product that writes.

        Sent at most once per run. The caller must have the run's permission to start a session.
        """
        url = f"{self.region.api}/api/v2/conversations/{quote(conversation_id, safe='')}/cobrowse"
        return self._once("start", lambda: self._start(url))

    def get_all(self, *paths: str) -> tuple[OrgResponse, ...]:
        """Read several paths in parallel. The lane waits only for the slowest."""
        lane = _lane.get() or Lane("")
        lanes = [replace(lane) for _ in paths]
        with ThreadPoolExecutor(max(1, len(paths)), thread_name_prefix="get-all") as pool:
            responses = tuple(pool.map(self._get_in, paths, lanes))
        lane.path_ms = max([lane.path_ms, *(parallel.path_ms for parallel in lanes)])
        return responses

    def _get_in(self, path: str, lane: Lane) -> OrgResponse:
        with self.lane(lane):
            return self.get(path)

    @property
    def responses(self) -> tuple[OrgResponse, ...]:
        """Every response so far, in the order of arrival."""
        return tuple(self._responses)

    def _read(self, url: str, *, record: bool = True) -> OrgResponse:
        token = self.token()
        if not token.value:
            return OrgResponse(None, error="no_token")
        response = self._send("GET", url, auth=_Bearer(token.value), record=record)
        if response.status == 401 and token.is_reused:
            self._saved_token = ""
            return self._read(url, record=record)
        return response

    def _start(self, url: str) -> OrgResponse:
        token = self.token()
        if not token.value:
            return OrgResponse(None, error="no_token")
        return self._send("POST", url, auth=_Bearer(token.value))

    def _request_token(self) -> OrgResponse:
        basic = base64.b64encode(f"{self._client_id}:{self._secret}".encode()).decode()
        return self._send(
            "POST",
            f"{self.region.login}/oauth/token",
            auth=_Header(f"Basic {basic}"),
            data={"grant_type": "client_credentials"},
        )

    def _once(self, key: str, send: Callable[[], OrgResponse]) -> OrgResponse:
        with self._lock:
            is_first = key not in self._cache
            future = self._cache.setdefault(key, Future())
        if is_first:
            self._complete(future, send)
        response, path_ms = future.result()
        if lane := _lane.get():
            lane.path_ms = max(lane.path_ms, path_ms)
        return response

    @staticmethod
    def _complete(future: "Future[tuple[OrgResponse, float]]", send: Callable[[], OrgResponse]) -> None:
        try:
            response = send()
        except BaseException as exception:
            future.set_exception(exception)
            return
        lane = _lane.get()
        ms = response.exchange.ms if response.exchange and response.error != "rate_limited_wait" else 0.0
        future.set_result((response, (lane.path_ms if lane else 0.0) + ms))

    def _send(
        self, method: str, url: str, *, auth: AuthBase, data: dict[str, str] | None = None, record: bool = True
    ) -> OrgResponse:
        """After a 429 nothing more is sent in this run, because each call would only extend the wait."""
        with self._lock:
            rate_limited, is_over_budget = self._rate_limited, self._calls >= (self._max_calls or MOST_CALLS)
            self._calls += 0 if rate_limited or is_over_budget else 1
        if rate_limited is not None:
            return replace(response_from(rate_limited), error="rate_limited_wait")
        if is_over_budget:
            return OrgResponse(None, error="over_budget")
        if not self.pace.may_send():
            return OrgResponse(None, error="rate_limited_wait")
        started_at, start = datetime.now(UTC), time.perf_counter()
        is_start = method == "POST" and data is None
        # A start is sent over a new connection, because it must never be repeated.
        session = make_session(1) if is_start else self._session
        status, headers, body, error, was_reused = _fetch(session, method, url, auth, data)
        if error == "reset" and status is None and was_reused and not is_start:  # the server had closed the connection
            status, headers, body, error, was_reused = _fetch(session, method, url, auth, data)
        lane, scheme = _lane.get(), "Bearer" if isinstance(auth, _Bearer) else "Basic"
        exchange = HttpExchange(
            method=method,
            url=url,
            started_at=started_at,
            ms=(time.perf_counter() - start) * 1000,
            status=status,
            request_headers=(("Accept", "application/json"), ("Authorization", f"{scheme} [masked]")),
            response_headers=headers,
            body=clean_text(body.decode("utf-8", "replace")),
            correlation_id=correlation_id_in(headers),
            error=error,
            check_id=lane.check_id if lane else "",
        )
        if status == 429:
            self._rate_limited = exchange
        self.pace.note(exchange)
        self._on_exchange(exchange)
        org_response = response_from(exchange)
        if record:
            self._responses.append(org_response)
        return org_response


def _fetch(
    session: OrgSession, method: str, url: str, auth: AuthBase, data: dict[str, str] | None
) -> tuple[int | None, Headers, bytes, str, bool]:
    """The status, headers, body and error of one request, and whether it used a connection that was already open."""
    status: int | None = None
    headers: Headers = ()
    body, error = b"", ""
    with time_limit(CALL_SECONDS) as clock:
        try:
            with session.fetch(
                method,
                url,
                auth=auth,
                data=data,
                headers={"Accept": "application/json", "User-Agent": USER_AGENT},
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
            ) as response:
                status = response.status_code
                headers = tuple((clean_line(name), clean_line(value)) for name, value in response.headers.items())
                body, error = _read_body(response)
        except Exception as exception:  # requests, urllib3 and the codecs raise many kinds
            error = _error_name(exception)
    return status, headers, body, "timeout" if clock.is_expired else error, clock.is_reused


class _Header(AuthBase):
    """Sets the Authorization header. With an auth object, requests doesn't read credentials from a .netrc file."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class _Bearer(_Header):
    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {token}")


def _read_body(response: requests.Response) -> tuple[bytes, str]:
    """The body, at most `BODY_BYTES`, and the name of the error, "" for none."""
    body = bytearray()
    try:
        for chunk in response.iter_content(16_384):
            body += chunk
            if len(body) > BODY_BYTES:
                return bytes(body[:BODY_BYTES]), "too_large"
    except Exception as exception:
        return bytes(body), _error_name(exception)
    return bytes(body), ""


def _error_name(exception: Exception) -> str:
    """One word for a network error, as in `OrgResponse.error`."""
    if isinstance(exception, PROXY_ERRORS):
        return "proxy"
    if isinstance(exception, requests.exceptions.SSLError) or "certificate bundle" in str(exception):
        return "tls"
    if isinstance(exception, requests.exceptions.Timeout) or "timed out" in str(exception).lower():
        return "timeout"
    message = f"{type(exception).__name__} {exception}".lower()
    for part, name in ERROR_NAMES.items():
        if part in message:
            return name
    if isinstance(exception, requests.exceptions.ConnectionError | ConnectionError):
        return "reset"
    return "garbled"
