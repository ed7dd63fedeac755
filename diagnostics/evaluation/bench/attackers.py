"""Slow clients that try to block the web server: slow headers, slow bodies, and responses that are read slowly."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

HEADERS, BODIES, READERS = 300, 64, 60
STEP_SECONDS = 1.0  # interval at which each attacker sends a byte or reads a little
SIP = 256  # bytes that a slow reader reads at a time
CSRF = "a" * 32
FORM = (
    f"Host: localhost\r\nCookie: csrftoken={CSRF}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 90000\r\n\r\nlogin=a"
)
SLOW_HEADER = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = f"POST /login/ HTTP/1.1\r\n{FORM}".encode()


@dataclass
class Attacker:
    """One connection, reopened whenever the server closes it."""

    opening: bytes
    reads: bool = False
    connection: socket.socket | None = None
    status: int = 0  # of the last response, if `reads`
    waits_until: float = 0.0

    def step(self, port: int) -> None:
        now = time.monotonic()
        if now < self.waits_until:
            return
        try:
            if self.connection is None:
                self._connect(port)
            elif self.reads:
                self._read(self.connection, now)
            else:
                self.connection.send(b"a")
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def _connect(self, port: int) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        self.connection = connection
        connection.connect(("127.0.0.1", port))
        connection.sendall(self.opening)
        connection.setblocking(False)

    def _read(self, connection: socket.socket, now: float) -> None:
        found = connection.recv(SIP if self.status == 200 else 4096)
        if not found:
            raise ConnectionError
        if self.status == 0 and found.startswith(b"HTTP/1.1 "):
            self.status = int(found[9:12])
            if self.status != 200:  # honors Retry-After
                wait = re.search(rb"(?i)\r\nretry-after: (\d+)", found)
                self.close()
                self.waits_until = now + int(wait[1] if wait else 1)

    def close(self) -> None:
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.close()
        self.connection, self.status = None, 0


@dataclass
class Attack:
    """All attackers, run by one thread."""

    port: int
    attackers: list[Attacker]
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.is_over.is_set():
            for attacker in self.attackers:
                attacker.step(self.port)
                time.sleep(STEP_SECONDS / len(self.attackers))
        for attacker in self.attackers:
            attacker.close()

    @property
    def connected(self) -> int:
        return sum(attacker.connection is not None for attacker in self.attackers)

    @property
    def reading(self) -> int:
        return sum(attacker.status == 200 for attacker in self.attackers)


@contextmanager
def attack(port: int, export: str, sessions: Sequence[str]) -> Iterator[Attack]:
    """`export` is the path that slow readers request, using the `sessions` in turn."""
    attackers = [Attacker(SLOW_HEADER) for _ in range(HEADERS)] + [Attacker(SLOW_BODY) for _ in range(BODIES)]
    for number in range(READERS):
        cookie = f"sessionid={sessions[number % len(sessions)]}"
        opening = f"GET {export} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
        attackers.append(Attacker(opening.encode(), reads=True))
    attackers.sort(
        key=lambda attacker: not attacker.reads
    )  # readers first, so that they request their exports together
    running = Attack(port, attackers)
    thread = threading.Thread(target=running.run, name="attack", daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.is_over.set()
        thread.join(60)
