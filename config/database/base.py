"""The database backend, which Django loads by the name of its package.

A server that was stopped, or a network that swallows packets, leaves a connection open on which no answer comes, and
libpq would wait for one forever. So after `silence` seconds of waiting, the server is asked whether it answers at all. If
it doesn't, the query fails as it does when the server is gone. A query that is only slow is left alone.
"""

import socket
import struct
import time
from collections.abc import Generator
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen

POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0  # after a server was found silent; until then nobody waits for it again
# The first message of a client that wants TLS. Every server answers it with one byte, before it knows who asks.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
# Ours, not libpq's: how long to wait before asking, and for the answer.
OPTIONS = ("silence", "answer_within")


class ServerSilent(psycopg.OperationalError):
    """The database server takes connections and answers nothing."""


class _Silence:
    """When this process last found the server silent."""

    at = float("-inf")


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when its server answers nothing."""

    silence = 10.0
    answer_within = 5.0

    def wait(self, gen: PQGen[Any], interval: float = POLL_SECONDS, timeout: float | None = None) -> Any:
        return super().wait(self._watch(gen), min(interval, POLL_SECONDS), timeout)

    def _watch(self, gen: PQGen[Any]) -> Generator[Any, Any, Any]:
        """The same generator. Whoever waits sends it a false value when POLL_SECONDS have passed without an event."""
        heard_at = time.monotonic()
        event: Any = None
        while True:
            try:
                wanted = gen.send(event)
            except StopIteration as end:
                return end.value
            event = yield wanted
            now = time.monotonic()
            if event:
                heard_at = now
            elif now - heard_at > self.silence:
                host = (self.pgconn.hostaddr or self.pgconn.host).decode()
                if not answers(host, self.pgconn.port.decode(), self.answer_within):
                    self.pgconn.finish()
                    _Silence.at = time.monotonic()
                    raise ServerSilent(f"the server has not answered for {_Silence.at - heard_at:.1f} s")
                heard_at = time.monotonic()


def answers(host: str, port: str, within: float) -> bool:
    """Whether a database server answers there. Refusing a connection is an answer, too."""
    address = (host, int(port or 5432))
    try:
        with (
            _socket_file(*address, within)
            if host.startswith("/")
            else socket.create_connection(address, within) as probe
        ):
            probe.settimeout(within)
            probe.sendall(SSL_REQUEST)
            probe.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _socket_file(folder: str, port: int, within: float) -> socket.socket:
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(within)
    try:
        probe.connect(f"{folder}/.s.PGSQL.{port}")
    except BlockingIOError as full:  # so many wait for a server that accepts nobody that no more fit
        probe.close()
        raise TimeoutError from full
    except OSError:
        probe.close()
        raise
    return probe


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return {name: value for name, value in params.items() if name not in OPTIONS}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        options = self.settings_dict["OPTIONS"]
        within = float(options.get("answer_within", Connection.answer_within))
        if time.monotonic() - _Silence.at < RETRY_SECONDS:
            raise ServerSilent("the server did not answer a moment ago")
        host = str(conn_params.get("host", ""))
        # Several hosts are libpq's to choose from; its own time limit is longer than ours may be.
        if host and "," not in host and not answers(host, str(conn_params.get("port", "")), within):
            _Silence.at = time.monotonic()
            raise ServerSilent(f"the server has not answered for {within:.1f} s")
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        made = Connection.connect(**conn_params)
        made.silence, made.answer_within = float(options.get("silence", Connection.silence)), within
        return made
