"""The library's forms of signing in, without words in the fields: the label above says what belongs there."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms


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


class SecondFactorForm(_Plain, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeOnceMoreForm(_Plain, CodeForm):  # type: ignore[misc]
    pass


class NewAppForm(_Plain, ActivateTOTPForm):  # type: ignore[misc]
    pass
