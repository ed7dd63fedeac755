"""Requires a recent sign-in or confirmation for sensitive changes, to protect unattended browsers.

The posted form is stored encrypted while the user confirms, and is then posted again, so that no input is lost.
"""

import json
import re
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from diagnostics.storage.model_fields import fernet

# Names of views whose POST needs a sign-in or confirmation within CONFIRM_AFTER_SECONDS.
NEEDS_RECENT_SIGN_IN = frozenset(
    {
        # Other users' accounts, and who sees which org.
        "user-add", "user-role", "user-orgs", "user-password", "user-second-factor", "user-deactivate", "user-activate",
        # The user's own ways to sign in.
        "mfa_activate_totp", "mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_add_webauthn",
        "mfa_edit_webauthn", "mfa_remove_webauthn", "socialaccount_connections", "sign-on-join",
        # Alert channels and API tokens.
        "channel-add", "channel-events", "channel-delete", "api-token-add",
        # Org credentials.
        "client-secret",
        # Deletions, now or later.
        "client-retire", "schedule-delete", "alert-rule-delete", "saved-view-delete", "badge-remove", "retention-apply",
    }
)  # fmt: skip
_QUICK = "takes access away, and must be quick when something leaked"
_PROGRAM = "is called by token, without a session"
_RUN = "starts a run or a reading, and changes no setting"
_UNDONE = "can be undone on the same page"
_SIGN_IN = "is a step of signing in or out"
_CONFIRM = "is the confirmation itself"
_SHOWS = "shows something, and changes nothing"
# View name -> why its POST needs no confirmation. tests/accounts/test_reauthentication.py checks that every POST route is in
# one of the two lists.
NEEDS_NO_CONFIRMATION = {
    "login": _SIGN_IN,
    "account_login": _SIGN_IN,
    "logout": _SIGN_IN,
    "account_logout": _SIGN_IN,
    "mfa_authenticate": _SIGN_IN,
    "mfa_login_webauthn": _SIGN_IN,
    "sign-on": _SIGN_IN,
    "openid_connect_callback": _SIGN_IN,
    "account_reauthenticate": _CONFIRM,
    "mfa_reauthenticate": _CONFIRM,
    "mfa_reauthenticate_webauthn": _CONFIRM,
    "password": "its own form asks for the current password",
    "usersessions_list": _QUICK,
    "api-token-revoke": _QUICK,
    "mfa_download_recovery_codes": _SHOWS,
    "diagnose-read": _SHOWS,
    "diagnose-preview": _SHOWS,
    "api:root": _SHOWS,
    "api:nowhere": _SHOWS,
    "api-nowhere": _SHOWS,
    "api:runs": _PROGRAM,
    "api:run-start": _PROGRAM,
    "api:batch-start": _PROGRAM,
    "api:run-what-if": _PROGRAM,
    "api:issue-what-if": _PROGRAM,
    "api:claims": _PROGRAM,
    "api:clients": _PROGRAM,
    "api:client-add": _PROGRAM,
    "api:client-import": _PROGRAM,
    "api:client-listing": _PROGRAM,
    "api:client-listing-read": _PROGRAM,
    "api:client-listing-register": _PROGRAM,
    "api:schedules": _PROGRAM,
    "api:schedule-add": _PROGRAM,
    "mcp": _PROGRAM,
    "start": _RUN,
    "batch-start": _RUN,
    "run-again": _RUN,
    "check-again": _RUN,
    "watch-start": _RUN,
    "watch-stop": _RUN,
    "sync-start": _RUN,
    "client-health": _RUN,
    "client-verify": _RUN,
    "contract-refresh": _RUN,
    "schedule-run": _RUN,
    "delivery-retry": _RUN,
    "channel-test": "sends a test message to a channel that exists",
    "live-start": "has its own confirmation: the conversation ID is typed again",
    "client-add": "adds a client with a secret that the person has",
    "client-listing": "adds clients of an org without secrets",
    "client-listing-read": _RUN,
    "client-import": "adds clients with secrets that the person has",
    "client-edit": _UNDONE,
    "client-badge": _UNDONE,
    "run-pin": _UNDONE,
    "run-unpin": _UNDONE,
    "saved-view-add": _UNDONE,
    "issue-note": "adds a note",
    "issue-assign": _UNDONE,
    "issue-accept": _UNDONE,
    "issue-end-acceptance": _UNDONE,
    "issue-snooze": _UNDONE,
    "issue-end-snooze": _UNDONE,
    "issue-watch": _RUN,
    "issue-end-watch": _RUN,
    "schedule-add": _UNDONE,
    "schedule-edit": _UNDONE,
    "schedule-pause": _UNDONE,
    "schedule-resume": _UNDONE,
    "schedules-bulk": _UNDONE,
    "alert-rule-add": _UNDONE,
    "alert-rule": _UNDONE,
    "alert-rule-snooze": _UNDONE,
    "alert-rule-end-snooze": _UNDONE,
    "row-retry": "lets a job try one row again",
    "row-dismiss": "takes a line off the system page, and leaves the row it names alone",
}

