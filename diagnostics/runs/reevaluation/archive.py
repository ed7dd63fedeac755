"""An org that answers from what an old run was answered. Nothing is sent: there is no way out of it."""

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
_asker: ContextVar[str] = ContextVar("asker", default="")


class StoredOrg(GenesysClient):
    """The same questions, answered from stored exchanges by method, path and query; hosts may have changed since.

    What was not asked then is answered with the trouble `not_kept`. An answer of which only a part is stored is
    given, and remembered: `asked_in_vain` and `read_in_part` say which check met such.
    """

    def __init__(self, region: Region, exchanges: Iterable[HttpExchange], *, bodies_dropped: bool = False) -> None:
        told = sorted(exchanges, key=lambda each: each.started_at)
        has_token = bodies_dropped or _began_with_stored_token(told)
        super().__init__(region, "", "", saved_token=MASKED_TOKEN if has_token else "")
        self._told: dict[tuple[str, str], deque[HttpExchange]] = defaultdict(deque)
        for each in told:
            self._told[_key(each.method, each.url)].append(each)
        self._was_full = len(told) >= MOST_CALLS
        self._said_to_wait = next((each for each in told if each.status == 429), None)
        self._bodies_dropped = bodies_dropped
        self.asked_in_vain: dict[str, set[str]] = defaultdict(set)
        self.read_in_part: dict[str, set[str]] = defaultdict(set)

    @property
    def holds_a_start(self) -> bool:
        return any(method == "POST" and path.endswith("/cobrowse") for method, path in self._told)

    @contextlib.contextmanager
    def lane(self, lane: Lane) -> Iterator[None]:
        before = _asker.set(lane.check_id)
        try:
            with super().lane(lane):
                yield
        finally:
            _asker.reset(before)

    def token(self) -> TokenResult:
        token = super().token()
        if token.response is not None and token.response.error == NOT_STORED:
            self.asked_in_vain[_asker.get()].add("/oauth/token")
        elif self._bodies_dropped:
            self.read_in_part[_asker.get()].add("/oauth/token")
        return token

    def get(self, path: str, **query: str | int) -> OrgResponse:
        answer = super().get(path, **query)
        if answer.error == NOT_STORED:
            self.asked_in_vain[_asker.get()].add(path)
        elif self._is_partial(answer):
            self.read_in_part[_asker.get()].add(path)
        return answer

    def _is_partial(self, answer: OrgResponse) -> bool:
        if self._bodies_dropped:
            return True
        return answer.exchange is not None and answer.data is not None and bool(CUT.search(answer.exchange.body))

    def _send(
        self, method: str, url: str, *, auth: AuthBase, data: dict[str, str] | None = None, record: bool = True
    ) -> OrgResponse:
        """Each stored answer once, in their order; the last one stays, as a fact would."""
        told = self._told.get(_key(method, Redactor().url(url)))
        if not told:
            return self._not_told()
        exchange = told.popleft() if len(told) > 1 else told[0]
        answer = response_from(exchange)
        self._responses.append(answer)
        return answer

    def _not_told(self) -> OrgResponse:
        if self._said_to_wait is not None:
            return replace(response_from(self._said_to_wait), error="rate_limited_wait")
        return OrgResponse(None, error="over_budget" if self._was_full else NOT_STORED)


def _began_with_stored_token(told: list[HttpExchange]) -> bool:
    return bool(told) and not _is_token_request(told[0])


def _is_token_request(exchange: HttpExchange) -> bool:
    return exchange.method == "POST" and urlsplit(exchange.url).path.endswith("/oauth/token")


def _key(method: str, url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return method, f"{parts.path}?{parts.query}" if parts.query else parts.path
