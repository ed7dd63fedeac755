"""The navigation: five sections, the settings that a role may see, and tabs."""

import pytest
from django.test import Client

from diagnostics.web.templatetags.navigation import MENU, SECTION_TABS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/runs/", "/compare/", "/monitoring/schedules/"])
def test_section_of_the_page_is_marked(as_lead: Client, path: str) -> None:
    page = as_lead.get(path).content.decode()
    section = next(entry for entry in MENU if entry.contains(path))
    assert f'<a href="{section.address}" aria-current="page">{section.label}</a>' in page
    assert page.count('aria-current="page"') == 1 + page.count('class="tabs"')


def test_home_is_not_marked_on_other_pages(as_lead: Client) -> None:
    assert not MENU[0].contains("/runs/")


def test_every_entry_opens(as_admin: Client) -> None:
    entries = [*MENU, *(tab for tabs in SECTION_TABS.values() for tab in tabs)]
    assert {entry.address: as_admin.get(entry.address).status_code for entry in entries} == {
        entry.address: 200 for entry in entries
    }


def test_settings_link_leads_to_a_page_that_the_role_may_see(as_admin: Client, as_lead: Client) -> None:
    for browser in (as_admin, as_lead):
        settings = browser.get("/runs/").context["menu_settings"][0]
        assert browser.get(settings).status_code == 200


def test_every_page_has_a_description(as_lead: Client) -> None:
    assert b'<meta name="description" content="' in as_lead.get("/runs/").content
