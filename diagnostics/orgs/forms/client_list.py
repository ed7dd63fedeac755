"""Which clients a list shows: read from the query string, where anything may stand."""

from typing import Any

from django import forms
from django.http import QueryDict

from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.queries.clients import CLIENT_STATUSES, TIER_UNSAID, ClientFilter
from diagnostics.web.form_text import NO_NUL

TIERS = [*((tier.value, tier.label) for tier in OAuthClient.Tier if tier), (TIER_UNSAID, "Not said")]
SORTS = [("need", "Those in need first"), ("since", "Longest as it is"), ("name", "Name")]


class ClientListForm(forms.Form):
    """Each value by itself: one that is not understood is named by `complaints`, and the others count."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Client, org or region"}),
    )
    standing = forms.ChoiceField(
        label="Could cobrowse work?",
        required=False,
        choices=[("", "All"), *((standing.value, standing.label) for standing in CLIENT_STATUSES)],
    )
    tier = forms.ChoiceField(label="Used for", required=False, choices=[("", "All"), *TIERS])
    sort = forms.ChoiceField(label="Order", required=False, choices=SORTS)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    retired = forms.BooleanField(required=False)

    def __init__(self, query: QueryDict, *, sort: str = "need") -> None:
        data = query.copy()
        data.setdefault("sort", sort)
        super().__init__(data)
        self.query = query

    @property
    def asked(self) -> ClientFilter:
        self.is_valid()
        known: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        return ClientFilter(**known)

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("q", "standing", "tier"))

    @property
    def complaints(self) -> list[str]:
        """What of the query string was left out, in words."""
        wrong = [f"{name} = {self.query.get(name, '')[:60]!r}" for name in self.errors]
        return wrong + [f"{name[:60]!r}" for name in self.query if name not in self.fields][:5]

    def without(self, *names: str) -> str:
        """The query string as it stands but for some of its values, to put another one at its end."""
        kept = self.query.copy()
        for name in (*names, *self.errors, *(each for each in self.query if each not in self.fields)):
            kept.pop(name, None)
        text = kept.urlencode()
        return f"{text}&" if text else ""

    @property
    def without_page(self) -> str:
        return self.without("page")

    @property
    def without_standing(self) -> str:
        return self.without("page", "standing")
