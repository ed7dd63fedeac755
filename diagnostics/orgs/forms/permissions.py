"""What of a client's rights is looked at, and what it is whose reach is asked for. Both live in the query string."""

from django import forms

from diagnostics.genesys import search
from diagnostics.orgs.permissions.calls import REASON_TEXTS
from diagnostics.orgs.permissions.impact import LONGEST
from diagnostics.web.form_text import NO_NUL

KNOWN, ALL = "", "all"
SEARCH = {"type": "search", "autocomplete": "off", "spellcheck": "false"}


class CallsForm(forms.Form):
    """Which calls are listed, and which of the two roles is shown to be copied."""

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
            *((may.value, word) for may, word in REASON_TEXTS.items()),
            (ALL, "Every operation"),
        ],
    )
    role = forms.ChoiceField(required=False, choices=[("", "To be diagnosed"), ("start", "To start sessions, too")])


class ImpactForm(forms.Form):
    """A permission in either notation, or words of one, or of a provider's name or id."""

    q = forms.CharField(
        label="Permission, or name or id of a provider",
        required=False,
        max_length=LONGEST,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={**SEARCH, "placeholder": "conversation:cobrowse:add"}),
    )
