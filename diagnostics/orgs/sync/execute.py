"""One take-up of a reading: asks the org at a background's pace, and writes only while the reading is still its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.checks.limits import wait_seconds
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.paging import rate_limit_in
from diagnostics.genesys.response import OrgResponse
from diagnostics.genesys.retry_after import describe_wait
from diagnostics.orgs.models import ConfigurationSync
from diagnostics.redaction.redactor import Redactor

LEASE = timedelta(seconds=90)  # longer than any one call with its time limits
RENEW_SECONDS = 20.0
SLICE_SECONDS = 60.0  # of one take-up: the queue's other work gets its turn
LONGEST_PART_SECONDS = 400.0  # of what is read in one go; below the task's own time limit
UNSAID_WAIT = 60
MOST_REMEMBERED = 2_000


class Wait(Exception):
    """The org said to wait, or there is too little room: go on from here then. str() is the sentence for the screen."""

    def __init__(self, seconds: int, sentence: str) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class SliceOver(Exception):
    """This take-up has had its time: go on from here with the next one."""


class LostReading(Exception):
    """Another worker has taken the reading up, or it was closed: nothing more may be written to it."""


class SyncRun:
    """`progress` is what the next take-up goes on from; it is stored with what was read, or not at all."""

    def __init__(
        self, snapshot: ConfigurationSync, worker: str, genesys: GenesysClient, secrets: tuple[str, ...]
    ) -> None:
        self.snapshot, self.client, self.genesys = snapshot, snapshot.client, genesys
        self.progress: dict[str, Any] = dict(snapshot.progress)
        self.parts: list[dict[str, Any]] = list(snapshot.parts)
        self.rights: dict[str, Any] = dict(snapshot.rights)
        self._worker, self._secrets = worker, secrets
        self._redactor, self._known_token = Redactor(secrets), ""
        self._clean = lru_cache(MOST_REMEMBERED)(self._redactor.text)
        self._began = self._renewed = time.monotonic()

    @property
    def redactor(self) -> Redactor:
        """Knows the token of this take-up as soon as there is one."""
        issued = self.genesys.issued
        if issued is not None and issued.value != self._known_token:
            self._known_token = issued.value
            self._redactor = Redactor((*self._secrets, issued.value))
            self._clean = lru_cache(MOST_REMEMBERED)(self._redactor.text)
        return self._redactor

    def clean(self, text: str) -> str:
        """A text redacted. Deployments repeat one another, and looking for secrets takes its time."""
        _ = self.redactor
        return self._clean(text)

    def before_asking(self, within: float = 0.0) -> None:
        """Raises SliceOver where the time is over: a slice, or what a part needs that cannot be broken off."""
        if time.monotonic() - self._began > (within or SLICE_SECONDS):
            raise SliceOver
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            if not self._mine().update(lease_until=timezone.now() + LEASE):
                raise LostReading
            self._renewed = time.monotonic()

    def get(self, path: str, **query: str | int) -> OrgResponse:
        """A fact of the org, read once in this take-up."""
        self.before_asking(LONGEST_PART_SECONDS)
        return self.heed(self.genesys.get(path, **query))

    def heed(self, answer: OrgResponse) -> OrgResponse:
        """The answer, if the org does not say to wait. Raises Wait."""
        if answer.status == 429:
            seconds = wait_seconds(answer, datetime.now(UTC))
            seconds = UNSAID_WAIT if seconds is None else max(1, seconds)
            raise Wait(seconds, f"The org's rate limit is exhausted; it said to wait {describe_wait(seconds)}.")
        return answer

    def leave_room(self, answer: OrgResponse) -> None:
        """After what was read is stored: leave the rest of the minute's calls to those who wait for a diagnosis."""
        room = rate_limit_in(answer)
        if room is not None and room.is_low:
            seconds = min(max(1, room.reset_s), 300)
            raise Wait(
                seconds, f"{room.remaining} of {room.allowed} calls a minute are left; the reading leaves them to runs."
            )

    @contextmanager
    def stored(self) -> Iterator[None]:
        """One transaction for what was read and for the progress that says so. Raises LostReading."""
        with transaction.atomic():
            if not self._mine().select_for_update().exists():
                raise LostReading
            yield
            self._mine().update(
                progress=self.progress, parts=self.parts, rights=self.rights, lease_until=timezone.now() + LEASE
            )
        self._renewed = time.monotonic()

    def end_part(self, part: str, state: str, code: str, sentence: str, items: int = 0) -> None:
        """Called within `stored`. A part read again replaces what was said of it before."""
        told = {"part": part, "state": state, "code": code, "sentence": sentence, "items": items}
        self.parts = [each for each in self.parts if each["part"] != part] + [told]

    def release(self, **values: Any) -> bool:
        """Let go of the reading, to be taken up again or closed. False where it was no longer ours."""
        return bool(self._mine().update(lease_until=None, worker="", **values))

    def _mine(self) -> Any:
        return ConfigurationSync.objects.filter(
            pk=self.snapshot.pk, worker=self._worker, state=ConfigurationSync.State.READING
        )
