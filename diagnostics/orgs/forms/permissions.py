"""Query string forms of a client's permissions and of the impact of a permission or provider."""

from django import forms

from diagnostics.genesys import search
from diagnostics.orgs.permissions.calls import REASON_TEXTS
from diagnostics.orgs.permissions.impact import MAX_LENGTH
from diagnostics.web.filters import SEARCH_BOX, QueryForm

KNOWN, ALL = "", "all"


class CallsForm(QueryForm):
    """Filters of the call list, and the role to copy."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=search.LONGEST,
        widget=forms.TextInput(attrs=SEARCH_BOX),
    )
    may = forms.ChoiceField(
        required=False,
        choices=[
            (KNOWN, "Documented permissions only"),
            *((access.value, text) for access, text in REASON_TEXTS.items()),
            (ALL, "All"),
        ],
    )
    role = forms.ChoiceField(required=False, choices=[("", "Diagnose"), ("start", "Diagnose and start sessions")])


class ImpactForm(forms.Form):
    """A permission in either notation, or search terms for permissions and providers."""

    q = forms.CharField(
        label="Permission or provider",
        required=False,
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs={**SEARCH_BOX, "placeholder": "conversation:cobrowse:add"}),
    )
