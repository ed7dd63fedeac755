"""What a client may do, on a page: honest about what was not read, and how old it is; with the calls and the smallest role."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.demo.server import start
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.clients import latest_permission_sync
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from tests.factories import make_client, make_contract_version, make_rights, make_snapshot

pytestmark = pytest.mark.django_db

START = "conversation:cobrowse:add"
CALL = '<th scope="row"><code>'


@pytest.fixture
def acme(db: None) -> OAuthClient:
    return make_client()


def page(browser: Client, client: OAuthClient, **query: str) -> str:
    answer = browser.get(f"/clients/{client.pk}/permissions/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def reported(client: OAuthClient, /, **values: Any) -> ConfigurationSync:
    return make_snapshot(client, permissions=make_rights(**values))


def grants(*policies: str, **values: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {
        "role": "Cobrowse reader",
        "role_id": "1",
        "division": "d1",
        "division_name": "Home",
        "policies": list(policies),
        "conditional": [],
    }
    return [{**given, **values}]


def test_facts_roles_and_permissions_are_shown_to_a_team_lead(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme)
    shown = page(as_lead, acme)
    for part in (
        "Acme Insurance",
        "Client credentials",
        "24 hours",
        "300 requests/min",
        "Cobrowse reader",
        "Home",
    ):
        assert part in shown
    assert "Conversation &gt; Cobrowse &gt; Add" in shown
    assert "280 left at" in shown


def test_a_client_that_was_not_read_is_marked_and_still_offers_the_role(as_lead: Client, acme: OAuthClient) -> None:
    shown = page(as_lead, acme)
    assert "Unknown until a configuration sync" in shown
    assert 'id="calls"' not in shown
    assert "permissionPolicies" in shown


def test_grants_that_were_refused_accuse_nobody(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=[], read={"subjects/me": "503 service.unavailable"})
    shown = page(as_lead, acme)
    assert "be read" in shown
    assert "503 service.unavailable" in shown
    assert "<span>Denied</span>" not in shown.split('id="calls"')[0]


def test_a_role_that_is_not_shown_is_named(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(role="Veiled", policies=None), unread_roles=["Veiled"])
    shown = page(as_lead, acme)
    assert "Veiled" in shown
    assert "<span>Unknown</span>" in shown
    assert "<span>Denied</span>" not in shown.split('id="calls"')[0]


def test_the_catalogue_distinguishes_a_missing_license_from_a_missing_role(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(), catalogue={START: False, "conversation:cobrowsevoice:add": True})
    shown = page(as_lead, acme)
    assert shown.count("<span>Denied: not licensed</span>") >= 1
    assert "licensed for it" in shown
    assert "Add it to a role" in shown


def test_what_a_missing_permission_hides_is_listed(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(START))
    shown = page(as_lead, acme)
    assert "<span>Denied</span>" in shown
    assert "hether the conversation exists, its medium and its state" in shown


def test_an_old_sync_shows_its_age(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme)
    assert "Newer changes" not in page(as_lead, acme)
    ConfigurationSync.objects.update(finished_at=timezone.now() - timedelta(days=3))
    assert "Newer changes" in page(as_lead, acme)


def test_a_disabled_client_is_reported_first(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, client={"state": "disabled", "grant_type": "CLIENT-CREDENTIALS"})
    assert "gets no token" in page(as_lead, acme)


def test_the_newest_sync_with_data_counts(acme: OAuthClient) -> None:
    stored = reported(acme)
    make_snapshot(acme, permissions={})
    make_snapshot(acme, state=ConfigurationSync.State.FAILED, permissions=make_rights())
    assert latest_permission_sync(acme) == stored
    assert latest_permission_sync(make_client("Other")) is None


@pytest.mark.parametrize(
    ("query", "code", "is_listed"),
    [
        ({"q": "postConversationCobrowse"}, "Allowed", True),
        ({"q": "postConversationCobrowse", "may": "may"}, "Allowed", True),
        ({"q": "postConversationCobrowse", "may": "may_not"}, "", False),
        ({"q": "getOauthClients", "may": "may_not"}, "Denied", True),
        ({"q": "getRoutingQueues"}, "", False),
        ({"q": "getRoutingQueues", "may": "unknown"}, "Unknown", True),
        ({"q": "getRoutingQueues", "may": "all"}, "Unknown", True),
    ],
)
def test_calls_are_found_and_filtered_by_answer(
    as_lead: Client, acme: OAuthClient, query: dict[str, str], code: str, is_listed: bool
) -> None:
    reported(acme, grants=grants(START))
    shown = page(as_lead, acme, **query)
    assert (CALL in shown) is is_listed
    assert not code or f"<span>{code}</span>" in shown


def test_a_call_under_a_condition_is_a_kind_of_its_own(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(conditional=[START]))
    shown = page(as_lead, acme, q="postConversationCobrowse", may="condition")
    assert "<span>Allowed under a condition</span>" in shown


def test_divisions_of_a_call_are_shown(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(START, division_name="Outback"))
    assert "Only in Outback" in page(as_lead, acme, q="postConversationCobrowse")


def test_pages_and_the_chosen_role_stay_in_the_address(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme)
    shown = page(as_lead, acme, may="all", role="start", page="2")
    assert "may=all&amp;role=start&amp;page=3#calls" in shown
    assert '<input type="hidden" name="role" value="start">' in shown
    assert "may=may_not#calls" in shown


def test_the_smallest_role_starts_sessions_only_where_asked(as_lead: Client, acme: OAuthClient) -> None:
    assert "cobrowseVoice" not in page(as_lead, acme).split('id="role-body"')[1]
    assert "cobrowseVoice" in page(as_lead, acme, role="start").split('id="role-body"')[1]


def test_the_regions_own_contract_is_the_one_that_counts(as_lead: Client, acme: OAuthClient) -> None:
    make_contract_version(acme.region, version="live 2026-11-20 feedbeef")
    reported(acme)
    assert "live 2026-11-20 feedbeef" in page(as_lead, acme)


def test_scopes_are_judged_only_behind_a_gateway(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, client={"grant_type": "CLIENT-CREDENTIALS", "scopes": ["conversation:write"]})
    assert "apply to client credentials" in page(as_lead, acme)
    OAuthClient.objects.update(gateway=True)
    shown = page(as_lead, acme)
    assert shown.count("missing: the gateway returns 404") == 1


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00"},
        {"q": "x" * 5_000},
        {"may": "\x00"},
        {"may": "nonsense"},
        {"role": "root"},
        {"page": "9" * 400},
        {"page": "\x00"},
        {"q": "<b>"},
    ],
)
def test_odd_queries_get_an_answer(as_lead: Client, acme: OAuthClient, query: dict[str, str]) -> None:
    reported(acme)
    assert "<b><" not in page(as_lead, acme, **query)


@pytest.mark.parametrize(
    "rights", [{"grants": [3]}, {"grants": {"a": 1}}, {"limits": {"platform.api": 3}, "client": "x"}, {"read": [1]}]
)
def test_an_odd_reading_breaks_nothing(as_lead: Client, acme: OAuthClient, rights: dict[str, Any]) -> None:
    make_snapshot(acme, permissions=rights)
    assert "Roles and divisions" in page(as_lead, acme)


def test_what_an_org_names_is_never_markup(as_lead: Client, acme: OAuthClient) -> None:
    reported(acme, grants=grants(START, role="<script>alert(1)</script>", division_name="<b>Home</b>"))
    shown = page(as_lead, acme)
    assert "<script>alert" not in shown
    assert "<b>Home" not in shown


def test_strangers_sign_in_and_nothing_is_written(acme: OAuthClient, as_lead: Client) -> None:
    place = f"/clients/{acme.pk}/permissions/"
    assert Client().get(place).headers["Location"].startswith("/login/")
    assert as_lead.post(place).status_code == 405
    assert as_lead.get("/clients/999999/permissions/").status_code == 404


def test_more_roles_and_readings_cost_no_more_queries(
    as_lead: Client, acme: OAuthClient, queries_of: Callable[[Client, str], int]
) -> None:
    reported(acme)
    place = f"/clients/{acme.pk}/permissions/?may=all"
    few = queries_of(as_lead, place)
    for number in range(5):
        reported(
            acme, grants=[each for role in range(40) for each in grants(START, role=f"r{role}", division=f"d{number}")]
        )
    assert queries_of(as_lead, place) == few


def test_a_demo_org_is_described_by_a_real_sync(as_lead: Client, settings: Any) -> None:
    running = start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    try:
        org = running.orgs["published"].orgs[0]
        narrow = next(each for each in org.clients if each.name == "Demo: role with a condition")
        client = make_client(
            "Narrow", region="demo-published", client_id=narrow.id, secret=narrow.secret, org_id=org.id
        )
        snapshot = start_sync(client, source=ConfigurationSync.Source.WEB, user=None)
        assert snapshot is not None
        run_sync(snapshot.pk)
        shown = page(as_lead, client, q="postConversationCobrowse")
    finally:
        running.stop()
    assert "Cobrowse in some queues" in shown
    assert "<span>Allowed under a condition</span>" in shown
