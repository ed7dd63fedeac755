"""How people sign in: the rules of ours that the sign-in library asks for."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from diagnostics import acting
from diagnostics.fields import UnreadableSecret, fernet
from diagnostics.models import User
from diagnostics.services.audit import record

NOBODY = "0.0.0.0"  # noqa: S104 - stands for an address that is none, in a count


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves: an admin adds people, or single sign-on does where that is allowed."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "This username and password do not belong together. Check both; capital letters "
        "count in the password.",
        "too_many_login_attempts": "There were too many attempts that failed, so nothing was checked. Wait five "
        "minutes, then try again.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """By which attempts are counted: what our own proxy has seen, as in the audit log."""
        return acting.address_of(request) or NOBODY

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has neither a password nor a second factor confirms at the provider of single sign-on."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        words = {"reauthenticate": "Use your password", "mfa_reauthenticate": "Use a code from your app"}
        named = [{**each, "description": words.get(each["id"], "Use a passkey")} for each in methods]
        if not named and settings.OIDC and SocialAccount.objects.filter(user=user).exists():
            return [{"id": "sign-on", "description": settings.OIDC_NAME, "url": reverse("sign-on-confirm")}]
        return named

    def add_message(
        self, request: HttpRequest, level: int, *args: Any, message: str | None = None, **more: Any
    ) -> None:
        """Only what is said in our own words. The library greets at each sign-in, which helps nobody."""
        if message:
            super().add_message(request, level, message=message)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on knows a person by the provider's own id alone: a name or an e-mail address joins nobody to an account
    that is there already, since the provider's people may choose theirs."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "connected_other": "This account of the provider belongs to another person here already.",
        "disconnect_last": "You have no password, so this is your only way to sign in. Ask an admin for a password first.",
        "no_password": "You have no password, so this is your only way to sign in. Ask an admin for a password first.",
    }

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """Providers come from the settings alone: a row of the library's table would bypass the audit log."""
        return [app for app in super().list_apps(request, provider, client_id) if app.pk is None]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        sociallogin.email_addresses = []
        sociallogin.account.extra_data = {}  # what the provider tells of a person is not kept

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.OIDC_NEW_ROLE)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.username = str(data.get("username") or "")[:150]
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        sociallogin.user.role = settings.OIDC_NEW_ROLE
        user: User = super().save_user(request, sociallogin, form)
        record("person.added", user, after={"role": user.role, "through": "single sign-on"}, person=user)
        return user


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What opens an account rests encrypted, with the same keys as the clients' secrets."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, was used already, or is over. Give the one that is shown now.",
    }

    def encrypt(self, text: str) -> str:
        return fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise UnreadableSecret(
                "The secret of a second factor does not open with any of FIELD_ENCRYPTION_KEYS. Add the key it was "
                "written with, then run `manage.py reencrypt`."
            ) from None

    def get_totp_issuer(self) -> str:
        return "Cobrowse Doctor"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Cobrowse Doctor"}
