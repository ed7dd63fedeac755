"""Remembers, in a signed cookie, with which accounts a browser has fully signed in before.

Guessing elsewhere must not slow down the owner's own browser. The cookie opens nothing: it only keeps its own count of
attempts. A new password makes all cookies of the account worthless.
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
    """After a full sign-in with this browser, or a new password of who is signed in."""
    kept = _read(request)
    kept.pop(str(user.pk), None)
    newest = {
        **dict(list(kept.items())[-(MOST_ACCOUNTS - 1) :]),
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
    """A random ID of this browser if it is known for the account, else ""."""
    entry = _read(request).get(str(user.pk)) if user is not None else None
    if user is None or not isinstance(entry, list) or len(entry) != 2:
        return ""
    return str(entry[0]) if constant_time_compare(str(entry[1]), fingerprint(user)) else ""


def fingerprint(user: User) -> str:
    """Changes with the password, and says nothing about it."""
    return salted_hmac(SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()[:32]


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE_SECONDS)
    except signing.BadSignature:
        return {}
    return kept if isinstance(kept, dict) else {}