PENDING_SECONDS = 15 * 60  # time to confirm
LARGEST_PENDING = 200_000  # characters of a form
BROWSER_COOKIE = "confirming"  # binds a stored form to its browser, even across a new sign-in
CONFIRMED = re.compile(r"/account/confirmed/([A-Za-z0-9_-]{20,60})/")


class RecentSignInMiddleware:
    """Runs after the CSRF, authentication and messages middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name not in NEEDS_RECENT_SIGN_IN:
            return None
        if not request.user.is_authenticated:
            return None  # the view redirects to sign-in
        if id := _id_in(request.POST.get("next", "")):
            form = pop_pending(request, id)
            if form is None:
                messages.warning(request, "Not saved: the confirmation took too long. Enter your change again.")
                return redirect("home")
            request.POST = form  # type: ignore[assignment]
        return None if is_recent(request) else start_confirmation(request)


def is_recent(request: HttpRequest) -> bool:
    """Return whether the user signed in or confirmed within CONFIRM_AFTER_SECONDS (None = always recent)."""
    seconds = settings.CONFIRM_AFTER_SECONDS
    if seconds is None:
        return True
    records = get_authentication_records(request, request.user)
    last = max((entry["at"] for entry in records if isinstance(entry.get("at"), int | float)), default=0)
    return 0 <= time.time() - last < seconds


def start_confirmation(request: HttpRequest) -> HttpResponse:
    """Store the posted form and redirect to the confirmation page."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    if not methods:
        raise PermissionDenied("You need a password or a passkey to confirm this. Ask an admin for a password.")
    id = secrets.token_urlsafe(24)
    browser = request.COOKIES.get(BROWSER_COOKIE) or secrets.token_urlsafe(24)
    data = request.POST.copy()
    data.pop("csrfmiddlewaretoken", None)
    encrypted = _encrypt(request, data.urlencode())
    if len(encrypted) <= LARGEST_PENDING:
        cache.set(_key(id, browser), encrypted, PENDING_SECONDS)
    url = f"{methods[0]['url']}?{urlencode({'next': reverse('confirmed', args=[id])})}"
    is_htmx = request.headers.get("HX-Request") == "true"
    response = HttpResponseClientRedirect(url) if is_htmx else HttpResponseRedirect(url)
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=PENDING_SECONDS,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def pending_path(request: HttpRequest, next: str) -> str | None:
    """Return the path to post the stored form to again, or None if none is stored for this user, browser and URL."""
    pending = _decrypt(request, cache.get(_key(_id_in(next), request.COOKIES.get(BROWSER_COOKIE, ""))))
    return str(pending["place"]) if pending else None


def pop_pending(request: HttpRequest, id: str) -> QueryDict | None:
    """Remove and return the form that was posted to this URL, if one is stored."""
    key = _key(id, request.COOKIES.get(BROWSER_COOKIE, ""))
    pending = _decrypt(request, cache.get(key))
    if pending is None or pending["place"] != request.get_full_path() or not cache.delete(key):
        return None
    return QueryDict(pending["data"])


def _id_in(next: str) -> str:
    found = CONFIRMED.fullmatch(next)
    return found[1] if found else ""


def _key(id: str, browser: str) -> str:
    return f"confirming:{sha256(f'{id} {browser}'.encode()).hexdigest()}"


def _encrypt(request: HttpRequest, data: str) -> str:
    pending = {"person": request.user.pk, "place": request.get_full_path(), "data": data}
    return fernet().encrypt(json.dumps(pending).encode()).decode()


def _decrypt(request: HttpRequest, encrypted: str | None) -> dict[str, Any] | None:
    if not encrypted:
        return None
    try:
        pending: dict[str, Any] = json.loads(fernet().decrypt(encrypted.encode()))
    except InvalidToken:
        return None
    return pending if pending["person"] == request.user.pk else None
