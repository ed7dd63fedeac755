"""Query string forms for the pages of a client's permissions and of the impact of a permission."""

from django import forms

from diagnostics.genesys import search
from diagnostics.orgs.permissions.calls import REASON_TEXTS
from diagnostics.orgs.permissions.impact import MAX_LENGTH
from diagnostics.web.form_text import NO_NUL

KNOWN, ALL = "", "all"
SEARCH = {"type": "search", "autocomplete": "off", "spellcheck": "false"}


class CallsForm(forms.Form):
    """Filters of the call list, and the role to copy."""

    q = forms.CharField(
        label="Path, id, permission or words",
        required=False,
        max_length=search.LONGEST,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs=SEARCH),
    )
    may = forms.ChoiceField(
        required=False,
        choices=[
            (KNOWN, "Those the contract tells of"),
            *((access.value, text) for access, text in REASON_TEXTS.items()),
            (ALL, "Every operation"),
        ],
    )
    role = forms.ChoiceField(required=False, choices=[("", "To be diagnosed"), ("start", "To start sessions, too")])


class ImpactForm(forms.Form):
    """A permission in either notation, or search terms for permissions and providers."""

    q = forms.CharField(
        label="Permission, or name or id of a provider",
        required=False,
        max_length=MAX_LENGTH,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={**SEARCH, "placeholder": "conversation:cobrowse:add"}),
    )
