"""Talks to one org: one token, each fact read once per run, nothing but GET, the token request and a confirmed start."""

import base64
import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.genesys.fields import number, text
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse, TokenResult, correlation_id_in, understand
from diagnostics.genesys.session import make_session, time_limit
from diagnostics.text.cleaning import clean_line, clean_text

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 10.0  # between two bytes of an answer
CALL_SECONDS = 20.0  # from the connection to the last byte
BODY_BYTES = 4_000_000
LONGEST_TOKEN = 16_000  # characters
IS_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6749, appendix A.12, without the space that would end a header's word
MOST_CALLS = 25  # of one run, whatever the org answers
CONNECTIONS = 12  # kept open to one host: what the checks may ask for at the same time
USER_AGENT = "cobrowse-doctor"
# Beside a proxy's own trouble: an address of it without a host or, such as SOCKS, of a kind that is not supported.
PROXY_FAULTS = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
)
# Words of the system's own text -> ours, first match wins.
ERROR_WORDS = {
    "resolv": "dns",
    "name or service": "dns",
    "getaddrinfo": "dns",
    "refused": "refused",
    "unreachable": "unreachable",
    "no route": "unreachable",
    "invalid label": "dns",
    "failed to parse": "proxy",  # the URLs of the org are made here, so it is the proxy's that cannot be read
}


@dataclass
class Lane:
    """One check's place in the chain of calls: `path_ms` grows by each call that it had to wait for."""

    check_id: str
    path_ms: float = 0.0


_lane: ContextVar[Lane | None] = ContextVar("lane", default=None)


