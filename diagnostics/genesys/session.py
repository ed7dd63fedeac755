"""HTTP sessions that stay open between runs, with a time limit for a whole call.

The timeouts of requests apply to each read, so a server that sends one byte at a time never exceeds them. Here a watchdog
closes the connection.
"""

import contextlib
import heapq
import os
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

MOST_SESSIONS = 32  # of one process, one per org and client
IDLE_SECONDS = 50.0  # then connections are closed; load balancers close them after 60 seconds
# What changes how a session connects. A session is only used again while none of it has changed.
VARIABLES = tuple(
    variant
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle")
    for variant in (name, name.upper())
)


@dataclass
class Clock:
    """The connections and sockets of the current call. `is_expired` is true once its time is over.

    `is_reused` is true if the call used a connection that was already open, which the server may have closed meanwhile.

    The sockets are listed separately, because a connection drops its socket when a response says that it is the last
    one, while the body is still being read.
    """

    connections: list[HTTPConnection] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    is_expired: bool = False
    is_reused: bool = False
    is_over: bool = False

    def watch(self, connection: HTTPConnection) -> None:
        self.connections.append(connection)
        if connection.sock is not None:
            self.sockets.append(connection.sock)

    def expire(self) -> None:
        if self.is_over:
            return
        self.is_expired = True
        for open_socket in (*self.sockets, *(connection.sock for connection in self.connections)):
            with contextlib.suppress(OSError, AttributeError):  # already closed, or not yet open
                open_socket.shutdown(socket.SHUT_RDWR)


_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


class _Watchdog:
    """Expires clocks. One thread per process, started with the first clock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Clock]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def add(self, clock: Clock, seconds: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), clock))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="time-limit", daemon=True)
                self._thread.start()
            if self._due[0][2] is clock:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                clock = heapq.heappop(self._due)[2]
            clock.expire()


_watchdog = _Watchdog()


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[Clock]:
    """Close the connections that this thread uses within, once `seconds` have passed."""
    clock = Clock()
    previous = _clock.set(clock)
    _watchdog.add(clock, seconds)
    try:
        yield clock
    finally:
        clock.is_over = True
        _clock.reset(previous)


def _watch(connection: HTTPConnection) -> None:
    if (clock := _clock.get()) is not None:
        clock.watch(connection)


class _Watched(HTTPConnection):
    has_sent = False  # since it connected

    def connect(self) -> None:
        self.has_sent = False
        _watch(self)
        super().connect()
        _watch(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        if self.has_sent and self.sock is not None and (clock := _clock.get()) is not None:
            clock.is_reused = True
        super().request(*args, **kwargs)
        self.has_sent = True


class _WatchedSecure(_Watched, HTTPSConnection):
    """Over TLS, the time limit also covers the handshake."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecure


POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


class OrgSession(requests.Session):
    """A session with one org. It stores no cookies, and reads the proxy settings of each host once."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.used_at = time.monotonic()
        self._settings: dict[str, Any] = {}
        self._headers = dict(self.headers)
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_maxsize=connections))

    def fetch(
        self,
        method: str,
        url: str,
        *,
        auth: AuthBase,
        data: dict[str, str] | None,
        headers: dict[str, str],
        timeout: tuple[float, float],
    ) -> requests.Response:
        """Send a request without following redirects. The body of the response is yet to be read."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if origin not in self._settings:
            self._settings[origin] = self.merge_environment_settings(url, {}, True, None, None)
        # Without `prepare_request`, which takes as long as sending: it merges settings of a session that are never set here.
        request = requests.PreparedRequest()
        request.prepare(method, url, {**self._headers, **headers}, data=data, auth=auth)
        return self.send(request, timeout=timeout, allow_redirects=False, **self._settings[origin])


def make_session(connections: int) -> OrgSession:
    """A session with up to `connections` open connections to one host."""
    return OrgSession(connections)


class SessionPool:
    """The sessions of this process by key, those used last. A forked process starts without any."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._sessions: OrderedDict[Hashable, OrgSession] = OrderedDict()
        self._lock = threading.Lock()

    def session(self, key: Hashable, connections: int) -> OrgSession:
        """The open session of this key, or a new one."""
        key = (key, *(os.environ.get(name) for name in VARIABLES))
        with self._lock:
            session = self._sessions.pop(key, None) or OrgSession(connections)
            now = time.monotonic()
            if now - session.used_at > IDLE_SECONDS:
                session.close()  # closes its connections; it can still be used
            session.used_at = now
            self._sessions[key] = session
            if len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)[1].close()
            return session


SESSIONS = SessionPool()


def _forget_after_fork() -> None:
    global _watchdog  # noqa: PLW0603 - its thread isn't in the new process
    _watchdog = _Watchdog()
    SESSIONS.forget()


os.register_at_fork(after_in_child=_forget_after_fork)
