"""One's own account: how one signs in, and single sign-on's way to the provider."""

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
from diagnostics.accounts.requests import Request

PROVIDER = "oidc"


def slowed_down(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A form that was refused for too many attempts is a 429 that says when to try again."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        answer = view(request, *args, **values)
        if seconds := getattr(request, "sign_in_wait", 0):
            answer.status_code = 429
            answer.headers["Retry-After"] = str(seconds)
        return answer

    return answered


class PasswordChange(PasswordChangeView):
    template_name = "registration/password.html"
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.password_changed", form.user)
            answer = super().form_valid(form)
        known_browsers.remember(self.request, answer, form.user)
        return answer


class SessionList(ListUserSessionsView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.sessions_ended", self.request.user)
            answer: HttpResponse = super().form_valid(form)
            return answer


class PasskeyName(EditWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            record("person.passkey_renamed", self.request.user, after={"name": str(form.cleaned_data.get("name", ""))})
            answer: HttpResponse = super().form_valid(form)
            return answer


class NewApp(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        """The code of the setup counts as used, so nobody who saw it can sign in with it."""
        with transaction.atomic():
            answer: HttpResponse = super().form_valid(form)
            app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
            one_time_codes.use(app, form.cleaned_data["code"])
        return answer


class _Confirming:
    """After a confirmation, the browser posts again what was kept; 307 keeps the method, so no script is needed."""

    request: Request

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        place = reauthentication.pending_path(self.request, self.request.POST.get("next", ""))
        return HttpResponseRedirect(place, preserve_request=True) if place else answer


class ConfirmByPassword(_Confirming, ReauthenticateView):  # type: ignore[misc]
    pass


class ConfirmByCode(_Confirming, CodeReauthenticateView):  # type: ignore[misc]
    pass


class ConfirmByPasskey(_Confirming, ReauthenticateWebAuthnView):  # type: ignore[misc]
    pass


confirm_by_password = slowed_down(ConfirmByPassword.as_view())
confirm_by_code = slowed_down(ConfirmByCode.as_view())
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
    for each in found:
        kinds.setdefault(each.type, []).append(each)
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES, [])
    context: dict[str, Any] = {
        "app": next(iter(kinds.get(Authenticator.Type.TOTP, [])), None),
        "passkeys": [each.wrap() for each in kinds.get(Authenticator.Type.WEBAUTHN, [])],
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "sessions": len(UserSession.objects.purge_and_list(request.user)),
        "single_sign_on": settings.OIDC_NAME if settings.OIDC else "",
        "joined": SocialAccount.objects.filter(user=request.user, provider=PROVIDER).first(),
    }
    return render(request, "account/page.html", context)


@rate_limit(action="change_password")  # type: ignore[untyped-decorator]
def password_change(request: Request) -> HttpResponseBase:
    """Attempts at the old password are counted: an open browser must not become a place to guess it."""
    return PASSWORD_CHANGE(request)


@require_safe
def sign_on_confirm(request: Request) -> HttpResponse:
    """For who can confirm at the provider of single sign-on alone."""
    context = {"provider": settings.OIDC_NAME, "next": request.GET.get("next", "")}
    return render(request, "account/confirm_sso.html", context)


@require_safe
def confirmed(request: Request, id: str) -> HttpResponse:
    """Reached by a new sign-in: the button posts again what was kept."""
    place = reauthentication.pending_path(request, request.path)
    if place is None:
        messages.warning(request, "Nothing was changed: too much time has passed. Enter it again.")
        return redirect("home")
    return render(request, "account/confirmed.html", {"place": place, "next": request.path})


@login_not_required
@require_POST
@never_cache
def sign_on(request: HttpRequest) -> HttpResponse:
    """To the provider, to sign in. A page that leads on, since a form's answer may not lead to another host."""
    return _leave(request, "login")


@require_POST
@never_cache
@reauthentication_required  # type: ignore[untyped-decorator]
def sign_on_join(request: Request) -> HttpResponse:
    """To the provider, to join its account to one's own here."""
    return _leave(request, "connect")


def _leave(request: HttpRequest, process: str) -> HttpResponse:
    if not settings.OIDC:
        raise Http404("Single sign-on is not set up.")
    wanted = request.POST.get("next", "")
    place = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else None
    if process == "connect":
        place = "/account/"
    try:
        provider = get_adapter().get_provider(request, PROVIDER)
        # A confirmation needs the person, not only the provider's session in this browser.
        fresh = {"prompt": "login"} if reauthentication.CONFIRMED.fullmatch(place or "") else {}
        leaving = provider.redirect(
            request, process, next_url=place, auth_params={**provider.get_auth_params(), **fresh}
        )
    except (requests.RequestException, KeyError, ValueError):
        return render(request, "socialaccount/authentication_error.html", {"is_away": True}, status=502)
    return render(request, "account/leaving.html", {"place": leaving.url, "name": settings.OIDC_NAME})
