"""allauth adapters with our sign-in rules."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.known_browsers import fingerprint, known_browser, remember
from diagnostics.accounts.models import User
from diagnostics.accounts.sign_in_attempts import Attempt
from diagnostics.storage.model_fields import UnreadableSecret, fernet
from diagnostics.text.cleaning import clean_line

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - counts attempts without an address


class TooManyAttempts(ValidationError):
    """Too many attempts to sign in. The form and the Retry-After header give the wait."""

    def __init__(self, request: HttpRequest, seconds: int) -> None:
        request.sign_in_wait = seconds  # type: ignore[attr-defined]
        unit = "second" if seconds == 1 else "seconds"
        super().__init__(
            f"Too many failed attempts. Wait {seconds} {unit}, then try again.",
            code="too_many_login_attempts",
        )


def begin_attempt(request: HttpRequest, username: str, *, is_code: bool = False) -> Attempt:
    """Count an attempt with a password or one-time code. Changing the password resets the counts.

    Raises TooManyAttempts if the browser or address has to wait.
    """
    user = User.objects.filter(username__iexact=username).first()
    account = f"{username.casefold()} {fingerprint(user) if user else ''}{' code' if is_code else ''}"
    attempt = Attempt(account, acting.address_of(request) or UNKNOWN_ADDRESS, known_browser(request, user))
    if seconds := attempt.begin(is_code=is_code):
        raise TooManyAttempts(request, seconds)
    return attempt


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Disables sign-up: admins add users, or single sign-on does if configured."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "Incorrect username or password.",
        "incorrect_password": "Incorrect password.",
        "too_many_login_attempts": "Too many failed attempts. Wait a minute, then try again.",
        "enter_current_password": "Enter your current password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that attempts are counted by, as our trusted proxy saw it."""
        return acting.address_of(request) or UNKNOWN_ADDRESS

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt. Also called when a user confirms their password."""
        self._attempt = begin_attempt(request, str(credentials.get("username", "")))

    def _rollback_login_failed_rl_usage(self) -> None:
        """Take the attempt out of the counts. allauth calls this after a correct password."""
        self._attempt.succeed()

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **more)
        remember(request, response, user)
        return response

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Add single sign-on for users with neither a password nor a second factor."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        descriptions = {"reauthenticate": "Use your password", "mfa_reauthenticate": "Use a code from your app"}
        named = [{**method, "description": descriptions.get(method["id"], "Use a passkey")} for method in methods]
        if not named and settings.OIDC and SocialAccount.objects.filter(user=user).exists():
            return [{"id": "sign-on", "description": settings.OIDC_NAME, "url": reverse("sign-on-confirm")}]
        return named

    def add_message(
        self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **more: Any
    ) -> None:
        """Show only messages with our own text, to suppress allauth's greeting at each sign-in."""
        if message:
            super().add_message(request, level, message=message)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on identifies users only by the provider's ID.

    Names and email addresses never link to an existing account, since users may choose them at the provider.
    """

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "connected_other": "This account is linked to another user.",
        "disconnect_last": "This is your only way to sign in. Ask an admin for a password first.",
        "no_password": "This is your only way to sign in. Ask an admin for a password first.",
    }

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """List only providers from the settings: a SocialApp row would bypass the audit log."""
        return [app for app in super().list_apps(request, provider, client_id) if app.pk is None]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        sociallogin.email_addresses = []
        sociallogin.account.extra_data = {}  # the provider's profile data is not stored

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.OIDC_NEW_ROLE)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.username = clean_line(str(data.get("username") or ""))[:150]
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        sociallogin.user.role = settings.OIDC_NEW_ROLE
        user: User = super().save_user(request, sociallogin, form)
        record("person.added", user, after={"role": user.role, "through": "single sign-on"}, person=user)
        return user


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Encrypts second-factor secrets with FIELD_ENCRYPTION_KEYS."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "Incorrect code. Each code works once, for a short time: enter the one your app shows now.",
    }

    def encrypt(self, text: str) -> str:
        return fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise UnreadableSecret(
                "None of FIELD_ENCRYPTION_KEYS can decrypt a second factor. Add the key it was encrypted with, then run "
                "manage.py reencrypt."
            ) from None

    def get_totp_issuer(self) -> str:
        return "Cobrowse Doctor"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Cobrowse Doctor"}