class GenesysClient:
    """One org as one run sees it. Safe for several threads: who asks second waits for the first one's answer.

    `kept_token` is one that an earlier run was given; when the org refuses it, a new one is asked for. `most_calls` is
    set by who reads more than a run does.
    `on_exchange` is told of every request as soon as its answer is in, with secrets still in it.
    """

    def __init__(
        self,
        region: Region,
        client_id: str,
        secret: str,
        *,
        kept_token: str = "",
        most_calls: int = 0,
        on_exchange: Callable[[HttpExchange], None] = lambda exchange: None,
    ) -> None:
        self.region = region
        self._client_id, self._secret = client_id, secret
        self._on_exchange = on_exchange
        self._facts: dict[str, Future[tuple[OrgResponse, float]]] = {}
        self._kept, self._most_calls = kept_token, most_calls
        self._issued: TokenResult | None = None
        self._seen: list[OrgResponse] = []
        self._refusal: HttpExchange | None = None
        self._calls = 0
        self._lock = threading.Lock()
        self._session = make_session(CONNECTIONS)
        self._session.headers["User-Agent"] = USER_AGENT

    def close(self) -> None:
        self._session.close()

    @contextlib.contextmanager
    def lane(self, lane: Lane) -> Iterator[None]:
        """Everything asked within is charged to this lane."""
        before = _lane.set(lane)
        try:
            yield
        finally:
            _lane.reset(before)

    def token(self) -> TokenResult:
        """The run's one token: the kept one while it is good, else a new one, asked for once. Never raises."""
        if kept := self._kept:
            return TokenResult(kept, is_kept=True)
        answer = self._once("token", self._request_token)
        value = text(answer.data, "access_token", most=LONGEST_TOKEN)
        if answer.status != 200 or not value or len(value) == LONGEST_TOKEN or not IS_TOKEN.fullmatch(value):
            return TokenResult(answer=answer)
        self._issued = TokenResult(value, max(0, number(answer.data, "expires_in") or 0), answer)
        return self._issued

    @property
    def issued(self) -> TokenResult | None:
        """The token that this run was given by now, None while it has none of its own. Asks nothing."""
        return self._issued

    def get(self, path: str, **query: str | int) -> OrgResponse:
        """Read a path of the API (`/api/v2/...`), once per run. Trouble is a value, never an exception."""
        url = self._url(path, query)
        return self._once(url, lambda: self._read(url))

    def fresh(self, path: str, **query: str | int) -> OrgResponse:
        """Read a path anew, and remember nothing of it: for lists that are read page by page."""
        return self._read(self._url(path, query), keep=False)

    def _url(self, path: str, query: dict[str, str | int]) -> str:
        return self.region.api + path + (f"?{urlencode(query)}" if query else "")

    def offer_session(self, conversation_id: str) -> OrgResponse:
        """Offers a session to a live customer: the one call of the product that writes, and no part of reading an org.

        Sent at most once, whoever asks and however it ends. The caller holds the run's permission.
        """
        url = f"{self.region.api}/api/v2/conversations/{quote(conversation_id, safe='')}/cobrowse"
        return self._once("start", lambda: self._start(url))

    def together(self, *paths: str) -> tuple[OrgResponse, ...]:
        """Read several paths at the same time; the lane waits only for the slowest."""
        lane = _lane.get() or Lane("")
        lanes = [replace(lane) for _ in paths]
        with ThreadPoolExecutor(max(1, len(paths)), thread_name_prefix="together") as pool:
            answers = tuple(pool.map(self._get_in, paths, lanes))
        lane.path_ms = max(each.path_ms for each in (lane, *lanes))
        return answers

    def _get_in(self, path: str, lane: Lane) -> OrgResponse:
        with self.lane(lane):
            return self.get(path)

    @property
    def seen(self) -> tuple[OrgResponse, ...]:
        """Every answer that came so far, in the order in which they came."""
        return tuple(self._seen)

    def _read(self, url: str, *, keep: bool = True) -> OrgResponse:
        token = self.token()
        if not token.value:
            return OrgResponse(None, trouble="no_token")
        answer = self._send("GET", url, auth=_Bearer(token.value), keep=keep)
        if answer.status == 401 and token.is_kept:
            self._kept = ""
            return self._read(url, keep=keep)
        return answer

    def _start(self, url: str) -> OrgResponse:
        token = self.token()
        return (
            self._send("POST", url, auth=_Bearer(token.value)) if token.value else OrgResponse(None, trouble="no_token")
        )

    def _request_token(self) -> OrgResponse:
        basic = base64.b64encode(f"{self._client_id}:{self._secret}".encode()).decode()
        return self._send(
            "POST",
            f"{self.region.login}/oauth/token",
            auth=_Header(f"Basic {basic}"),
            data={"grant_type": "client_credentials"},
        )

    def _once(self, key: str, ask: Callable[[], OrgResponse]) -> OrgResponse:
        with self._lock:
            mine = key not in self._facts
            future = self._facts.setdefault(key, Future())
        if mine:
            self._settle(future, ask)
        answer, path_ms = future.result()
        if lane := _lane.get():
            lane.path_ms = max(lane.path_ms, path_ms)
        return answer

    @staticmethod
    def _settle(future: "Future[tuple[OrgResponse, float]]", ask: Callable[[], OrgResponse]) -> None:
        try:
            answer = ask()
        except BaseException as trouble:
            future.set_exception(trouble)
            return
        lane = _lane.get()
        took = answer.exchange.ms if answer.exchange and answer.trouble != "rate_limited_wait" else 0.0
        future.set_result((answer, (lane.path_ms if lane else 0.0) + took))

    def _send(
        self, method: str, url: str, *, auth: AuthBase, data: dict[str, str] | None = None, keep: bool = True
    ) -> OrgResponse:
        """After one 429 nothing more is sent in this run: each further call would only lengthen the wait."""
        with self._lock:
            refusal, over = self._refusal, self._calls >= (self._most_calls or MOST_CALLS)
            self._calls += 0 if refusal or over else 1
        if refusal is not None:
            return replace(understand(refusal), trouble="rate_limited_wait")
        if over:
            return OrgResponse(None, trouble="over_budget")
        started, clock = datetime.now(UTC), time.perf_counter()
        status: int | None = None
        headers: Headers = ()
        body, trouble = b"", ""
        with time_limit(CALL_SECONDS) as time_is:
            try:
                with self._session.request(
                    method,
                    url,
                    auth=auth,
                    data=data,
                    headers={"Accept": "application/json"},
                    timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    status, headers = response.status_code, _clean_headers(response)
                    body, trouble = _read_body(response)
            except Exception as fault:  # requests, urllib3 and the codecs raise many kinds; each is an answer to us
                trouble = _name_of(fault)
        trouble = "timeout" if time_is.cut else trouble
        lane = _lane.get()
        exchange = HttpExchange(
            method=method,
            url=url,
            started_at=started,
            ms=(time.perf_counter() - clock) * 1000,
            status=status,
            request_headers=(("Accept", "application/json"), ("Authorization", _scheme_of(auth))),
            response_headers=headers,
            body=clean_text(body.decode("utf-8", "replace")),
            correlation_id=correlation_id_in(headers),
            error=trouble,
            check_id=lane.check_id if lane else "",
        )
        if status == 429:
            self._refusal = exchange
        self._on_exchange(exchange)
        answer = understand(exchange)
        if keep:
            self._seen.append(answer)
        return answer


class _Header(AuthBase):
    """Sets one Authorization header, and keeps a .netrc from setting another."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class _Bearer(_Header):
    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {token}")


def _read_body(response: requests.Response) -> tuple[bytes, str]:
    """The body up to the byte cap, and what was wrong with it."""
    body = bytearray()
    try:
        for chunk in response.iter_content(16_384):
            body += chunk
            if len(body) > BODY_BYTES:
                return bytes(body[:BODY_BYTES]), "too_large"
    except Exception as fault:
        return bytes(body), _name_of(fault)
    return bytes(body), ""


def _clean_headers(response: requests.Response) -> Headers:
    return tuple((clean_line(name), clean_line(value)) for name, value in response.headers.items())


def _scheme_of(auth: AuthBase) -> str:
    return "Bearer [masked]" if isinstance(auth, _Bearer) else "Basic [masked]"


def _name_of(fault: Exception) -> str:
    """One word for a fault of the network, from the exception or what lies beneath it."""
    if isinstance(fault, PROXY_FAULTS):
        return "proxy"
    if isinstance(fault, requests.exceptions.SSLError) or "certificate bundle" in str(fault):
        return "tls"
    if isinstance(fault, requests.exceptions.Timeout) or "timed out" in str(fault).lower():
        return "timeout"
    text = f"{type(fault).__name__} {fault}".lower()
    for word, name in ERROR_WORDS.items():
        if word in text:
            return name
    if isinstance(fault, requests.exceptions.ConnectionError | ConnectionError):
        return "reset"
    return "garbled"
