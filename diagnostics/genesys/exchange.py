"""One HTTP request that the product sent, and its response."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HttpExchange:
    """Contains secrets: pass it through `Redactor.exchange` before you store or show it.

    `ms` is the wall time from sending to the last byte. `status` is None if there was no response; `error` then is one
    of timeout, dns, tls, refused, unreachable, reset, proxy, too_large, redirect, garbled.
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
        """The JSON that the command line and the run's page show."""
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
