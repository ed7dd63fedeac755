"""Which two runs to compare."""

from django import forms

LARGEST = 2**63 - 1
MESSAGES = {
    "invalid": "This is not the number of a run. Numbers stand in the list of runs and in a run's address.",
    "min_value": "This is not the number of a run. They begin at 1.",
    "max_value": "This is not the number of a run: no run has one that large.",
}


class PairForm(forms.Form):
    """Two runs by their numbers, from the address; either may be missing."""

    a = forms.IntegerField(label="First run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)
    b = forms.IntegerField(label="Second run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)
