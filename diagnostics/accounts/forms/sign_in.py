"""The forms of sign-in and of the password, with our labels and messages. They have no placeholders, since fields have labels."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm

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


class ChangePasswordForm(PasswordChangeForm):
    error_messages = {
        "password_incorrect": "This isn’t your current password.",
        "password_mismatch": "The two new passwords differ. Enter the same one twice.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Current password"
        self.fields[
            "new_password1"
        ].help_text = "At least 10 characters, not only digits. Not a common password, and not your username."
        self.fields["new_password2"].label = "Confirm new password"
        self.fields["new_password2"].help_text = ""


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
