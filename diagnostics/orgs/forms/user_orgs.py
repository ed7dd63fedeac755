"""The form for the orgs that a user can see."""

from typing import Any, cast

from django import forms

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient


class OrgsForm(forms.Form):
    """Orgs that a user can see. A selected org without clients stays a choice, shown by its ID."""

    limited = forms.BooleanField(label="Limit to the orgs below", required=False)
    orgs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"limited": person.is_limited, "orgs": person.only_orgs})
        super().__init__(*args, **kwargs)
        rows = OAuthClient.objects.exclude(org_id="").order_by("pk").values_list("org_id", "org_name", "region")
        known = {org: org for org in person.orgs_in_sight}
        known |= {org: f"{name or org} ({region})" for org, name, region in rows}
        choice = cast("forms.MultipleChoiceField", self.fields["orgs"])
        choice.choices = [(org, known[org]) for org in sorted(known, key=lambda org: known[org].lower())]

    @property
    def chosen_orgs(self) -> list[str] | None:
        """None means every org."""
        return list(self.cleaned_data["orgs"]) if self.cleaned_data["limited"] else None
