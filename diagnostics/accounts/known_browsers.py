"""Remembers in a signed cookie which accounts have fully signed in with a browser.

Known browsers have their own attempt counts, so that password guessing elsewhere doesn't slow down the owner. The cookie
grants no access, and changing the password invalidates it.
"""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from diagnostics.accounts.models import User

COOKIE = "known"
SALT = "diagnostics.accounts.known_browsers"
AGE_SECONDS = 365 * 24 * 3600
MOST_ACCOUNTS = 5


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set the cookie. Call this after a full sign-in, and after the signed-in user changes their password."""
    accounts = _read(request)
    accounts.pop(str(user.pk), None)
    newest = {
        **dict(list(accounts.items())[-(MOST_ACCOUNTS - 1) :]),
        str(user.pk): [secrets.token_hex(8), fingerprint(user)],
    }
    response.set_cookie(
        COOKIE,
        signing.dumps(newest, salt=SALT),
        max_age=AGE_SECONDS,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def known_browser(request: HttpRequest, user: User | None) -> str:
    """Return this browser's random ID for the account, or "" if it is unknown."""
    entry = _read(request).get(str(user.pk)) if user is not None else None
    if user is None or not isinstance(entry, list) or len(entry) != 2:
        return ""
    return str(entry[0]) if constant_time_compare(str(entry[1]), fingerprint(user)) else ""


def fingerprint(user: User) -> str:
    """Return a value that changes with the password and reveals nothing about it."""
    return salted_hmac(SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()[:32]


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        accounts = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE_SECONDS)
    except signing.BadSignature:
        return {}
    return accounts if isinstance(accounts, dict) else {}
