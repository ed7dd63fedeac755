"""Asks for the password or passkey again before a change that an open, forgotten browser must not allow.

What was posted is kept, encrypted, while the person confirms, and then posted again: nothing typed is lost.
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

# View names whose POST needs a sign-in, or a confirmation, of the last 15 minutes.
ASKS_AGAIN = frozenset(
    {
        # Other people's accounts, and who sees which org.
        "user-add", "user-role", "user-orgs", "user-password", "user-second-factor", "user-deactivate", "user-activate",
        # How one's own account is signed in to.
        "mfa_activate_totp", "mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_add_webauthn",
        "mfa_edit_webauthn", "mfa_remove_webauthn", "socialaccount_connections", "sign-on-join",
        # Where alerts go, and what other programs may do.
        "channel-add", "channel-delete", "api-token-add",
        # The credentials of an org.
        "client-secret",
        # Deleting, and what makes something be deleted.
        "client-retire", "schedule-delete", "alert-rule-delete", "saved-view-delete", "badge-remove", "retention-apply",
    }
)  # fmt: skip
_QUICK = "takes access away, and must be quick when something leaked"
_RUN = "starts a run or a reading, and changes no setting"
_UNDONE = "can be undone on the same page"
_SIGN_IN = "is a step of signing in or out"
_CONFIRM = "is the confirmation itself"
_SHOWS = "shows something, and changes nothing"
# View name -> why its POST does not ask. tests/accounts/test_reauthentication.py fails for a POST route in neither list.
DOES_NOT_ASK = {
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
    "claims": _SHOWS,
    "start-preview": _SHOWS,
    "api:root": _SHOWS,
    "api:nowhere": _SHOWS,
    "api-nowhere": _SHOWS,
    "api:runs": "is called by token, without a session",
    "api:run-start": "is called by token, without a session",
    "start": _RUN,
    "run-again": _RUN,
    "check-again": _RUN,
    "watch-start": _RUN,
    "watch-stop": _RUN,
    "snapshot-start": _RUN,
    "client-verify": _RUN,
    "contract-refresh": _RUN,
    "schedule-run": _RUN,
    "delivery-again": _RUN,
    "channel-test": "sends a test message to a channel that exists",
    "live-start": "has its own confirmation: the conversation ID is typed again",
    "client-add": "adds a client with a secret that the person has",
    "client-edit": _UNDONE,
    "client-badge": _UNDONE,
    "run-pin": _UNDONE,
    "run-unpin": _UNDONE,
    "saved-view-add": _UNDONE,
    "finding-note": "adds a note",
    "finding-accept": _UNDONE,
    "finding-end-acceptance": _UNDONE,
    "schedule-add": _UNDONE,
    "schedule-edit": _UNDONE,
    "schedule-pause": _UNDONE,
    "schedule-resume": _UNDONE,
    "schedules-many": _UNDONE,
    "incident-mute": _UNDONE,
    "incident-unmute": _UNDONE,
    "alert-rule-add": _UNDONE,
    "alert-rule": _UNDONE,
    "alert-rule-mute": _UNDONE,
    "alert-rule-unmute": _UNDONE,
    "row-retry": "lets a job try one row again",
    "row-dismiss": "takes a line off the system page, and leaves the row it names alone",
}

PENDING_SECONDS = 15 * 60  # how long a person may take to confirm
LARGEST_PENDING = 200_000  # characters of a form
COOKIE = "confirming"  # binds what is kept to the browser that sent it, also across a new sign-in
CONFIRMED = re.compile(r"/account/confirmed/([A-Za-z0-9_-]{20,60})/")


class AskAgain:
    """Middleware. Comes after those of CSRF, the person and the messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name not in ASKS_AGAIN:
            return None
        if not request.user.is_authenticated:
            return None  # the view sends them to the sign-in
        if id := _id_in(request.POST.get("next", "")):
            kept = take(request, id)
            if kept is None:
                messages.warning(request, "Nothing was changed: too much time has passed. Enter it again.")
                return redirect("home")
            request.POST = kept  # type: ignore[assignment]
        return None if is_recent(request) else ask(request)


def is_recent(request: HttpRequest) -> bool:
    """Whether the person signed in, or confirmed, within the time allowed. None of the setting switches this off."""
    seconds = settings.CONFIRM_AFTER_SECONDS
    if seconds is None:
        return True
    records = get_authentication_records(request, request.user)
    last = max((each["at"] for each in records if isinstance(each.get("at"), int | float)), default=0)
    return 0 <= time.time() - last < seconds


def ask(request: HttpRequest) -> HttpResponse:
    """Keeps what was posted, and leads to the page that asks."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    if not methods:
        raise PermissionDenied("You have no password or passkey to confirm this with. Ask an admin for a password.")
    id = secrets.token_urlsafe(24)
    browser = request.COOKIES.get(COOKIE) or secrets.token_urlsafe(24)
    data = request.POST.copy()
    data.pop("csrfmiddlewaretoken", None)
    sealed = _seal(request, data.urlencode())
    if len(sealed) <= LARGEST_PENDING:
        cache.set(_key(id, browser), sealed, PENDING_SECONDS)
    place = f"{methods[0]['url']}?{urlencode({'next': reverse('confirmed', args=[id])})}"
    is_htmx = request.headers.get("HX-Request") == "true"
    answer = HttpResponseClientRedirect(place) if is_htmx else HttpResponseRedirect(place)
    answer.set_cookie(
        COOKIE, browser, max_age=PENDING_SECONDS, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )
    return answer


def pending_path(request: HttpRequest, next: str) -> str | None:
    """Where what was kept is posted to again; None if nothing is kept for this person, browser and address."""
    kept = _open(request, cache.get(_key(_id_in(next), request.COOKIES.get(COOKIE, ""))))
    return str(kept["place"]) if kept else None


def take(request: HttpRequest, id: str) -> QueryDict | None:
    """What was posted to this address, once."""
    key = _key(id, request.COOKIES.get(COOKIE, ""))
    kept = _open(request, cache.get(key))
    if kept is None or kept["place"] != request.get_full_path() or not cache.delete(key):
        return None
    return QueryDict(kept["data"])


def _id_in(next: str) -> str:
    found = CONFIRMED.fullmatch(next)
    return found[1] if found else ""


def _key(id: str, browser: str) -> str:
    return f"confirming:{sha256(f'{id} {browser}'.encode()).hexdigest()}"


def _seal(request: HttpRequest, data: str) -> str:
    kept = {"person": request.user.pk, "place": request.get_full_path(), "data": data}
    return fernet().encrypt(json.dumps(kept).encode()).decode()


def _open(request: HttpRequest, sealed: str | None) -> dict[str, Any] | None:
    if not sealed:
        return None
    try:
        kept: dict[str, Any] = json.loads(fernet().decrypt(sealed.encode()))
    except InvalidToken:
        return None
    return kept if kept["person"] == request.user.pk else None
