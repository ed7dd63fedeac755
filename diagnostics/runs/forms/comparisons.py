"""Which two runs to compare."""

from django import forms

LARGEST = 2**63 - 1
MESSAGES = {
    "invalid": "Enter the number of a run, such as 275.",
    "min_value": "Enter the number of a run, such as 275.",
    "max_value": "No run has this number.",
}


class PairForm(forms.Form):
    """Two runs by their numbers, from the address; either may be missing."""

    a = forms.IntegerField(label="First run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)
    b = forms.IntegerField(label="Second run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)
