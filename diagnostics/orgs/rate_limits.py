"""Keeps to the rate limit of each org and client: one row, shared by all workers, counts the requests and says who waits.

See decisions/rate-limits.md. Times are those of the database, so workers whose clocks differ agree.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self
from uuid import uuid4

from django.db import OperationalError, connection, transaction
from django.db.models import DateTimeField, Exists, Func, OuterRef, QuerySet

from diagnostics.genesys.documents.limits import DEFAULT_RESET_S, RateLimit, wait_seconds
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.pace import Pace
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.models import ClientRateLimit, OAuthClient

AT_ONCE = 14  # requests reserved at a time: the most that a diagnosis sends
PEOPLE_SHARE = 5  # one fifth of the limit is left for runs that people start
WINDOW = timedelta(seconds=DEFAULT_RESET_S)  # if no response says when the count is reset; the limits are per minute
RESOLUTION = timedelta(seconds=1)  # of the reset header
PROBE = timedelta(seconds=12)  # until another run may try, if the first one doesn't report
MOST_WAITING_S = 180.0  # within a run; the official SDKs give up at a longer Retry-After, too
MOST_OWN_WAIT_S = 1800.0  # for a limit that we have used up ourselves
MOST_WAITS = 10  # then it isn't the limit of the client, whatever the responses say
POLL_S = 5.0

log = logging.getLogger(__name__)


class _DatabaseTime(Func):
    function = "clock_timestamp"
    output_field = DateTimeField()


@dataclass(frozen=True)
class _Note:
    """One request. `at` is the monotonic time of its response, and `refused_s` the wait that a 429 asks for.

    `is_accepted` is about the limit of the API, so it is false for token requests.
    """

    at: float
    limit: RateLimit | None
    is_accepted: bool
    refused_s: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A 429. `is_own_load` is true if our own requests have used up the limit."""

    wait_s: int
    is_own_load: bool

    def is_waited_for(self, waits: int) -> bool:
        """Whether a run that has waited for `waits` 429s so far waits for this one, too.

        Our own load never leads to a verdict. A limit that others have used up is waited for once, unless that takes long.
        """
        if self.is_own_load:
            return waits < MOST_WAITS and self.wait_s <= MOST_OWN_WAIT_S
        return waits < 1 and self.wait_s <= MOST_WAITING_S


