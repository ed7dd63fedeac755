"""From a permission or a provider to all that it touches, with a constant number of queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.queries import impact as queries
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, Provider
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.runs.models import Watch
from tests.factories import (
    make_client,
    make_contract_version,
    make_held_permission,
    make_provider,
    make_rights,
    make_run,
    make_snapshot,
)

pytestmark = pytest.mark.django_db

START = "conversation:cobrowse:add"
VOICE = "conversation:cobrowsevoice:add"


@pytest.fixture
def acme(db: None) -> OAuthClient:
    client = make_client()
    make_snapshot(client)
    return client


def page(browser: Client, **query: str) -> str:
    answer = browser.get("/impact/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def names(permission: str) -> set[str]:
    return set(queries.clients_with_permission(permission, queries.active_clients(None)).values_list("name", flat=True))


@pytest.mark.parametrize("policy", [START, "conversation:*:add", "*:*:*", "conversation:cobrowse:*"])
def test_a_holder_is_found_by_the_policy_or_a_wildcard(acme: OAuthClient, policy: str) -> None:
    make_held_permission(acme, policy)
    make_held_permission(make_client("Other"), VOICE)
    assert names(START) == {"Acme support"}
    assert names(START.upper()) == {"Acme support"}
    assert names("conversation:cobrowse:view") == ({"Acme support"} if policy.endswith("*") else set())


def test_a_retired_client_is_not_changed(acme: OAuthClient) -> None:
    make_held_permission(acme, START)
    OAuthClient.objects.update(retired_at=timezone.now())
    assert names(START) == set()


def test_a_client_that_was_not_read_is_distinguished_from_one_without_the_permission(acme: OAuthClient) -> None:
    never, refused, veiled = make_client("Never"), make_client("Refused"), make_client("Veiled")
    make_snapshot(refused, permissions=make_rights(read={"subjects/me": "403"}))
    make_snapshot(veiled, permissions=make_rights(unread_roles=["Secret"]))
    assert queries.clients_with_unknown_permission(START, queries.active_clients(None)).names == (
        "Never",
        "Refused",
        "Veiled",
    )
    held = queries.permissions_of_clients([acme, never, refused, veiled], [START])
    states = [held[each.pk].status_of(START).state for each in (acme, never, refused, veiled)]
    assert states == [PermissionState.LACKING, PermissionState.UNREAD, PermissionState.UNREAD, PermissionState.HIDDEN]


def test_the_newest_reading_decides_what_is_known(acme: OAuthClient) -> None:
    make_snapshot(acme, permissions=make_rights(read={"subjects/me": "503"}))
    assert queries.clients_with_unknown_permission(START, queries.active_clients(None)).count == 1
    make_snapshot(acme)
    assert queries.clients_with_unknown_permission(START, queries.active_clients(None)).count == 0


def test_holders_are_counted_once_each(acme: OAuthClient) -> None:
    make_held_permission(acme, START)
    make_held_permission(acme, "conversation:*:*", role="Wide")
    make_held_permission(make_client("Other"), VOICE)
    assert queries.count_clients_with_permissions(
        [START, VOICE, "oauth:client:view"], queries.active_clients(None)
    ) == {
        START: 1,
        VOICE: 2,
        "oauth:client:view": 0,
    }


def test_roles_divisions_wildcards_and_conditions_are_shown(as_lead: Client, acme: OAuthClient) -> None:
    make_held_permission(acme, "conversation:*:add", role="Wide", division="d1", division_name="Outback")
    make_held_permission(make_client("Narrow"), START, role="Tight", is_conditional=True)
    shown = page(as_lead, permission=START)
    for part in ("Wide", "Outback", "conversation:*:add", "Tight", "<span>Allowed under a condition</span>"):
        assert part in shown


def test_what_would_fail_and_what_would_still_work_is_listed(as_lead: Client, acme: OAuthClient) -> None:
    make_held_permission(acme, START)
    both = make_client("Both")
    make_held_permission(both, START)
    make_held_permission(both, VOICE)
    shown = page(as_lead, permission=START)
    assert "<span>1 call denied</span>" in shown
    assert "<span>1 call still allowed</span>" in shown
    assert "via conversation:cobrowseVoice:add" in shown


def test_the_checks_that_need_the_permission_are_listed(as_lead: Client) -> None:
    assert "Cobrowse enabled in web deployments" in page(as_lead, permission="webDeployments:deployment:view")
    assert "None." in page(as_lead, permission=START)


def test_deployments_schedules_watches_and_runs_of_the_holders_are_listed(acme: OAuthClient) -> None:
    make_held_permission(acme, START)
    twin = make_client("Twin")
    make_held_permission(twin, START)
    soon = timezone.now() + timedelta(hours=1)
    OAuthClient.objects.filter(pk=acme.pk).update(next_sync_at=soon)
    for client in (acme, twin):
        make_provider(client, ref="same")
    make_provider(acme, ref="off", state=Provider.State.OFF)
    make_provider(acme, ref="gone", removed_at=timezone.now())
    make_provider(acme, ref="listed", source=Provider.Source.GATEWAY)
    make_provider(make_client("Stranger"), ref="elsewhere")
    run = make_run(acme, search_keys=[f"permission:{START}"])
    Watch.objects.create(run=make_run(acme), check_id="oauth.token", next_at=soon, ends_at=soon)
    Schedule.objects.create(name="hourly", client=acme, minutes=60, next_run_at=soon)
    Schedule.objects.create(name="paused", client=acme, minutes=60, paused_at=timezone.now())
    reported = queries.impact_of(
        queries.clients_with_permission(START, queries.active_clients(None)),
        queries.runs_with_permission(START.upper(), None, None),
    )
    assert (reported.deployments, reported.deployments_on, len(reported.shown_deployments)) == (2, 1, 2)
    assert (reported.synced_clients, reported.next_sync_at, reported.watches) == (1, soon, 1)
    assert ([each.name for each in reported.shown_schedules], reported.schedules) == (["hourly"], 1)
    assert ([each.pk for each in reported.runs], reported.run_count) == ([run.pk], 1)


@pytest.mark.parametrize("text", ["Conversation > Cobrowse > Add", "CONVERSATION:COBROWSE:ADD", f"  {START} "])
def test_a_permission_in_the_box_is_looked_up_in_either_notation(as_lead: Client, acme: OAuthClient, text: str) -> None:
    make_held_permission(acme, START)
    assert f'<h2 id="clients-head"><code>{START}</code></h2>' in page(as_lead, q=text)
    assert f'<h2 id="clients-head"><code>{START}</code></h2>' in page(as_lead, permission=text)


def test_words_find_permissions_and_providers(as_lead: Client, acme: OAuthClient) -> None:
    make_held_permission(acme, "routing:cobrowsequeue:view")
    provider = make_provider(acme, name="Cobrowse for the shop")
    shown = page(as_lead, q="cobrowse")
    assert "conversation:cobrowseVoice:add" in shown
    assert "routing:cobrowsequeue:view" in shown
    assert f"?provider={provider.pk}" in shown
    assert "No permission matches." in page(as_lead, q="no such words")


def test_without_a_question_the_permissions_that_matter_are_listed(as_lead: Client, acme: OAuthClient) -> None:
    make_held_permission(acme, START)
    shown = page(as_lead)
    assert START in shown
    assert "conversation:communication:view" in shown


def test_the_contract_of_a_region_knows_more_calls(as_lead: Client) -> None:
    make_contract_version(version="live 2026-11-20 feedbeef")
    assert "live 2026-11-20 feedbeef" in page(as_lead, permission=START)


def test_a_provider_leads_to_the_clients_of_its_org_alone(as_lead: Client, acme: OAuthClient) -> None:
    mine = make_provider(acme, ref="genesys", source=Provider.Source.GATEWAY)
    twin = make_client("Twin")
    make_provider(twin, ref="genesys", source=Provider.Source.GATEWAY)
    make_held_permission(twin, START)
    stranger = make_client("Stranger", org_id="another")
    other = make_provider(stranger, ref="genesys", source=Provider.Source.GATEWAY)
    run, foreign = (
        make_run(acme, search_keys=["provider:genesys"]),
        make_run(stranger, search_keys=["provider:genesys"]),
    )
    clients = queries.clients_with_provider(mine, None)
    assert [each.name for each in clients] == ["Acme support", "Twin"]
    assert queries.providers_with_same_id(mine, None) == [other]
    assert [each.pk for each in queries.runs_with_provider(mine, clients)] == [run.pk]
    shown = page(as_lead, provider=str(mine.pk))
    assert "Same ID elsewhere" in shown
    assert f"/runs/{run.pk}/" in shown
    assert f"/runs/{foreign.pk}/" not in shown


def test_clients_of_an_unknown_org_share_it_with_nobody(acme: OAuthClient) -> None:
    OAuthClient.objects.update(org_id="")
    mine = make_provider(OAuthClient.objects.get(), ref="one")
    make_provider(make_client("Other", org_id=""), ref="one")
    assert queries.clients_with_provider(mine, None).count() == 1


def test_the_same_id_of_another_source_is_a_namesake(acme: OAuthClient) -> None:
    mine = make_provider(acme, ref="one")
    visible = make_provider(acme, ref="one", source=Provider.Source.ON_CONVERSATION)
    assert queries.providers_with_same_id(mine, None) == [visible]


def test_a_provider_that_is_gone_or_of_a_retired_client_has_its_page(as_lead: Client, acme: OAuthClient) -> None:
    gone = make_provider(acme, removed_at=timezone.now())
    assert "Removed from the org" in page(as_lead, provider=str(gone.pk))
    OAuthClient.objects.update(retired_at=timezone.now())
    assert "No active client" in page(as_lead, provider=str(gone.pk))


@pytest.mark.parametrize("number", ["", "x", "-1", "999999", "9" * 400, "\x00", "٣"])
def test_a_provider_that_is_none_is_not_found(as_lead: Client, number: str) -> None:
    assert as_lead.get("/impact/", {"provider": number}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00"},
        {"q": "x" * 5_000},
        {"q": "<b>"},
        {"permission": "<b>"},
        {"permission": "conversation:cobrowse"},
        {"permission": "\x00"},
        {"permission": "x" * 5_000},
        {"permission": START, "page": "9" * 400},
        {"permission": START, "page": "\x00"},
        {"q": "%_\\"},
    ],
)
def test_odd_queries_get_an_answer(as_lead: Client, query: dict[str, str]) -> None:
    assert "<b><" not in page(as_lead, **query)


def test_strangers_sign_in_and_nothing_is_written(as_lead: Client) -> None:
    assert Client().get("/impact/").headers["Location"].startswith("/login/")
    assert as_lead.post("/impact/").status_code == 405


def fill(count: int) -> None:
    for number in range(count):
        client = make_client(f"more {number}", org_id=f"org {number % 3}")
        make_snapshot(client)
        make_held_permission(client, START)
        make_held_permission(client, "conversation:*:view", division=f"d{number}")
        make_provider(client, ref="shared")
        make_run(client, search_keys=[f"permission:{START}", "deployment:shared"])


@pytest.mark.parametrize("place", ["/impact/", f"/impact/?permission={START}", "/impact/?q=cobrowse", "provider"])
def test_more_of_everything_costs_no_more_queries(
    as_lead: Client, acme: OAuthClient, queries_of: Callable[[Client, str], int], place: str
) -> None:
    make_held_permission(acme, START)
    provider = make_provider(acme, ref="shared")
    address = f"/impact/?provider={provider.pk}" if place == "provider" else place
    fill(1)
    few = queries_of(as_lead, address)
    fill_more = 12
    OAuthClient.objects.filter(name__startswith="more").update(name="first")
    fill(fill_more)
    assert queries_of(as_lead, address) == few
    assert HeldPermission.objects.count() == 1 + 2 * (1 + fill_more)
    assert ConfigurationSync.objects.exists()


def test_clients_come_in_pages(as_lead: Client) -> None:
    fill(queries.CLIENTS_A_PAGE + 1)
    assert "page=2" in page(as_lead, permission=START)
    assert page(as_lead, permission=START, page="2").count('<th scope="row"><a href="/clients/') == 1


def test_counts_stop_at_a_limit_and_are_marked(
    as_lead: Client, acme: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_DEPLOYMENTS_COUNTED", 1)
    monkeypatch.setattr(queries, "MAX_RUNS_COUNTED", 1)
    make_held_permission(acme, START)
    for number in range(3):
        make_provider(acme, ref=f"d{number}")
        make_run(acme, search_keys=[f"permission:{START}"])
    shown = page(as_lead, permission=START)
    assert "more than 1 web deployment" in shown
    assert "more than 1 run" in shown
