"""An HTTP session whose every call ends: a server that sends a byte now and then cannot hold it for ever.

The time limits of requests are per read, so one byte at a time passes them all. Here a clock cuts the connection.
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
    """The connections and sockets that the call under way uses. `cut` is true once its time was over.

    Sockets are kept beside their connections, because a connection lets go of its socket as soon as the answer
    says that it is the last one, and the answer is still being read.
    """

    connections: list[HTTPConnection] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    cut: bool = False

    def watch(self, connection: HTTPConnection) -> None:
        self.connections.append(connection)
        if connection.sock is not None:
            self.sockets.append(connection.sock)

    def ring(self) -> None:
        self.cut = True
        for each in (*self.sockets, *(connection.sock for connection in self.connections)):
            with contextlib.suppress(OSError, AttributeError):  # closed already, or not yet open
                each.shutdown(socket.SHUT_RDWR)


_clock: ContextVar[Clock | None] = ContextVar("clock", default=None)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[Clock]:
    """Cuts the connections of whatever this thread sends within, once `seconds` have passed."""
    clock = Clock()
    before = _clock.set(clock)
    timer = threading.Timer(seconds, clock.ring)
    timer.daemon = True
    timer.start()
    try:
        yield clock
    finally:
        timer.cancel()
        _clock.reset(before)


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
    """The same over TLS: the hand-shake, too, ends in time."""


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


def make_session(at_once: int) -> requests.Session:
    """A session that keeps up to `at_once` connections open to one host."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=at_once))
    return session
