"""Which contract is looked at, and a region whose own one is to be read."""

from typing import Any, cast

from django import forms

from diagnostics.genesys import search
from diagnostics.genesys.regions import all_regions
from diagnostics.web.form_text import NO_NUL


class ContractForm(forms.Form):
    """Which contract is looked at, what is looked for in it, and the page. Lives in the query string."""

    region = forms.ChoiceField(required=False)
    q = forms.CharField(
        label="Words",
        required=False,
        max_length=search.LONGEST,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    show = forms.ChoiceField(choices=list(search.SHOWN.items()), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(each.key, f"{each.name}, {each.key}") for each in all_regions()]
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [("", "Bundled with the product"), *known]


class RegionForm(forms.Form):
    """A region whose contract is to be read."""

    region = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [(each.key, f"{each.name}, {each.key}") for each in all_regions()]