class ClientPace(Pace):
    """The pace of one run or sync. Use it as a context manager in the thread that creates it.

    `patience_s` is how long its requests may wait in all. `refusal` is the first 429, once it is reported.
    """

    def __init__(self, client: OAuthClient, *, is_background: bool, patience_s: float = MOST_WAITING_S) -> None:
        self._key = {"region": client.region, "client_id": client.client_id}
        self._is_background, self._patience_s = is_background, patience_s
        self._name = uuid4().hex
        self._owner = threading.current_thread()
        self._lock, self._notes_lock = threading.Lock(), threading.Lock()
        self._notes: list[_Note] = []
        self._left = self._granted = 0  # requests that may still be sent, and those that the row counts as reserved
        self._window = datetime.min.replace(tzinfo=UTC)  # in which they were granted
        self._valid_until = 0.0
        self._is_probe = False
        self._is_refused = False
        self.refusal: Refusal | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.finish()

    def start(self) -> float:
        """Reserve requests. Returns 0, or the seconds after which it makes sense to try again."""
        with self._lock:
            return 0.0 if self._left else self._reserve()

    @property
    def may_speculate(self) -> bool:
        return not self._is_probe

    def may_send(self) -> bool:
        with self._lock:
            if self._is_probe and threading.current_thread() is self._owner and self._has_news():
                self._settle()
            while not self._take():
                try:
                    self.wait_s = self._reserve()
                except OperationalError:  # the database is down
                    self.wait_s = POLL_S
                if self.wait_s and self.waited_s + self.wait_s > self._patience_s:
                    return False
                pause = min(self.wait_s, POLL_S)
                time.sleep(pause)
                self.waited_s += pause
            return True

    def note(self, exchange: HttpExchange) -> None:
        response = OrgResponse(exchange)
        refused_s = None
        if exchange.status == 429:
            self._is_refused = True
            asked_s = wait_seconds(response, _sent_at(response))
            refused_s = DEFAULT_RESET_S if asked_s is None else asked_s
        is_accepted = exchange.method == "GET" and exchange.status is not None and exchange.status != 429
        note = _Note(time.monotonic(), RateLimit.parse(response), is_accepted, refused_s)
        with self._notes_lock:
            self._notes.append(note)

    def report(self) -> None:
        """Share what is known at once if others wait for it. Otherwise `finish` is early enough."""
        if (self._is_probe or self._is_refused) and self._has_news():
            self._settle_safely()

    def finish(self) -> None:
        """Return the requests that weren't sent."""
        if self._granted or self._notes:
            self._settle_safely(ends=True)

    def _settle_safely(self, *, ends: bool = False) -> None:
        """What can't be stored is forgotten with the window."""
        try:
            with self._lock:
                self._settle(ends=ends)
        except OperationalError:
            log.warning("the requests to an org could not be counted: the database does not answer")
            connection.close()

    def _take(self) -> bool:
        if not self._left or time.monotonic() >= self._valid_until:
            return False
        self._left -= 1
        return True

    def _has_news(self) -> bool:
        with self._notes_lock:
            return any(note.limit is not None or note.refused_s is not None for note in self._notes)

    def _reserve(self) -> float:
        with self._changed_row() as (row, now):
            self._report_to(row, now, returned=self._left)
            self._left, wait = reserve(row, now, self._name, is_background=self._is_background)
            self._granted += self._left
            self._window = row.window_started_at
        self._is_probe = row.held_by == self._name
        self._valid_until = time.monotonic() + (end_of(row) - now).total_seconds()
        return wait

    def _settle(self, *, ends: bool = False) -> None:
        with self._changed_row() as (row, now):
            self._report_to(row, now, returned=self._granted if ends else 0)
            if row.held_by == self._name and (ends or not needs_probe(row)):
                row.held_by, row.held_until = "", None
        self._is_probe = row.held_by == self._name
        self._left = 0 if ends else self._left

    def _report_to(self, row: ClientRateLimit, now: datetime, *, returned: int) -> None:
        with self._notes_lock:
            notes, self._notes = self._notes, []
        roll(row, now)
        if row.window_started_at != self._window:
            self._granted = 0  # the row has forgotten them
        done = min(self._granted, len(notes) + returned)
        self._granted -= done
        row.reserved = max(0, row.reserved - done)
        row.sent += len(notes)
        if notes:
            row.recent = [*_recent(row, now), [now.timestamp(), len(notes)]]
        for note in notes:
            at = now - timedelta(seconds=time.monotonic() - note.at)
            if note.limit is None:
                row.uncounted += 1
            else:
                see(row, at, note.limit)
            if note.refused_s is not None:
                self.refusal = self.refusal or Refusal(note.refused_s, is_own_load(row, at))
                row.refusals = min(row.refusals + 1, 30_000)
                row.blocked_until = max(row.blocked_until or now, at + timedelta(seconds=note.refused_s))
            elif note.is_accepted:
                row.refusals, row.accepted_at = 0, at

    @contextmanager
    def _changed_row(self) -> Iterator[tuple[ClientRateLimit, datetime]]:
        """The locked row and the database's time. It is saved at the end of the block."""
        try:
            with transaction.atomic():
                rows: QuerySet[Any] = ClientRateLimit.objects.select_for_update().annotate(now=_DatabaseTime())
                row = rows.filter(**self._key).first()
                if row is None:
                    ClientRateLimit.objects.bulk_create([ClientRateLimit(**self._key)], ignore_conflicts=True)
                    row = rows.get(**self._key)
                yield row, row.now
                row.people_at = _opens_at(row, row.now, is_background=False)
                row.background_at = _opens_at(row, row.now, is_background=True)
                row.is_contended = row.is_contended or row.background_at is not None
                row.save()
        finally:
            if threading.current_thread() is not self._owner:
                connection.close()


def roll(row: ClientRateLimit, now: datetime) -> None:
    """Begin a new window if the last one is over."""
    if now >= end_of(row):
        row.used = row.uncounted = row.reserved = row.sent = 0
        row.window_started_at, row.window_ends_at = now, None


def end_of(row: ClientRateLimit) -> datetime:
    return row.window_ends_at or row.window_started_at + WINDOW


def see(row: ClientRateLimit, at: datetime, limit: RateLimit) -> None:
    """Take over the headers of a response that arrived at that time. Resources differ, so the lowest limit counts.

    The count is reset within `RESOLUTION` after the reset header's seconds. A later end belongs to a newer window.
    """
    end = at + timedelta(seconds=limit.reset_s) + RESOLUTION
    row.window_s = max(row.window_s or 0, limit.reset_s)
    if row.window_ends_at is None:
        if at < row.window_started_at:
            return  # of the window before
        is_newer = True
    elif end < row.window_ends_at - RESOLUTION:
        return
    else:
        is_newer = end > row.window_ends_at + RESOLUTION
    if is_newer:
        row.used, row.allowed, row.window_ends_at = limit.used, limit.allowed, end
        row.uncounted = 0
    else:
        row.used = max(row.used, limit.used)
        row.allowed = min(row.allowed or limit.allowed, limit.allowed)
        row.window_ends_at = min(row.window_ends_at or end, end)


def needs_probe(row: ClientRateLimit) -> bool:
    """True while no header was seen, and after a 429 until a request is accepted: then one run at a time sends."""
    return row.allowed is None or row.refusals > 0


