"""Counts sign-in attempts and computes the wait before the next one. Nobody is locked out.

An attempt counts for the pair of account and source: the browser if it is known for the account, else the address. So
nobody can slow down the owner's browser. Guessing one account from many addresses makes every unknown browser wait before
its first attempt; guessing many accounts from one address slows down that address.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from allauth.core.internal.ratelimit import truncate_ip
from django.core.cache import cache
from django.db import transaction

from diagnostics.storage.locks import lock_until_commit

FREE_ATTEMPTS = 5  # per account and source; then each wait is twice the last
LONGEST_WAIT = 300
PAIR_SECONDS = 30 * 60
FREE_NAMES = 20  # attempts per address, for all accounts
LONGEST_ADDRESS_WAIT = 60
ADDRESS_SECONDS = 10 * 60
FREE_FOR_ACCOUNT = 20  # attempts per account from all unknown sources
LONGEST_FIRST_WAIT = 60
ACCOUNT_SECONDS = 60 * 60
# A one-time code has only six digits, so attempts per account from all unknown browsers are limited.
CODES_FOR_ACCOUNT = 10


class Attempt:
    """A sign-in attempt. It counts as failed until it succeeds, so that concurrent attempts can't share the last free one."""

    def __init__(self, account: str, address: str, browser: str = "") -> None:
        self._account = _key("account", account)
        self._address = _key("address", truncate_ip(address))
        self._pair = _key("pair", account, f"browser {browser}" if browser else f"address {truncate_ip(address)}")
        self._is_known = bool(browser)
        self._waits_until = 0.0  # the address's wait before this attempt

    def begin(self, *, is_code: bool = False) -> int:
        """Return the seconds to wait, or count the attempt and return 0."""
        now = time.time()
        with _locked(self._pair, *([] if self._is_known else [self._account, self._address])):
            failed, not_before = cache.get(self._pair, (0, 0.0))
            all_failed = 0 if self._is_known else cache.get(self._account, 0)
            names, address_not_before = (0, 0.0) if self._is_known else cache.get(self._address, (0, 0.0))
            first = _wait_after(all_failed, FREE_FOR_ACCOUNT, LONGEST_FIRST_WAIT)
            if first and not failed and not not_before:
                cache.set(self._pair, (0, now + first), PAIR_SECONDS)
                return first
            wait = max(not_before, address_not_before) - now
            if wait > 0:
                return int(wait) + 1
            if is_code and all_failed >= CODES_FOR_ACCOUNT:
                return LONGEST_WAIT
            failed += 1
            cache.set(self._pair, (failed, now + _wait_after(failed, FREE_ATTEMPTS, LONGEST_WAIT)), PAIR_SECONDS)
            if not self._is_known:
                self._waits_until = address_not_before
                names += 1
                until = now + _wait_after(names, FREE_NAMES, LONGEST_ADDRESS_WAIT)
                cache.set(self._address, (names, until), ADDRESS_SECONDS)
                cache.set(self._account, all_failed + 1, ACCOUNT_SECONDS)
        return 0

    def succeed(self) -> None:
        """Take this attempt out of the counts. Earlier failures still count for the address and account."""
        with _locked(self._pair, *([] if self._is_known else [self._account, self._address])):
            cache.delete(self._pair)
            if not self._is_known:
                names, _ = cache.get(self._address, (1, 0.0))
                cache.set(self._address, (max(names - 1, 0), self._waits_until), ADDRESS_SECONDS)
                cache.set(self._account, max(cache.get(self._account, 1) - 1, 0), ACCOUNT_SECONDS)


def _wait_after(count: int, free: int, longest: int) -> int:
    return 0 if count < free else min(2 ** min(count - free + 1, 12), longest)


def _key(*parts: str) -> str:
    return f"sign-in:{sha256(chr(0).join(parts).encode('utf-8', 'replace')).hexdigest()}"


@contextmanager
def _locked(*keys: str) -> Iterator[None]:
    with transaction.atomic():
        lock_until_commit(*keys)
        yield
