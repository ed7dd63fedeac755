"""The form for a new API token."""

from typing import Any

from django import forms

from diagnostics.accounts.api_tokens import allowed_scopes
from diagnostics.accounts.models import User

DAYS = {7: "One week", 30: "30 days", 90: "90 days", 365: "One year"}


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=120,
        help_text="The program that uses it, such as nightly build.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(label="Scope")
    days = forms.TypedChoiceField(label="Expires after", choices=list(DAYS.items()), coerce=int, initial=90)

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = [(scope.value, scope.label) for scope in allowed_scopes(owner)]
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]
