"""Fields and filters of forms about orgs: a quick choice of a client, and rows that the viewer can see."""

from collections.abc import Iterator
from html import escape
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.web.filters import QueryForm

PROVIDERS = Provider.objects.select_related("client").defer("client__secret", "client__verification")


class OrgQueryForm(QueryForm):
    """A query form whose fields `client` and `provider` accept only rows that the viewer can see."""

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = {
            "client": visible_clients(viewer).defer("secret", "verification"),
            "provider": visible_rows(PROVIDERS.all(), viewer),
        }
        for name in rows.keys() & self.fields.keys():
            self.fields[name].queryset = rows[name]  # type: ignore[attr-defined]


def client_field() -> "forms.ModelChoiceField[OAuthClient]":
    """Return a hidden field that links set. A select would list every client."""
    return forms.ModelChoiceField(queryset=OAuthClient.objects.none(), required=False, widget=forms.HiddenInput)


class _Names(ModelChoiceIterator):  # type: ignore[type-arg]
    """Reads only what an option shows."""

    def __iter__(self) -> Iterator[Any]:
        yield "", self.field.empty_label
        for pk, name, state in self.queryset.values_list("pk", "name", "state").iterator():
            yield pk, f"{name} (secret missing)" if state == OAuthClient.State.NO_SECRET else name


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
