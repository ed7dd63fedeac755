"""The reference of causes: every cause has a page and a Markdown file with the same text, open without signing in."""

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import Settings

from diagnostics.checks.base import NODES
from diagnostics.engine.causes import CAUSES, NONE, TITLES, UNDETERMINED
from diagnostics.engine.causes.cause import Cause
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES
from diagnostics.genesys.contract import bundled
from diagnostics.reference import accuracy, why_404
from diagnostics.reference.markdown import cause_markdown, related_to, why_404_markdown

pytestmark = pytest.mark.django_db

EVERY_CAUSE = [pytest.param(cause, id=code) for code, cause in CAUSES.items()]
PAGES = (
    "/reference/causes/",
    "/reference/causes/path.not_in_api/",
    "/reference/causes/path.not_in_api.md",
    "/reference/why-404/",
    "/reference/why-404.md",
    "/reference/accuracy/",
    "/reference/accuracy.md",
)


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_every_cause_of_a_rule_has_a_page() -> None:
    rules = (*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS))
    assert {rule.cause for rule in rules} | {rule.cause for rule in PROBLEM_RULES} == set(CAUSES)
    assert set(TITLES) == {*CAUSES, NONE, UNDETERMINED}


@pytest.mark.parametrize("cause", EVERY_CAUSE)
def test_cause_has_all_its_texts(cause: Cause) -> None:
    assert all((cause.title, cause.meaning, cause.evidence, cause.fix, cause.myth, cause.response))
    assert cause.node in NODES
    assert related_to(cause)


@pytest.mark.parametrize("cause", EVERY_CAUSE)
def test_operations_and_permissions_of_a_cause_are_published(cause: Cause) -> None:
    contract = bundled()
    published = [text for text in cause.operations if not text.endswith(("/oauth/token", "/cobrowse/providers"))]
    assert [text for text in published if contract.operation(*text.split(" ")) is None] == []
    known = {permission for operation in contract.operations for permission in operation.permissions}
    assert set(cause.permissions) <= known


@pytest.mark.parametrize("cause", EVERY_CAUSE)
def test_page_and_markdown_have_the_same_text(cause: Cause, client: Client) -> None:
    page = unescape(strip_tags(read(client, reverse("cause", args=[cause.code]))))
    markdown = read(client, reverse("cause-markdown", args=[cause.code])).replace("`", "").replace("\\<", "<")
    for text in (cause.title, cause.code, cause.meaning, cause.evidence, cause.myth, cause.response, *cause.fix):
        assert text in page
        assert text in markdown


def test_list_links_every_cause(client: Client) -> None:
    page = read(client, "/reference/causes/")
    assert [code for code in CAUSES if f'href="/reference/causes/{code}/"' not in page] == []


def test_404_page_lists_its_causes_in_order(client: Client) -> None:
    page = unescape(strip_tags(read(client, "/reference/why-404/")))
    for text in (page, why_404_markdown().replace("`", "")):
        position = text.index("Causes, most common first")
        for cause in why_404.CAUSES_OF_A_404:
            position = text.index(cause.title, position)
        assert "/api/v2/conversations/{conversationId}/cobrowse" in text


def test_accuracy_has_every_figure_on_the_page_and_in_markdown(client: Client) -> None:
    page, markdown = strip_tags(read(client, "/reference/accuracy/")), read(client, "/reference/accuracy.md")
    for figures in accuracy.read():
        assert figures.cases_file in page and figures.cases_file in markdown
        for _, value in figures.cells:
            assert value in page and value in markdown


@pytest.mark.parametrize("address", PAGES)
def test_reference_can_be_read_without_signing_in(address: str, client: Client, as_lead: Client) -> None:
    read(client, address)
    read(as_lead, address)


@pytest.mark.parametrize("address", [*PAGES, "/reference/"])
def test_operator_can_close_the_reference(address: str, settings: Settings, client: Client, as_lead: Client) -> None:
    settings.PUBLIC_REFERENCE = False
    response = client.get(address)
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/login/")
    assert as_lead.get(address, follow=True).status_code == 200


@pytest.mark.parametrize("address", PAGES)
def test_reference_is_for_reading_only(address: str, client: Client) -> None:
    assert client.post(address).status_code == 405


def test_reference_leads_to_the_causes(client: Client) -> None:
    assert client.get("/reference/").headers["Location"] == "/reference/causes/"


@pytest.mark.parametrize("code", ["none", "undetermined", "path.unheard_of", "%00", "é" * 400, "..%2f..%2fetc"])
def test_unknown_cause_is_not_found(code: str, client: Client) -> None:
    assert client.get(f"/reference/causes/{code}/").status_code == 404
    assert client.get(f"/reference/causes/{code}.md").status_code == 404


def test_markdown_escapes_what_reads_as_html() -> None:
    text = cause_markdown(CAUSES["host.wrong_region"])
    assert "login.\\<domain>" in text


def test_page_has_a_description_of_its_own(client: Client) -> None:
    assert '<meta name="description" content="The call goes to a path' in read(client, PAGES[1])


def test_public_page_shows_no_menu_of_the_product(client: Client) -> None:
    page = read(client, PAGES[1])
    assert 'aria-label="Reference"' not in page
    assert reverse("runs") not in page
