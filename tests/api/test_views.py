"""The page about the API: every call and object of the document, without a script."""

import pytest
from django.test import Client

from diagnostics.api.guide import documented_schemas, operation_groups
from diagnostics.api.v1 import document

pytestmark = pytest.mark.django_db


def test_every_call_and_object_of_the_document_is_on_the_page(as_lead: Client) -> None:
    page = as_lead.get("/api/").content.decode()
    reported = document()
    calls = [call for operations in operation_groups(reported).values() for call in operations]
    assert len(calls) == sum(len(methods) for methods in reported["paths"].values())
    missing = [f'id="{each}"' for each in (call["anchor"] for call in calls) if f'id="{each}"' not in page]
    assert missing == []
    assert [shape for shape in documented_schemas(reported) if f'id="shape-{shape["name"]}"' not in page] == []


def test_every_link_within_the_page_leads_somewhere(as_lead: Client) -> None:
    page = as_lead.get("/api/").content.decode()
    targets = {each.split('"')[0] for each in page.split('href="#')[1:]}
    assert {each for each in targets if f'id="{each}"' not in page} == set()


def test_there_is_no_script_within_the_page(as_lead: Client) -> None:
    page = as_lead.get("/api/").content.decode()
    assert [part for part in page.split("<script")[1:] if not part.startswith(" src=")] == []


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    assert client.get("/api/").status_code == 302


def test_it_is_only_read(as_lead: Client) -> None:
    assert as_lead.post("/api/").status_code == 405
