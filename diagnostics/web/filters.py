"""The filters of lists: a form read from the query string, and what its template needs."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

PAGING = ("page", "before", "after", "last")
MAX_LENGTH = 200
SEARCH_BOX = {"type": "search", "autocomplete": "off", "spellcheck": "false"}


class QueryForm(forms.Form):
    """Filters from the query string. Invalid values are ignored, and `left_out` lists them for the page."""

    not_filters: tuple[str, ...] = ("sort",)  # fields that don't narrow the list

    def chosen(self) -> dict[str, Any]:
        """Return the valid values that aren't empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", False)}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.chosen().keys() - {*self.not_filters, *PAGING})

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Yield the name and value of each invalid or unknown parameter, shortened for display."""
        self.is_valid()
        for name in self.data:
            if name in self.errors or name not in {*self.fields, *PAGING}:
                yield str(name)[:40], str(self.data.get(name))[:60].replace("\x00", " ")

    def query_string(self, *without: str) -> str:
        """Return the valid parameters, ready to append another one: "" or "q=acme&". Paging is left out."""
        query = QueryDict(mutable=True)
        for name in self.data:
            if name in self.fields and name not in (*self.errors, *without, *PAGING) and self.data.get(name):
                query[name] = self.data[name]
        return f"{query.urlencode()}&" if query else ""


def search_field(label: str, placeholder: str = "") -> forms.CharField:
    attributes = {**SEARCH_BOX, **({"placeholder": placeholder} if placeholder else {})}
    return forms.CharField(
        label=label,
        required=False,
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs=attributes),
    )


def filter_context(form: forms.Form, request: HttpRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of a list's filter form that are set, and the template context of its filters and paging."""
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    query = request.GET.copy()
    query.pop("before", None)
    is_filtered = bool(filters.keys() - {"before"})
    return filters, {
        "form": form,
        "query_string": query.urlencode(),
        "is_filtered": is_filtered,
        "narrowed": is_filtered,
        "left_out": list(form.left_out()) if isinstance(form, QueryForm) else [],
    }
