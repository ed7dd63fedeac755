"""An HTTP session with a time limit for a whole call.

The timeouts of requests apply to each read, so a server that sends one byte at a time never exceeds them. Here a timer
closes the connection.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


@dataclass
class Clock:
    """The connections and sockets of the current call. `is_expired` is true once its time is over.

    The sockets are listed separately, because a connection drops its socket when a response says that it is the last
    one, while the body is still being read.
    """

    connections: list[HTTPConnection] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    is_expired: bool = False

    def watch(self, connection: HTTPConnection) -> None:
        self.connections.append(connection)
        if connection.sock is not None:
            self.sockets.append(connection.sock)

    def expire(self) -> None:
        self.is_expired = True
        for open_socket in (*self.sockets, *(connection.sock for connection in self.connections)):
            with contextlib.suppress(OSError, AttributeError):  # already closed, or not yet open
                open_socket.shutdown(socket.SHUT_RDWR)


_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[Clock]:
    """Close the connections that this thread uses within, once `seconds` have passed."""
    clock = Clock()
    previous = _clock.set(clock)
    timer = threading.Timer(seconds, clock.expire)
    timer.daemon = True
    timer.start()
    try:
        yield clock
    finally:
        timer.cancel()
        _clock.reset(previous)


def _watch(connection: HTTPConnection) -> None:
    if (clock := _clock.get()) is not None:
        clock.watch(connection)


class _Watched(HTTPConnection):
    def connect(self) -> None:
        _watch(self)
        super().connect()
        _watch(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


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


def make_session(connections: int) -> requests.Session:
    """A session with up to `connections` open connections to one host."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=connections))
    return session
