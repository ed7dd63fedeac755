"""The page of the contract: what is in force, search with its state in the address, drift, and reading anew."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from diagnostics.accounts.models import User
from diagnostics.genesys.contract import bundled
from diagnostics.orgs.models import ContractVersion
from tests.factories import CONVERSATION, make_client, make_contract_version

pytestmark = pytest.mark.django_db

START = "/api/v2/conversations/{conversationId}/cobrowse"
State = ContractVersion.State


def page(browser: Client, **query: str) -> str:
    answer = browser.get("/reference/api/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_bundled_reference_is_shown_with_version_and_date(as_lead: Client) -> None:
    shown = page(as_lead)
    for part in (bundled().version, bundled().date):
        assert part in shown


def test_a_regions_own_contract_is_shown_with_its_age(as_lead: Client) -> None:
    make_contract_version(version="live 2026-11-20 feedbeef")
    shown = page(as_lead)
    assert "live 2026-11-20 feedbeef" in shown
    assert "just now" in shown


def test_a_refused_sync_shows_the_reason_and_what_remains_known(as_lead: Client) -> None:
    make_contract_version(state=State.REFUSED, document=None, error="It took too long. The contract in force stays.")
    shown = page(as_lead)
    assert "It took too long. The contract in force stays." in shown
    assert "<span>Failed</span>" in shown


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"q": "postConversationCobrowse"}, 1),
        ({"q": "post_conversation_cobrowse"}, 1),
        ({"q": "CONVERSATION:COBROWSEVOICE"}, 1),
        ({"q": f"POST {START}"}, 1),
        ({"q": "no such words"}, 0),
        ({"show": "relied", "q": "cobrowse"}, 1),
        ({"show": "deprecated", "q": "cobrowsesessions wrapupcodes"}, 1),
        ({"show": "made-up", "q": "postConversationCobrowse"}, 1),
    ],
)
def test_operations_are_found_by_path_id_and_permission(as_lead: Client, query: dict[str, str], count: int) -> None:
    assert page(as_lead, **query).count('<th scope="row"><code>') == count


def test_a_found_operation_shows_its_permissions_and_how_they_count(as_lead: Client) -> None:
    shown = page(as_lead, q="postConversationCobrowse")
    assert "Any of" in shown
    assert "conversation:cobrowseVoice:add" in shown


def test_pages_keep_the_search_in_the_address(as_lead: Client) -> None:
    shown = page(as_lead, q="conversations", page="2")
    assert "q=conversations&amp;page=1#operations" in shown
    assert "q=conversations&amp;page=3#operations" in shown


@pytest.mark.parametrize("number", ["0", "-1", "999999", "x", "9" * 400, "\x00"])
def test_a_page_that_is_not_there_is_the_nearest_one(as_lead: Client, number: str) -> None:
    assert '<th scope="row"><code>' in page(as_lead, page=number)


@pytest.mark.parametrize(
    "query", [{"q": "\x00"}, {"q": "x" * 5_000}, {"region": "nowhere"}, {"region": "\x00"}, {"q": "<b>"}]
)
def test_odd_searches_get_an_answer(as_lead: Client, query: dict[str, str]) -> None:
    assert "<b><" not in page(as_lead, **query)


def test_changes_are_reported_for_operations_the_checks_use(as_lead: Client) -> None:
    changed = [replace(each, deprecated=True) if each.path == START else each for each in bundled().operations[1:]]
    make_contract_version(contract_operations=changed)
    shown = page(as_lead, region="eu-west-1")
    assert "It is deprecated now." in shown
    assert "0 operations added, 1 removed, 1 changed." in shown


def test_a_second_reading_is_compared_with_the_first(as_lead: Client) -> None:
    make_contract_version(version="live 2026-11-01 aaaaaaaa")
    make_contract_version(version="live 2026-11-20 bbbbbbbb", contract_operations=bundled().operations[1:])
    shown = page(as_lead, region="eu-west-1")
    assert "live 2026-11-01 aaaaaaaa of 2026-11-20" in shown


def test_an_admin_has_a_region_read_in_the_background(
    as_admin: Client,
    ada: User,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_admin.post("/reference/api/refresh/", {"region": "eu-west-1"})
    version = ContractVersion.objects.get()
    assert answer.headers["Location"] == "/reference/api/?region=eu-west-1"
    assert (version.state, version.region, version.started_by) == (State.FETCHING, "eu-west-1", ada)
    assert sent_tasks == [("refresh_contract", version.pk)]


def test_one_reading_at_a_time(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    for _ in range(2):
        as_admin.post("/reference/api/refresh/", {"region": "eu-west-1"})
    assert ContractVersion.objects.count() == 1


@pytest.mark.parametrize("region", ["", "nowhere", "\x00", "http://127.0.0.1/"])
def test_what_is_no_region_is_not_read(as_admin: Client, region: str, sent_tasks: list[tuple[str, int]]) -> None:
    answer = as_admin.post("/reference/api/refresh/", {"region": region}, follow=True)
    assert b"Unknown region" in answer.content
    assert not ContractVersion.objects.exists()


def test_a_team_lead_sees_no_button(as_lead: Client) -> None:
    make_contract_version()
    assert "Refresh<span" not in page(as_lead)


def test_the_page_asks_again_only_while_something_is_read(as_lead: Client) -> None:
    assert "hx-trigger" not in page(as_lead)
    version = make_contract_version(state=State.FETCHING, document=None)
    assert 'hx-trigger="every 1s"' in page(as_lead)
    fragment = as_lead.get("/reference/api/refreshes/", headers={"HX-Request": "true"})
    assert b"Refreshing" in fragment.content
    ContractVersion.objects.filter(pk=version.pk).update(state=State.STORED)
    ended = as_lead.get("/reference/api/refreshes/", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"


def test_more_regions_cost_no_more_queries(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    make_contract_version("eu-west-1")
    few = queries_of(as_lead, "/reference/api/")
    for each in ("us-east-1", "us-west-2", "sa-east-1"):
        make_contract_version(each)
        make_client(each, region=each)
    assert queries_of(as_lead, "/reference/api/") == few


def test_a_paste_is_checked_against_the_contract_of_its_region(as_lead: Client) -> None:
    make_contract_version(contract_operations=[each for each in bundled().operations if each.path != START])
    path = START.replace("{conversationId}", CONVERSATION)
    for host, cause in (("api.mypurecloud.com", "none"), ("api.mypurecloud.ie", "path.not_in_api")):
        answer = as_lead.post("/diagnose/preview/", {"call": f"POST https://{host}{path}"})
        assert answer.context["review"].call.verdict.cause == cause
