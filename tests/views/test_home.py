"""The first page tells what to do next."""

import pytest
from django.test import Client

from tests.factories import make_client, make_run

pytestmark = pytest.mark.django_db


def test_an_admin_without_clients_is_led_to_register_one(as_admin: Client) -> None:
    assert b'href="/clients/add/"' in as_admin.get("/").content


def test_an_admin_with_a_client_can_paste_at_once(as_admin: Client) -> None:
    make_client()
    page = as_admin.get("/").content
    assert b'action="/start/"' in page
    assert b'name="call"' in page


def test_a_team_lead_sees_runs_and_clients_and_nothing_to_start(as_lead: Client) -> None:
    run = make_run()
    page = as_lead.get("/").content
    assert f"/runs/{run.pk}/".encode() in page
    assert run.client.name.encode() in page
    assert b"/start/" not in page
    assert b"/users/" not in page


def test_clients_that_need_somebody_come_first(as_lead: Client) -> None:
    make_client("A verified one")
    make_client("Z failed one", state="failed")
    page = as_lead.get("/").content
    assert page.index(b"Z failed one") < page.index(b"A verified one")


def test_the_footer_names_product_and_contract(as_lead: Client) -> None:
    page = as_lead.get("/").content.decode()
    assert "Cobrowse Doctor 0." in page
    assert "API contract" in page


def test_no_page_carries_inline_script_or_style(as_admin: Client) -> None:
    run = make_run()
    for place in ("/", "/start/", "/clients/add/", f"/runs/{run.pk}/", "/users/"):
        page = as_admin.get(place).content
        assert b"<style" not in page
        assert b" style=" not in page
        assert b"onclick" not in page
        assert b"<script>" not in page
