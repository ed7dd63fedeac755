"""Signal receivers that record sign-ins, sign-outs and changes of second factors in the audit log."""

import time
from typing import Any

from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User

LAST_ACTIVE = "last_active"  # session key: Unix time of the last activity
UNKNOWN_USERNAME = "an unknown username"  # the input may have been a password


@receiver(user_logged_in)
def _signed_in(user: User, request: Any = None, **kwargs: Any) -> None:
    if hasattr(request, "session"):
        request.session[LAST_ACTIVE] = time.time()
    record("person.signed_in", user, after=_methods(request), person=user)


@receiver(user_logged_out)
def _signed_out(user: User | None, **kwargs: Any) -> None:
    """The user is None if the session had already ended."""
    if user is not None:
        record("person.signed_out", user, person=user)


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    name = str(credentials.get("username") or "")[:150].replace("\0", "")
    person = User.objects.filter(username__iexact=name).first() if name else None
    record("person.sign_in_failed", person, name="" if person else UNKNOWN_USERNAME)


@receiver(authenticator_added)
def _factor_added(user: User, authenticator: Any, **kwargs: Any) -> None:
    record("person.second_factor_added", user, after={"type": authenticator.type}, person=user)


@receiver(authenticator_removed)
def _factor_removed(user: User, authenticator: Any, **kwargs: Any) -> None:
    record("person.second_factor_removed", user, before={"type": authenticator.type}, person=user)


@receiver(authenticator_reset)
def _factor_renewed(user: User, authenticator: Any, **kwargs: Any) -> None:
    record("person.second_factor_renewed", user, after={"type": authenticator.type}, person=user)


@receiver(authentication_failed)
def _factor_failed(user: User, **kwargs: Any) -> None:
    record("person.second_factor_failed", user, person=user)


@receiver(social_account_added)
def _joined(sociallogin: Any, **kwargs: Any) -> None:
    record("person.single_sign_on_joined", sociallogin.user, person=sociallogin.user)


@receiver(social_account_removed)
def _parted(socialaccount: Any, **kwargs: Any) -> None:
    record("person.single_sign_on_parted", socialaccount.user, person=socialaccount.user)


def _methods(request: Any) -> dict[str, Any] | None:
    """Return the sign-in methods that allauth stored in the session."""
    steps = getattr(request, "session", {}).get("account_authentication_methods", [])
    methods = [step.get("type") or step.get("method", "") for step in steps if isinstance(step, dict)]
    return {"with": methods} if methods else None
