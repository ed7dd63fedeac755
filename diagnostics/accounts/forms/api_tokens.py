"""The form for a new API token."""

from typing import Any

from django import forms

from diagnostics.accounts.models import ApiToken, User

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
        scopes = ApiToken.Scope.choices if owner.may_run else [(ApiToken.Scope.READ.value, ApiToken.Scope.READ.label)]
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]
