"""One HTTP request the product sent, and its answer."""

from dataclasses import dataclass, field
from datetime import datetime

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """Unredacted until `redact.exchange` has seen it: never store or show one that has not passed there.

    `ms` is wall time from sending to the last byte read. `status` is None when no answer came; `error` then says
    why in one word: timeout, dns, tls, refused, reset, proxy, too_large, redirect, garbled.
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
