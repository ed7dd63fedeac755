"""The user's own account: password, second factors, sessions, confirmation, and single sign-on."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import requests
from allauth.account.decorators import reauthentication_required
from allauth.account.views import ReauthenticateView
from allauth.decorators import rate_limit
from allauth.mfa.base.views import ReauthenticateView as CodeReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import EditWebAuthnView, ReauthenticateWebAuthnView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts import known_browsers, one_time_codes, reauthentication
from diagnostics.accounts.audit import record
from diagnostics.accounts.forms.sign_in import ChangePasswordForm
from diagnostics.accounts.requests import Request

PROVIDER = "oidc"


def with_retry_after(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return 429 with Retry-After if the form was rejected for too many attempts."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        response = view(request, *args, **values)
        if seconds := getattr(request, "sign_in_wait", 0):
            response.status_code = 429
            response.headers["Retry-After"] = str(seconds)
        return response

    return wrapped


class PasswordChange(PasswordChangeView):
    template_name = "registration/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.password_changed", form.user)
            response = super().form_valid(form)
        known_browsers.remember(self.request, response, form.user)
        return response


class SessionList(ListUserSessionsView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.sessions_ended", self.request.user)
            response: HttpResponse = super().form_valid(form)
            return response


class PasskeyName(EditWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.passkey_renamed", self.request.user, after={"name": str(form.cleaned_data.get("name", ""))})
            response: HttpResponse = super().form_valid(form)
            return response


class NewApp(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        """Mark the setup code as used, so that nobody who saw it can sign in with it."""
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
            one_time_codes.use(app, form.cleaned_data["code"])
        return response


class _Confirming:
    """After a confirmation, redirects with 307, so that the browser posts the stored form without JavaScript."""

    request: Request

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        path = reauthentication.pending_path(self.request, self.request.POST.get("next", ""))
        return HttpResponseRedirect(path, preserve_request=True) if path else response


class ConfirmByPassword(_Confirming, ReauthenticateView):  # type: ignore[misc]
    pass


class ConfirmByCode(_Confirming, CodeReauthenticateView):  # type: ignore[misc]
    pass


class ConfirmByPasskey(_Confirming, ReauthenticateWebAuthnView):  # type: ignore[misc]
    pass


confirm_by_password = with_retry_after(ConfirmByPassword.as_view())
confirm_by_code = with_retry_after(ConfirmByCode.as_view())
confirm_by_passkey = ConfirmByPasskey.as_view()
PASSWORD_CHANGE = PasswordChange.as_view()
new_app = NewApp.as_view()
session_list = SessionList.as_view()
passkey_name = PasskeyName.as_view()


@require_safe
@never_cache
def account_page(request: Request) -> HttpResponse:
    found = list(Authenticator.objects.filter(user=request.user).order_by("created_at", "pk"))
    kinds: dict[str, list[Authenticator]] = {}
    for authenticator in found:
        kinds.setdefault(authenticator.type, []).append(authenticator)
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES, [])
    context: dict[str, Any] = {
        "app": next(iter(kinds.get(Authenticator.Type.TOTP, [])), None),
        "passkeys": [passkey.wrap() for passkey in kinds.get(Authenticator.Type.WEBAUTHN, [])],
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "sessions": len(UserSession.objects.purge_and_list(request.user)),
        "single_sign_on": settings.OIDC_NAME if settings.OIDC else "",
        "joined": SocialAccount.objects.filter(user=request.user, provider=PROVIDER).first(),
    }
    return render(request, "account/page.html", context)


@rate_limit(action="change_password")  # type: ignore[untyped-decorator]
def password_change(request: Request) -> HttpResponseBase:
    """Change the password. Attempts are rate limited, so that nobody can guess it in an unattended browser."""
    return PASSWORD_CHANGE(request)


@require_safe
def sign_on_confirm(request: Request) -> HttpResponse:
    """The confirmation page for users who can only confirm with single sign-on."""
    context = {"provider": settings.OIDC_NAME, "next": request.GET.get("next", "")}
    return render(request, "account/confirm_sso.html", context)


@require_safe
def confirmed(request: Request, id: str) -> HttpResponse:
    """The page after a confirmation by sign-in. Its button posts the stored form again."""
    path = reauthentication.pending_path(request, request.path)
    if path is None:
        messages.warning(request, "Not saved: the confirmation took too long. Enter your change again.")
        return redirect("home")
    return render(request, "account/confirmed.html", {"place": path, "next": request.path})


@login_not_required
@require_POST
@never_cache
def sign_on(request: HttpRequest) -> HttpResponse:
    """Go to the provider to sign in, through a page: the CSP doesn't let a form submission redirect to another host."""
    return _go_to_provider(request, "login")


@require_POST
@never_cache
@reauthentication_required  # type: ignore[untyped-decorator]
def sign_on_join(request: Request) -> HttpResponse:
    """Go to the provider to link its account to the user's account."""
    return _go_to_provider(request, "connect")


def _go_to_provider(request: HttpRequest, process: str) -> HttpResponse:
    if not settings.OIDC:
        raise Http404("Single sign-on is not set up.")
    url = request.POST.get("next", "")
    next_url = url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else None
    if process == "connect":
        next_url = "/account/"
    try:
        provider = get_adapter().get_provider(request, PROVIDER)
        # A confirmation needs the user to sign in again, not just the provider's session in this browser.
        prompt = {"prompt": "login"} if reauthentication.CONFIRMED.fullmatch(next_url or "") else {}
        redirection = provider.redirect(
            request, process, next_url=next_url, auth_params={**provider.get_auth_params(), **prompt}
        )
    except (requests.RequestException, KeyError, ValueError):
        return render(request, "socialaccount/authentication_error.html", {"is_away": True}, status=502)
    return render(request, "account/leaving.html", {"place": redirection.url, "name": settings.OIDC_NAME})
