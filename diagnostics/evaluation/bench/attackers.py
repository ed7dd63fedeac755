"""Clients that try to hold the web server: requests that hardly arrive, and responses that nobody reads."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

HEADERS, BODIES, READERS = 300, 64, 60
STEP_SECONDS = 1.0  # each attacker sends a byte, or reads a little, that often
SIP = 256  # bytes that a slow reader takes at a time
CSRF = "a" * 32
FORM = (
    f"Host: localhost\r\nCookie: csrftoken={CSRF}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 90000\r\n\r\nlogin=a"
)
SLOW_HEADER = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = f"POST /login/ HTTP/1.1\r\n{FORM}".encode()


@dataclass
class Attacker:
    """One connection, made again whenever the server has ended it."""

    opening: bytes
    reads: bool = False
    connection: socket.socket | None = None
    status: int = 0  # of the last answer, where it reads
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
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(5)
        self.connection = made
        made.connect(("127.0.0.1", port))
        made.sendall(self.opening)
        made.setblocking(False)

    def _read(self, connection: socket.socket, now: float) -> None:
        found = connection.recv(SIP if self.status == 200 else 4096)
        if not found:
            raise ConnectionError
        if self.status == 0 and found.startswith(b"HTTP/1.1 "):
            self.status = int(found[9:12])
            if self.status != 200:  # a client that was asked to wait does so
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
    """All attackers, stepped by one thread."""

    port: int
    attackers: list[Attacker]
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.is_over.is_set():
            for each in self.attackers:
                each.step(self.port)
                time.sleep(STEP_SECONDS / len(self.attackers))
        for each in self.attackers:
            each.close()

    @property
    def connected(self) -> int:
        return sum(each.connection is not None for each in self.attackers)

    @property
    def reading(self) -> int:
        return sum(each.status == 200 for each in self.attackers)


@contextmanager
def attack(port: int, export: str, sessions: Sequence[str]) -> Iterator[Attack]:
    """`export` is the address that slow readers ask for, each with one of the `sessions` in turn."""
    attackers = [Attacker(SLOW_HEADER) for _ in range(HEADERS)] + [Attacker(SLOW_BODY) for _ in range(BODIES)]
    for number in range(READERS):
        cookie = f"sessionid={sessions[number % len(sessions)]}"
        opening = f"GET {export} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
        attackers.append(Attacker(opening.encode(), reads=True))
    attackers.sort(key=lambda each: not each.reads)  # exports are asked for first, and all at once
    made = Attack(port, attackers)
    thread = threading.Thread(target=made.run, name="attack", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.is_over.set()
        thread.join(60)
