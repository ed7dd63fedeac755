"""The log of requests to the demo orgs, in memory and of limited size. Tests use it to prove that nothing was written."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

MOST_REQUESTS = 20_000
READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class LoggedRequest:
    org: str
    method: str
    target: str
    status: int
    client_id: str = ""

    @property
    def is_harmless(self) -> bool:
        """True for reads, and for the POST that gets a token."""
        return self.method in READS or (self.method == "POST" and self.target == "/oauth/token")


class RequestLog:
    """The latest requests, and separately the latest that were neither reads nor token requests."""

    def __init__(self, size: int = MOST_REQUESTS) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=size)
        self._writes: deque[LoggedRequest] = deque(maxlen=size)
        self.total = 0
        self._lock = threading.Lock()

    def add(self, request: LoggedRequest) -> None:
        with self._lock:
            self.total += 1
            self._requests.append(request)
            if not request.is_harmless:
                self._writes.append(request)

    @property
    def requests(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._requests)

    @property
    def writes(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._writes)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
            self._writes.clear()
            self.total = 0

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {
                "total": self.total,
                "writes": [asdict(request) for request in self._writes],
                "requests": [asdict(request) for request in self._requests],
            }
