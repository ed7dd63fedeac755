"""The filters of lists: a form read from the query string, and what its template needs."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest


class FilterForm(forms.Form):
    """A form read from the query string. Invalid values are ignored and reported by `left_out`."""

    other_parameters: tuple[str, ...] = ()  # expected parameters that aren't fields

    def chosen(self) -> dict[str, Any]:
        """Return the valid values that aren't empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Yield the name and value of each invalid or unknown parameter, shortened for display."""
        for name in self.data:
            if name in self.errors or name not in {*self.fields, *self.other_parameters}:
                yield str(name)[:40], str(self.data.get(name))[:60].replace("\x00", " ")


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
        "left_out": list(form.left_out()) if isinstance(form, FilterForm) else [],
    }
