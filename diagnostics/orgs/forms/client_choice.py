"""A choice of a client that is quick with ten thousand of them."""

from collections.abc import Iterator
from html import escape
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from diagnostics.orgs.models import OAuthClient


class _Names(ModelChoiceIterator):  # type: ignore[type-arg]
    """Reads IDs and names only."""

    def __iter__(self) -> Iterator[Any]:
        yield "", self.field.empty_label
        yield from self.queryset.values_list("pk", "name").iterator()


class LongSelect(forms.Select):
    """Writes the options in one go: Django renders a template for each."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        options = "".join(
            f'<option value="{key}"{" selected" if str(key) == chosen else ""}>{escape(str(label))}</option>'
            for key, label in self.choices
        )
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, attributes, mark_safe(options))  # noqa: S308 - escaped


class ClientChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    iterator = _Names
    widget = LongSelect

    def __init__(self, **options: Any) -> None:
        super().__init__(OAuthClient.objects.none(), empty_label="Choose a client", **options)
