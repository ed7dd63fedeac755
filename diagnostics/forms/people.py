"""People of the product."""

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from diagnostics.forms.text import NO_NUL
from diagnostics.models import User


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
        help_text="An admin may do everything. A team lead reads clients and runs, and changes nothing.",
    )

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("Someone has this username already. Choose another one.")
        return username


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices)
