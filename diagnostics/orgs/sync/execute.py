"""One worker's run of a configuration sync: rate limits, time slices, and writes guarded by the lease."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any

from django.db import transaction

from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.documents.limits import RateLimit, describe_wait, wait_seconds
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.models import ConfigurationSync
from diagnostics.redaction.redactor import Redactor
from diagnostics.storage.clock import DATABASE_NOW

LEASE = timedelta(seconds=90)  # longer than any request can take
RENEW_SECONDS = 20.0
MAX_SLICE_SECONDS = 60.0  # per worker run, so that other work gets its turn
MAX_PART_SECONDS = 400.0  # for a part that can't be interrupted; below the task's time limit
DEFAULT_WAIT = 60  # seconds
CACHE_SIZE = 2_000


class WaitForOrg(Exception):
    """The org asked us to wait, or the rate limit is nearly used up. str() is the message for the user."""

    def __init__(self, seconds: int, sentence: str) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class SliceOver(Exception):
    """The time slice is used up. The next worker run continues from the stored progress."""


class SyncLost(Exception):
    """Another worker has the sync, or it was closed. Nothing more may be written."""


class SyncRun:
    """A worker's run of a sync. `progress` is saved in the same transaction as the data it describes."""

    def __init__(
        self, snapshot: ConfigurationSync, worker: str, genesys: GenesysClient, secrets: tuple[str, ...]
    ) -> None:
        self.snapshot, self.client, self.genesys = snapshot, snapshot.client, genesys
        self.progress: dict[str, Any] = dict(snapshot.progress)
        self.parts: list[dict[str, Any]] = list(snapshot.parts)
        self.permissions: dict[str, Any] = dict(snapshot.permissions)
        self._worker, self._secrets = worker, secrets
        self._redactor, self._known_token = Redactor(secrets), ""
        self._clean = lru_cache(CACHE_SIZE)(self._redactor.text)
        self._started = self._renewed = time.monotonic()

    @property
    def redactor(self) -> Redactor:
        """The redactor. It also masks this run's token once there is one."""
        issued = self.genesys.issued
        if issued is not None and issued.value != self._known_token:
            self._known_token = issued.value
            self._redactor = Redactor((*self._secrets, issued.value))
            self._clean = lru_cache(CACHE_SIZE)(self._redactor.text)
        return self._redactor

    def clean(self, text: str) -> str:
        """Redact a text. Cached, because deployments repeat the same texts."""
        _ = self.redactor
        return self._clean(text)

    def check_time(self, within: float = 0.0) -> None:
        """Raise SliceOver if the time slice, or `within` seconds, is used up. Renews the lease; raises SyncLost."""
        if time.monotonic() - self._started > (within or MAX_SLICE_SECONDS):
            raise SliceOver
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            if not self._mine().update(lease_until=DATABASE_NOW + LEASE):
                raise SyncLost
            self._renewed = time.monotonic()

    def get(self, path: str, **query: str | int) -> OrgResponse:
        """Send a GET request, cached for this run."""
        self.check_time(MAX_PART_SECONDS)
        return self.raise_if_rate_limited(self.genesys.get(path, **query))

    def raise_if_rate_limited(self, response: OrgResponse) -> OrgResponse:
        """Return the response. Raises WaitForOrg if it is a 429, or if nothing was sent to keep to the rate limit."""
        if response.status is None and response.error == "rate_limited_wait":
            wait = max(1, ceil(self.genesys.pace.wait_s))
            raise WaitForOrg(wait, f"Waiting for the org's rate limit, {describe_wait(wait)}.")
        if response.status == 429:
            seconds = wait_seconds(response, datetime.now(UTC))
            seconds = DEFAULT_WAIT if seconds is None else max(1, seconds)
            raise WaitForOrg(seconds, f"The org's rate limit is used up; it asks to wait {describe_wait(seconds)}.")
        return response

    def yield_to_runs(self, response: OrgResponse) -> None:
        """Raise WaitForOrg if the rate limit is nearly used up, to leave the rest to runs. Call this after saving."""
        limit = RateLimit.parse(response)
        if limit is not None and limit.is_low:
            seconds = min(max(1, limit.reset_s), 300)
            raise WaitForOrg(
                seconds,
                f"{limit.remaining} of {limit.allowed} calls per minute are left. The sync leaves them for runs.",
            )

    @contextmanager
    def saving(self) -> Iterator[None]:
        """A transaction that saves the progress with the data. Raises SyncLost if another worker has the sync."""
        with transaction.atomic():
            if not self._mine().select_for_update().exists():
                raise SyncLost
            yield
            self._mine().update(
                progress=self.progress,
                parts=self.parts,
                permissions=self.permissions,
                lease_until=DATABASE_NOW + LEASE,
            )
        self._renewed = time.monotonic()

    def end_part(self, part: str, state: str, code: str, sentence: str, items: int = 0) -> None:
        """Store the result of a part, replacing an earlier one. Call this within `saving`."""
        result = {"part": part, "state": state, "code": code, "sentence": sentence, "items": items}
        self.parts = [earlier for earlier in self.parts if earlier["part"] != part] + [result]

    def release(self, **values: Any) -> bool:
        """Release the sync with these field values. Returns False if another worker has it."""
        return bool(self._mine().update(lease_until=None, worker="", **values))

    def _mine(self) -> Any:
        return ConfigurationSync.objects.filter(
            pk=self.snapshot.pk, worker=self._worker, state=ConfigurationSync.State.READING
        )
