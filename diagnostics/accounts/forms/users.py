"""Forms for users and their roles."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from diagnostics.accounts.models import User

ROLE_DESCRIPTIONS = (
    "Admins can do everything. Operators read, and start runs. Team leads read, and write notes on issues. Auditors read, "
    "including the audit log."
)


class NewUserForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(
        choices=User.Role.choices,
        initial=User.Role.TEAM_LEAD,
        help_text=ROLE_DESCRIPTIONS,
    )

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("This username is taken. Choose a different one.")
        return username


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices)
