"""The page of all checks: told by the registry, for everybody who is signed in."""

from collections.abc import Callable

import pytest
from django.test import Client

from diagnostics.checks.base import all_checks
from tests.factories import make_client

pytestmark = pytest.mark.django_db


def test_every_check_is_on_the_page_with_its_title(as_lead: Client) -> None:
    page = as_lead.get("/reference/checks/").content.decode()
    assert all(f"check-{each.id}" in page for each in all_checks())


def test_the_smallest_role_is_there_in_both_notations_to_copy(as_lead: Client) -> None:
    page = as_lead.get("/reference/checks/").content.decode()
    assert 'id="role-api"' in page
    assert 'id="role-admin"' in page
    assert "conversation:communication:view" in page
    assert "Conversation &gt; Communication &gt; View" in page


def test_the_navigation_leads_there_for_both_roles(as_admin: Client, as_lead: Client) -> None:
    for browser in (as_admin, as_lead):
        assert b'href="/reference/checks/"' in browser.get("/").content


def test_it_asks_the_database_for_the_reader_alone(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    make_client()
    assert queries_of(as_lead, "/reference/checks/") <= 3
