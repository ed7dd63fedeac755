"""Numbered pages and cursors lead through everything once."""

import pytest

from tests.demo.conftest import Visitor

DEPLOYMENTS = "/api/v2/webdeployments/deployments"


def test_numbered_pages_hold_the_whole_catalogue_once(published: Visitor) -> None:
    uri, domains = "/api/v2/authorization/permissions?pageSize=5", []
    while uri:
        page = published.ask(uri).json()
        domains += [entity["domain"] for entity in page["entities"]]
        uri = page.get("nextUri", "")
    assert len(domains) == len(set(domains)) == page["total"] > 5


def test_a_page_after_the_last_is_empty(published: Visitor) -> None:
    page = published.ask("/api/v2/authorization/permissions?pageSize=5&pageNumber=99").json()
    assert page["entities"] == []
    assert "nextUri" not in page


def test_cursors_lead_there_and_back(published: Visitor) -> None:
    first = published.ask(f"{DEPLOYMENTS}?pageSize=4&expand=Configuration").json()
    second = published.ask(first["nextUri"]).json()
    back = published.ask(second["previousUri"]).json()
    assert [len(first["entities"]), len(second["entities"])] == [4, 2]
    assert "nextUri" not in second
    assert back["entities"] == first["entities"]


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=-1", "pageSize=many", "after=%00", "before=nonsense"])
def test_a_paging_value_that_is_none_is_refused(published: Visitor, query: str) -> None:
    answer = published.ask(f"{DEPLOYMENTS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid.value")
