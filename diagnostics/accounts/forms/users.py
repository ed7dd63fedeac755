"""People of the product."""

from typing import Any, cast

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


class OrgsForm(forms.Form):
    """Which orgs a person may see. An org that is no longer known stays chosen, by its id, until it is taken out."""

    limited = forms.BooleanField(label="Limit to the orgs below", required=False)
    orgs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, person: User, orgs: dict[str, str], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"limited": person.is_limited, "orgs": person.only_orgs})
        super().__init__(*args, **kwargs)
        known: dict[str, str] = {**{each: each for each in person.orgs_in_sight}, **orgs}
        choice = cast("forms.MultipleChoiceField", self.fields["orgs"])
        choice.choices = [(org, known[org]) for org in sorted(known, key=lambda org: known[org].lower())]

    @property
    def chosen_orgs(self) -> list[str] | None:
        """None is every org."""
        return list(self.cleaned_data["orgs"]) if self.cleaned_data["limited"] else None
