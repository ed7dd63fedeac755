"""Filters of lists that show rows of orgs."""

from typing import Any

from django import forms

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
