"""Counts attempts to sign in, and says how long to wait for the next one. Nobody is ever locked out.

Each attempt counts for its account together with where it comes from: the address, or the browser if its owner has
signed in with it before. So nobody can slow down somebody else elsewhere. Guessing from many addresses makes every
unknown browser wait before its first attempt; guessing many names from one address slows down that address.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache import cache
from django.db import connection, transaction

FREE_ATTEMPTS = 5  # with one account from one place; then each wait is twice the last
LONGEST_WAIT = 300
PAIR_SECONDS = 30 * 60
FREE_NAMES = 20  # attempts from one address, with whatever names
LONGEST_ADDRESS_WAIT = 60
ADDRESS_SECONDS = 10 * 60
FREE_FOR_ACCOUNT = 20  # attempts with one account from all unknown places
LONGEST_FIRST_WAIT = 60
ACCOUNT_SECONDS = 60 * 60
# A one-time code has six digits: from unknown browsers all attempts of an account together are limited.
CODES_FOR_ACCOUNT = 10


class Attempt:
    """One attempt, counted as failed from the beginning, so that several at once can't share the last free one."""

    def __init__(self, account: str, address: str, browser: str = "") -> None:
        self._account = _key("account", account)
        self._address = _key("address", truncate_ip(address))
        self._pair = _key("pair", account, f"browser {browser}" if browser else f"address {truncate_ip(address)}")
        self._is_known = bool(browser)
        self._waits_until = 0.0  # of the address, before this attempt

    def begin(self, *, is_code: bool = False) -> int:
        """Seconds to wait; 0 if the attempt may be made now, and is counted."""
        now = time.time()
        with _alone(self._pair, *([] if self._is_known else [self._account, self._address])):
            failed, not_before = cache.get(self._pair, (0, 0.0))
            all_failed = 0 if self._is_known else cache.get(self._account, 0)
            names, address_not_before = (0, 0.0) if self._is_known else cache.get(self._address, (0, 0.0))
            if not failed and not not_before and (first := _growing(all_failed, FREE_FOR_ACCOUNT, LONGEST_FIRST_WAIT)):
                cache.set(self._pair, (0, now + first), PAIR_SECONDS)
                return first
            wait = max(not_before, address_not_before) - now
            if wait > 0:
                return int(wait) + 1
            if is_code and all_failed >= CODES_FOR_ACCOUNT:
                return LONGEST_WAIT
            failed += 1
            cache.set(self._pair, (failed, now + _growing(failed, FREE_ATTEMPTS, LONGEST_WAIT)), PAIR_SECONDS)
            if not self._is_known:
                self._waits_until = address_not_before
                names += 1
                until = now + _growing(names, FREE_NAMES, LONGEST_ADDRESS_WAIT)
                cache.set(self._address, (names, until), ADDRESS_SECONDS)
                cache.set(self._account, all_failed + 1, ACCOUNT_SECONDS)
        return 0

    def succeed(self) -> None:
        """Takes this attempt out of the counts. Those that failed before go on counting for the address and account."""
        with _alone(self._pair, *([] if self._is_known else [self._account, self._address])):
            cache.delete(self._pair)
            if not self._is_known:
                names, _ = cache.get(self._address, (1, 0.0))
                cache.set(self._address, (max(names - 1, 0), self._waits_until), ADDRESS_SECONDS)
                cache.set(self._account, max(cache.get(self._account, 1) - 1, 0), ACCOUNT_SECONDS)


def _growing(count: int, free: int, longest: int) -> int:
    return 0 if count < free else min(2 ** min(count - free + 1, 12), longest)


def _key(*words: str) -> str:
    return f"sign-in:{sha256(chr(0).join(words).encode('utf-8', 'replace')).hexdigest()}"


@contextmanager
def _alone(*keys: str) -> Iterator[None]:
    """One at a time for each key, across processes. Always in the same order, so two can't wait for each other."""
    with transaction.atomic(), connection.cursor() as cursor:
        for number in sorted(int(sha256(key.encode()).hexdigest()[:15], 16) for key in keys):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        yield
