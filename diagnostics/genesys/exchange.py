"""One HTTP request the product sent, and its answer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HttpExchange:
    """Unredacted until `redact.exchange` has seen it: never store or show one that has not passed there.

    `ms` is wall time from sending to the last byte read. `status` is None when no answer came; `error` then says
    why in one word: timeout, dns, tls, refused, unreachable, reset, proxy, too_large, redirect, garbled.
    """

    method: str
    url: str
    started_at: datetime
    ms: float
    status: int | None = None
    request_headers: Headers = field(default=(), repr=False)
    response_headers: Headers = ()
    body: str = field(default="", repr=False)
    correlation_id: str = ""
    error: str = ""
    check_id: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the JSON of the command line and of a run's page shows it."""
        return {
            "check": self.check_id,
            "method": self.method,
            "url": self.url,
            "status": self.status,
            "ms": round(self.ms, 1),
            "started_at": self.started_at.isoformat(),
            "correlation_id": self.correlation_id,
            "request_headers": [list(pair) for pair in self.request_headers],
            "response_headers": [list(pair) for pair in self.response_headers],
            "body": self.body,
            "error": self.error,
        }
