"""allauth's sign-in forms without placeholders, since each field has a label."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms

from diagnostics.accounts import one_time_codes
from diagnostics.accounts.sign_in import begin_attempt


class _Plain(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_Plain, LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false", "autofocus": True}


class PasswordOnceMoreForm(_Plain, ReauthenticateForm):  # type: ignore[misc]
    pass


class _OneTimeCode(_Plain):
    """Rejects a code that was used, or one from an earlier time step than the last accepted code (RFC 6238, section 5.2).

    allauth remembers a used code for one time step, but accepts codes from three.
    """

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        attempt = begin_attempt(context.request, self.user.get_username(), is_code=True)
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not one_time_codes.use(self.authenticator, code):
            self._emit_authentication_failed(self.authenticator)  # type: ignore[attr-defined]
            raise get_adapter().validation_error("incorrect_code")
        attempt.succeed()
        return code


class SecondFactorForm(_OneTimeCode, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeOnceMoreForm(_OneTimeCode, CodeForm):  # type: ignore[misc]
    pass


class NewAppForm(_Plain, ActivateTOTPForm):  # type: ignore[misc]
    pass
