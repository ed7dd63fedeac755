"""The navigation: five sections, the settings that a role may see, and tabs."""

import re
from html import unescape

import pytest
from django.test import Client

from diagnostics.web.templatetags.navigation import MENU, SECTION_TABS
from tests.factories import make_issue, make_run

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


SECRET = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"


def test_printed_address_has_only_parameters_that_hold_no_typed_text(as_lead: Client) -> None:
    page = as_lead.get(f"/runs/?cause=wrong&sort=oldest&q=plain-secret&password=plain-secret&target={SECRET}")
    (printed,) = re.findall(r'class="print-line">(.*?) ·', page.content.decode())
    assert unescape(printed).split("?")[1].split("&")[:2] == ["cause=wrong", "sort=oldest"]
    assert "plain-secret" not in printed
    assert SECRET not in printed


def test_changes_of_a_prediction_are_not_printed(as_lead: Client) -> None:
    run = make_run()
    issue = make_issue(run.client, last_run=run)
    page = as_lead.get(f"/issues/{issue.pk}/what-if/", {"change": '["header", "plain-secret", "X-Api-Key"]'})
    assert f"http://testserver/issues/{issue.pk}/what-if/ ·" in page.content.decode()
    assert "plain-secret" not in page.content.decode()
