"""Every page: no inline script or style, and the environment of the org."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import make_client, make_exchange, make_run

pytestmark = pytest.mark.django_db


def test_no_page_carries_inline_script_or_style(as_admin: Client) -> None:
    run = make_run()
    for place in ("/", "/clients/add/", f"/runs/{run.pk}/", "/settings/users/"):
        page = as_admin.get(place).content
        assert b"<style" not in page
        assert b" style=" not in page
        assert b"onclick" not in page
        assert b"<script>" not in page


def test_the_environment_is_shown_on_every_page_of_a_run(as_admin: Client, settings: Any) -> None:
    run = make_run(make_client(environment="production"))
    make_exchange(run)
    settings.FIELD_ENCRYPTION_KEYS = ["cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="]  # no page reads the secret
    for place in ("", "live/", "exchanges/0/"):
        page = as_admin.get(f"/runs/{run.pk}/{place}").content
        assert b"environment-production" in page, place
