"""What reached the demo orgs: bounded in memory, complete about anything that could write."""

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
        """Reads, and the one POST that fetches a token."""
        return self.method in READS or (self.method == "POST" and self.target == "/oauth/token")


class RequestLog:
    """The newest requests, and every one that was neither a read nor a token request."""

    def __init__(self, kept: int = MOST_REQUESTS) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=kept)
        self._writes: deque[LoggedRequest] = deque(maxlen=kept)
        self._total = 0
        self._lock = threading.Lock()

    def add(self, request: LoggedRequest) -> None:
        with self._lock:
            self._total += 1
            self._requests.append(request)
            if not request.is_harmless:
                self._writes.append(request)

    @property
    def total(self) -> int:
        return self._total

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
            self._total = 0

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {
                "total": self._total,
                "writes": [asdict(request) for request in self._writes],
                "requests": [asdict(request) for request in self._requests],
            }
