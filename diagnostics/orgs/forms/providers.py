"""Query string forms of the provider list, the change list and the providerId search."""

import re

from django import forms

from diagnostics.orgs.forms.fields import OrgQueryForm
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.web.filters import MAX_LENGTH, QueryForm, search_field
from diagnostics.web.paging import before_field

PRESENCE = [("", "Current"), ("with", "Current and removed"), ("only", "Removed")]
SORTS = [("name", "Name"), ("changed", "Recently changed"), ("found", "Recently added")]
PROVIDER_ID_IN_BODY = re.compile(r"""["']?providerId["']?\s*[:=]\s*["']([^"']*)["']""")


class ProviderForm(QueryForm):
    """Filters and sort order of the provider list."""

    q = search_field("Name or ID")
    org = search_field("Org or client")
    source = forms.ChoiceField(choices=[("", "All"), *Provider.Source.choices], required=False)
    state = forms.ChoiceField(choices=[("", "All"), *Provider.State.choices], required=False)
    environment = forms.ChoiceField(choices=[("", "All"), *OAuthClient.Environment.choices[1:]], required=False)
    removed = forms.ChoiceField(label="Presence", choices=PRESENCE, required=False)
    sort = forms.ChoiceField(label="Order", choices=SORTS, required=False)


class ChangeForm(OrgQueryForm):
    """Filters of the change list, and the ID of the row that the page starts after."""

    q = search_field("Name, ID or setting")
    org = search_field("Org or client")
    about = forms.ChoiceField(label="Subject", choices=[("", "All"), *OrgChange.About.choices], required=False)
    kind = forms.ChoiceField(label="Change", choices=[("", "All"), *OrgChange.Kind.choices], required=False)
    provider = forms.ModelChoiceField(queryset=Provider.objects.none(), required=False, widget=forms.HiddenInput)
    before = before_field()


class MatchForm(QueryForm):
    """A providerId to search for. Surrounding white space is kept, because it can be the error."""

    id = forms.CharField(
        label="providerId",
        required=False,
        strip=False,
        max_length=MAX_LENGTH,
        error_messages={"max_length": f"Enter at most {MAX_LENGTH} characters: only the ID."},
        help_text="The ID, or the call's JSON body. We compare it with the provider list of every org.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def provider_id(self) -> str:
        """Return the ID, extracted from a pasted JSON body if there is one, or "" if the field is empty."""
        text: str = self.chosen().get("id", "")
        if found := PROVIDER_ID_IN_BODY.search(text):
            return found[1]
        return text if text.strip() else ""
