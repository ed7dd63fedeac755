"""The query string form of the client list."""

from typing import Any

from django import forms
from django.http import QueryDict

from diagnostics.orgs.models import OAuthClient
from diagnostics.pages.client_queries import CLIENT_STATUSES, NO_ENVIRONMENT, ClientFilter
from diagnostics.web.form_text import NO_NUL

ENVIRONMENTS = [*((each.value, each.label) for each in OAuthClient.Environment if each), (NO_ENVIRONMENT, "Not said")]
SORTS = [("need", "Those in need first"), ("since", "Longest as it is"), ("name", "Name")]


class ClientListForm(forms.Form):
    """Filters of the client list. Invalid values are ignored and listed by `complaints`."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Client, org or region"}),
    )
    status = forms.ChoiceField(
        label="Could cobrowse work?",
        required=False,
        choices=[("", "All"), *((status.value, status.label) for status in CLIENT_STATUSES)],
    )
    environment = forms.ChoiceField(label="Used for", required=False, choices=[("", "All"), *ENVIRONMENTS])
    sort = forms.ChoiceField(label="Order", required=False, choices=SORTS)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    retired = forms.BooleanField(required=False)

    def __init__(self, query: QueryDict, *, sort: str = "need") -> None:
        data = query.copy()
        data.setdefault("sort", sort)
        super().__init__(data)
        self.query = query

    @property
    def filters(self) -> ClientFilter:
        self.is_valid()
        values: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        return ClientFilter(**values)

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("q", "status", "environment"))

    @property
    def complaints(self) -> list[str]:
        """Invalid and unknown parameters, for display."""
        invalid = [f"{name} = {self.query.get(name, '')[:60]!r}" for name in self.errors]
        return invalid + [f"{name[:60]!r}" for name in self.query if name not in self.fields][:5]

    def without(self, *names: str) -> str:
        """Return the valid query string without these parameters, ready to append another one."""
        query = self.query.copy()
        for name in (*names, *self.errors, *(unknown for unknown in self.query if unknown not in self.fields)):
            query.pop(name, None)
        text = query.urlencode()
        return f"{text}&" if text else ""

    @property
    def without_page(self) -> str:
        return self.without("page")

    @property
    def without_status(self) -> str:
        return self.without("page", "status")
