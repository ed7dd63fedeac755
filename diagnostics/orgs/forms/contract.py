"""Forms to search a contract and to refresh the contract of a region."""

from django import forms

from diagnostics.genesys import search
from diagnostics.genesys.regions import all_regions
from diagnostics.web.filters import QueryForm, search_field


def region_choices() -> list[tuple[str, str]]:
    return [(region.key, f"{region.name}, {region.key}") for region in all_regions()]


class ContractSearchForm(QueryForm):
    """A region's contract and a search in it, from the query string."""

    region = forms.ChoiceField(choices=lambda: [("", "All regions (bundled)"), *region_choices()], required=False)
    q = search_field("Search")
    show = forms.ChoiceField(choices=list(search.SHOWN.items()), required=False)


class RegionForm(forms.Form):
    """The region whose contract is refreshed."""

    region = forms.ChoiceField(choices=region_choices)
