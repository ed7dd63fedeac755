"""What the list of runs is narrowed to."""

from django import forms

from diagnostics import causes
from diagnostics.models import OAuthClient, Run


class RunFilterForm(forms.Form):
    """What the list of runs is narrowed to, and the run it goes on below. Lives in the query string."""

    client = forms.ModelChoiceField(
        queryset=OAuthClient.objects.defer("secret"), required=False, empty_label="Every client"
    )
    cause = forms.ChoiceField(choices=[("", "Every cause"), *causes.TITLES.items()], required=False)
    status = forms.ChoiceField(choices=[("", "Every status"), *Run.Status.choices], required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