def reserve(row: ClientRateLimit, now: datetime, name: str, *, is_background: bool) -> tuple[int, float]:
    """Reserve up to AT_ONCE requests for a run. Returns how many, and if none, the seconds to wait."""
    roll(row, now)
    if wait := wait_of(row, now, name, is_background=is_background):
        return 0, wait
    granted = AT_ONCE if row.allowed is None else max(1, min(AT_ONCE, _free(row, now, is_background=is_background)))
    row.reserved += granted
    if needs_probe(row):
        row.held_by, row.held_until = name, now + PROBE
    return granted, 0.0


def wait_of(row: ClientRateLimit, now: datetime, name: str = "", *, is_background: bool) -> float:
    """The seconds until a run of that name may send, 0.0 for now."""
    if row.blocked_until is not None and row.blocked_until > now:
        return (row.blocked_until - now).total_seconds()
    is_held = row.held_until is not None and row.held_until > now and row.held_by != name
    if is_held and needs_probe(row) and row.held_until is not None:
        return (row.held_until - now).total_seconds()
    if row.allowed is None:
        return 0.0
    limit = _limit(row, is_background=is_background)
    most = limit - min(AT_ONCE, limit)  # that may be used so that a run can start
    now_used = 0 if now >= end_of(row) else row.used + row.uncounted + row.reserved
    if now_used > most:
        return (end_of(row) - now).total_seconds()
    return _sliding_wait(row, now, most - now_used)


def _sliding_wait(row: ClientRateLimit, now: datetime, most: int) -> float:
    """The seconds until at most so many of our requests before this window are within the length of a window."""
    earlier, wait = _earlier(row, now), 0.0
    count = sum(count for _, count in earlier)
    for at, sent in earlier:
        if count <= most:
            break
        count -= sent
        wait = at + _length(row) - now.timestamp()
    return max(0.0, wait)


def _earlier(row: ClientRateLimit, now: datetime) -> list[list[float]]:
    """Our requests before this window. Those in it are counted by the org."""
    if now >= end_of(row):
        return _recent(row, now)
    began_at = (end_of(row) - RESOLUTION).timestamp() - _length(row)
    return [entry for entry in _recent(row, now) if entry[0] < began_at]


def _recent(row: ClientRateLimit, now: datetime) -> list[list[float]]:
    return [entry for entry in row.recent if entry[0] > now.timestamp() - _length(row)]


def _length(row: ClientRateLimit) -> float:
    return row.window_s or WINDOW.total_seconds()


def _opens_at(row: ClientRateLimit, now: datetime, *, is_background: bool) -> datetime | None:
    wait = wait_of(row, now, is_background=is_background)
    return now + timedelta(seconds=wait) if wait else None


def _limit(row: ClientRateLimit, *, is_background: bool) -> int:
    allowed = row.allowed or 0
    return max(1, allowed - -(-allowed // PEOPLE_SHARE) if is_background else allowed)


def _free(row: ClientRateLimit, now: datetime, *, is_background: bool) -> int:
    used = row.used + row.uncounted + row.reserved + int(sum(count for _, count in _earlier(row, now)))
    return _limit(row, is_background=is_background) - used


def is_own_load(row: ClientRateLimit, at: datetime) -> bool:
    """Whether a 429 at that time is due to our own requests, by the org's count or, without one, by what it accepted."""
    if row.accepted_at is None or at - row.accepted_at > WINDOW:
        return False
    return row.allowed is None or not row.used or 2 * row.sent >= row.used


def _sent_at(response: OrgResponse) -> datetime:
    """The time by the clock of the org, to which a Retry-After date refers."""
    try:
        date = parsedate_to_datetime(response.header("Date"))
    except (TypeError, ValueError, IndexError, OverflowError):
        return datetime.now(UTC)
    return date if date.tzinfo else date.replace(tzinfo=UTC)


# ---------------------------------------------------------------------- who waits


def wait_of_client(client: OAuthClient, *, is_background: bool) -> float:
    """The seconds until the next run of the client may start, 0.0 if it needn't wait for the rate limit."""
    rows: QuerySet[Any] = ClientRateLimit.objects.filter(region=client.region, client_id=client.client_id)
    row = rows.annotate(now=_DatabaseTime()).first()
    if row is None:
        return 0.0
    opens_at = row.background_at if is_background else row.people_at
    return max(0.0, (opens_at - row.now).total_seconds()) if opens_at else 0.0


def waits_for_org(now: datetime, *, is_background: bool, prefix: str = "client__") -> Exists:
    """A condition for rows whose client has to wait for its org's rate limit."""
    at = {"background_at__gt" if is_background else "people_at__gt": now}
    key = {"region": OuterRef(f"{prefix}region"), "client_id": OuterRef(f"{prefix}client_id")}
    return Exists(ClientRateLimit.objects.filter(**key, **at))
