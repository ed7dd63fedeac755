"""An org that answers from the stored exchanges of a run. It cannot send anything."""

import contextlib
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from urllib.parse import urlsplit

from requests.auth import AuthBase

from diagnostics.genesys.client import MOST_CALLS, GenesysClient, Lane
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse, TokenResult, response_from
from diagnostics.redaction.redactor import CUT, Redactor

NOT_STORED = "not_kept"
MASKED_TOKEN = "[masked]"  # noqa: S105  (what is stored in place of one)
_current_check: ContextVar[str] = ContextVar("current_check", default="")


class StoredOrg(GenesysClient):
    """A Genesys client that answers from stored exchanges by method, path and query; hosts may have changed since.

    A request that the run did not send gets the error `not_kept`. `missing_paths` and `partial_paths` list, by check
    ID, the paths with no stored response and those of which only a part is stored.
    """

    def __init__(self, region: Region, exchanges: Iterable[HttpExchange], *, bodies_dropped: bool = False) -> None:
        stored = sorted(exchanges, key=lambda exchange: exchange.started_at)
        # A run that reused a kept token did not start with a token request.
        has_token = bodies_dropped or (
            bool(stored) and not _key(stored[0].method, stored[0].url)[1].endswith("/oauth/token")
        )
        super().__init__(region, "", "", saved_token=MASKED_TOKEN if has_token else "")
        self._stored: dict[tuple[str, str], deque[HttpExchange]] = defaultdict(deque)
        for exchange in stored:
            self._stored[_key(exchange.method, exchange.url)].append(exchange)
        self._was_full = len(stored) >= MOST_CALLS
        self._rate_limit = next((exchange for exchange in stored if exchange.status == 429), None)
        self._bodies_dropped = bodies_dropped
        self.missing_paths: dict[str, set[str]] = defaultdict(set)
        self.partial_paths: dict[str, set[str]] = defaultdict(set)

    @property
    def has_live_start(self) -> bool:
        return any(method == "POST" and path.endswith("/cobrowse") for method, path in self._stored)

    @contextlib.contextmanager
    def lane(self, lane: Lane) -> Iterator[None]:
        before = _current_check.set(lane.check_id)
        try:
            with super().lane(lane):
                yield
        finally:
            _current_check.reset(before)

    def token(self) -> TokenResult:
        token = super().token()
        if token.response is not None and token.response.error == NOT_STORED:
            self.missing_paths[_current_check.get()].add("/oauth/token")
        elif self._bodies_dropped:
            self.partial_paths[_current_check.get()].add("/oauth/token")
        return token

    def get(self, path: str, **query: str | int) -> OrgResponse:
        response = super().get(path, **query)
        if response.error == NOT_STORED:
            self.missing_paths[_current_check.get()].add(path)
        elif self._bodies_dropped or (
            response.exchange and response.data is not None and CUT.search(response.exchange.body)
        ):
            self.partial_paths[_current_check.get()].add(path)
        return response

    def _send(
        self, method: str, url: str, *, auth: AuthBase, data: dict[str, str] | None = None, record: bool = True
    ) -> OrgResponse:
        """Each stored response once, in order; the last one is repeated, since it is the newest state."""
        stored = self._stored.get(_key(method, Redactor().url(url)))
        if not stored:
            if self._rate_limit is not None:
                return replace(response_from(self._rate_limit), error="rate_limited_wait")
            return OrgResponse(None, error="over_budget" if self._was_full else NOT_STORED)
        exchange = stored.popleft() if len(stored) > 1 else stored[0]
        response = response_from(exchange)
        self._responses.append(response)
        return response


def _key(method: str, url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return method, f"{parts.path}?{parts.query}" if parts.query else parts.path
