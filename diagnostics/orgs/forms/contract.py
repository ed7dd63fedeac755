"""Forms to search a contract and to refresh the contract of a region."""

from typing import Any, cast

from django import forms

from diagnostics.genesys import search
from diagnostics.genesys.regions import all_regions
from diagnostics.web.filters import SEARCH_BOX, QueryForm


class ContractSearchForm(QueryForm):
    """A region's contract and a search in it, from the query string."""

    region = forms.ChoiceField(required=False)
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=search.LONGEST,
        widget=forms.TextInput(attrs=SEARCH_BOX),
    )
    show = forms.ChoiceField(choices=list(search.SHOWN.items()), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(region.key, f"{region.name}, {region.key}") for region in all_regions()]
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [("", "All regions (bundled)"), *known]


class RegionForm(forms.Form):
    """The region whose contract is refreshed."""

    region = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [(region.key, f"{region.name}, {region.key}") for region in all_regions()]
