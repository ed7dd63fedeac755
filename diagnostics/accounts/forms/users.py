"""Forms for users and their roles."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from diagnostics.accounts.models import User
from diagnostics.web.form_text import NO_NUL

ROLE_DESCRIPTIONS = (
    "An admin may do everything. An operator runs diagnoses and schedules. A team lead reads, and writes notes on "
    "findings. An auditor reads, also the audit log."
)


class NewPersonForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text="Letters, digits and @ . + - _ only.",
        error_messages=NO_NUL,
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
            raise ValidationError("Someone has this username already. Choose another one.")
        return username


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices)
