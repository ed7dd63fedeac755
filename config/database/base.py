"""The database backend: PostgreSQL with detection of a server that has stopped responding.

When a server is suspended or a network drops packets, libpq waits for a response forever. So after `silence` seconds
without data, a second connection probes the server. If the probe gets no response within `answer_within` seconds, the
query fails with an OperationalError. Slow queries are not interrupted.
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
RETRY_SECONDS = 1.0  # how long connections fail at once after a server was found silent
# SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html. Every server replies to it with one
# byte, before authentication.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
# Connection options of this backend, in seconds. libpq does not know them.
OWN_OPTIONS = ("silence", "answer_within")


class ServerSilent(psycopg.OperationalError):
    """The database server accepts connections but does not respond."""


class _Silence:
    """Shared by all connections of this process."""

    last_detected_at = float("-inf")


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when its server stops responding."""

    silence = 10.0
    answer_within = 5.0

    def wait(self, gen: PQGen[Any], interval: float = POLL_SECONDS, timeout: float | None = None) -> Any:
        return super().wait(self._watch(gen), min(interval, POLL_SECONDS), timeout)

    def _watch(self, gen: PQGen[Any]) -> Generator[Any, Any, Any]:
        """Wrap a psycopg generator. psycopg sends it a false value after POLL_SECONDS without an event."""
        last_event_at = time.monotonic()
        event: Any = None
        while True:
            try:
                wanted = gen.send(event)
            except StopIteration as stop:
                return stop.value
            event = yield wanted
            now = time.monotonic()
            if event:
                last_event_at = now
            elif now - last_event_at > self.silence:
                host = (self.pgconn.hostaddr or self.pgconn.host).decode()
                if not responds(host, self.pgconn.port.decode(), self.answer_within):
                    self.pgconn.finish()
                    _Silence.last_detected_at = time.monotonic()
                    raise ServerSilent(
                        f"the server has not answered for {_Silence.last_detected_at - last_event_at:.1f} s"
                    )
                last_event_at = time.monotonic()


def responds(host: str, port: str, timeout: float) -> bool:
    """Whether a database server responds within `timeout` seconds. A refused connection counts as a response."""
    address = (host, int(port or 5432))
    try:
        connect = _connect_to_socket_file if host.startswith("/") else socket.create_connection
        with connect(address, timeout) as probe:
            probe.settimeout(timeout)
            probe.sendall(SSL_REQUEST)
            probe.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _connect_to_socket_file(address: tuple[str, int], timeout: float) -> socket.socket:
    folder, port = address
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(timeout)
    try:
        probe.connect(f"{folder}/.s.PGSQL.{port}")
    except BlockingIOError as error:  # the backlog of a server that accepts no connection is full
        probe.close()
        raise TimeoutError from error
    except OSError:
        probe.close()
        raise
    return probe


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return {name: value for name, value in params.items() if name not in OWN_OPTIONS}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        options = self.settings_dict["OPTIONS"]
        timeout = float(options.get("answer_within", Connection.answer_within))
        if time.monotonic() - _Silence.last_detected_at < RETRY_SECONDS:
            raise ServerSilent("the server did not answer a moment ago")
        host = str(conn_params.get("host", ""))
        # With several hosts libpq chooses one. Otherwise probe first: connect_timeout is at least 2 s.
        if host and "," not in host and not responds(host, str(conn_params.get("port", "")), timeout):
            _Silence.last_detected_at = time.monotonic()
            raise ServerSilent(f"the server has not answered for {timeout:.1f} s")
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection = Connection.connect(**conn_params)
        connection.silence = float(options.get("silence", Connection.silence))
        connection.answer_within = timeout
        return connection
