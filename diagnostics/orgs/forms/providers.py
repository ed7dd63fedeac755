"""Query string forms of the provider list, the change list and the providerId search."""

import re
from typing import Any

from django import forms

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.orgs.queries.org_changes import ChangeFilter
from diagnostics.orgs.queries.providers import ProviderFilter
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.web.filters import FilterForm
from diagnostics.web.form_text import NO_NUL

MAX_LENGTH = 200
PRESENCE = [("", "There now"), ("with", "There and gone"), ("only", "Gone")]
SORTS = [("name", "Name"), ("changed", "Changed last"), ("found", "Found last")]
PROVIDERS = Provider.objects.select_related("client").defer("client__secret", "client__verification")
PROVIDER_ID_IN_BODY = re.compile(r"""["']?providerId["']?\s*[:=]\s*["']([^"']*)["']""")


class QueryStringForm(FilterForm):
    """A filter form whose clients and providers are those that the viewer may see."""

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = {
            "client": visible_clients(viewer).defer("secret", "verification"),
            "provider": visible_rows(PROVIDERS.all(), viewer),
        }
        for name in rows.keys() & self.fields.keys():
            self.fields[name].queryset = rows[name]  # type: ignore[attr-defined]


def search_field(label: str) -> forms.CharField:
    attributes = {"type": "search", "autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(
        label=label,
        required=False,
        max_length=MAX_LENGTH,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs=attributes),
    )


def client_field() -> "forms.ModelChoiceField[OAuthClient]":
    """Return a hidden field that links set. A select would list every client."""
    return forms.ModelChoiceField(queryset=OAuthClient.objects.none(), required=False, widget=forms.HiddenInput)


class ProviderForm(QueryStringForm):
    """Filters and sort order of the provider list."""

    other_parameters = ("after", "before", "last")

    q = search_field("Name or id")
    org = search_field("Org or client")
    source = forms.ChoiceField(choices=[("", "Every source"), *Provider.Source.choices], required=False)
    state = forms.ChoiceField(choices=[("", "Every state"), *Provider.State.choices], required=False)
    environment = forms.ChoiceField(
        label="Used for", choices=[("", "Any use"), *OAuthClient.Environment.choices[1:]], required=False
    )
    gone = forms.ChoiceField(label="Whether there", choices=PRESENCE, required=False)
    sort = forms.ChoiceField(label="Sorted by", choices=SORTS, required=False)
    client = client_field()

    def filter(self) -> ProviderFilter:
        return ProviderFilter(**self.chosen())


class ChangeForm(QueryStringForm):
    """Filters of the change list, and the ID of the row that the page starts after."""

    q = search_field("Name, id or setting")
    org = search_field("Org or client")
    about = forms.ChoiceField(label="Of", choices=[("", "Everything"), *OrgChange.About.choices], required=False)
    kind = forms.ChoiceField(label="What", choices=[("", "Every change"), *OrgChange.Kind.choices], required=False)
    client = client_field()
    provider = forms.ModelChoiceField(queryset=Provider.objects.none(), required=False, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def filter(self) -> ChangeFilter:
        return ChangeFilter(**{name: value for name, value in self.chosen().items() if name != "before"})

    def before_row(self) -> int | None:
        before: int | None = self.chosen().get("before")
        return before


class MatchForm(QueryStringForm):
    """A providerId to search for. Surrounding white space is kept, because it can be the error."""

    other_parameters = ("page",)

    id = forms.CharField(
        label="providerId",
        required=False,
        strip=False,
        max_length=MAX_LENGTH,
        error_messages={
            **NO_NUL,
            "max_length": f"A providerId is short; this text is longer than {MAX_LENGTH} characters. Paste the id alone.",
        },
        help_text="The id alone, or the call's JSON body.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    client = client_field()

    def provider_id(self) -> str:
        """Return the ID, extracted from a pasted JSON body if there is one, or "" if the field is empty."""
        text: str = self.chosen().get("id", "")
        if found := PROVIDER_ID_IN_BODY.search(text):
            return found[1]
        return text if text.strip() else ""
