"""The choice of a client, which writes its options itself."""

import pytest
from django import forms

from diagnostics.orgs.forms.fields import ClientChoiceField
from diagnostics.orgs.models import OAuthClient
from tests.factories import make_client

pytestmark = pytest.mark.django_db


class ChoiceForm(forms.Form):
    client = ClientChoiceField()


def test_options_are_escaped_and_the_chosen_one_is_selected() -> None:
    chosen, other = make_client("<b>Larkspur"), make_client("Other & more")
    form = ChoiceForm(initial={"client": chosen.pk})
    form.fields["client"].queryset = OAuthClient.objects.all()  # type: ignore[attr-defined]
    html = str(form["client"])
    assert f'<option value="{chosen.pk}" selected>&lt;b&gt;Larkspur</option>' in html
    assert f'<option value="{other.pk}">Other &amp; more</option>' in html
    assert 'id="id_client"' in html and "required" in html
