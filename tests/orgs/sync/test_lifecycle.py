"""Readings of an org: what they keep, what they call a change, and how they end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.demo.orgs import DemoOrg
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import start_verification, verify_client
from diagnostics.orgs.models import AccessToken, ConfigurationSync, HeldPermission, OAuthClient, OrgChange, Provider
from diagnostics.orgs.sync import lifecycle
from diagnostics.orgs.sync.lifecycle import due_syncs, run_sync, start_sync
from diagnostics.runs.close import store_seen_providers
from diagnostics.web.refusals import ActionRefused
from tests.factories import make_client, make_finding, make_provider, make_run, make_snapshot
from tests.orgs.sync.demo_sync import changes_of, demo_org, deployment, gateway_client, resume_sync, sync

pytestmark = pytest.mark.django_db(transaction=True)
State = ConfigurationSync.State


def part_of(snapshot: ConfigurationSync, name: str) -> dict[str, Any]:
    return next(each for each in snapshot.parts if each["part"] == name)


@pytest.fixture
def org(demo: Running) -> DemoOrg:
    return demo_org(demo)


# ---------------------------------------------------------------------- what is stored


def test_a_reading_shows_deployments_rights_and_drafts(demo_client: OAuthClient) -> None:
    snapshot = sync(demo_client)
    assert snapshot.state == State.COMPLETE, snapshot.parts
    assert [each["part"] for each in snapshot.parts] == ["rights", "gateway", "deployments", "settings", "drafts"]
    states = dict(Provider.objects.filter(client=demo_client).values_list("name", "state"))
    assert (states["Website"], states["Careers page"], states["Old shop"]) == ("on", "off", "inactive")
    assert snapshot.permissions["catalogue"]["conversation:cobrowse:add"] is True
    assert snapshot.permissions["divisions"] == 3
    assert HeldPermission.objects.filter(client=demo_client, permission="conversation:cobrowse:add").count() == 2


def test_settings_are_those_of_the_version_in_use(demo_client: OAuthClient) -> None:
    sync(demo_client)
    checkout = deployment("Checkout")
    assert checkout.channels == ["Webmessaging"]
    assert checkout.version == "7"
    assert "#card-cvc" in checkout.settings["maskSelectors"]
    assert checkout.settings["pauseCriteria"][0] == {"urlFragment": "/payment", "condition": "Includes"}
    assert checkout.settings["allowedDomains"][0] == "checkout.brightwater.example"


def test_a_draft_that_is_not_published_is_reported(demo_client: OAuthClient) -> None:
    sync(demo_client)
    careers = deployment("Careers page")
    assert careers.draft_is_newer
    assert careers.settings["draft"]["different"] == ["enabled", "channels"]
    assert deployment("Website").draft_is_newer is False


def test_a_gateway_s_list_is_read(demo: Running) -> None:
    client = gateway_client(demo)
    snapshot = sync(client)
    assert (snapshot.state, part_of(snapshot, "gateway")["items"]) == (State.COMPLETE, 3)
    found = dict(Provider.objects.filter(client=client, source="gateway").values_list("ref", "state"))
    assert found == {"genesys": "on", "surfly-eu": "on", "legacy-share": "off"}
    client.refresh_from_db()
    assert client.gateway is True


def test_no_gateway_is_absent_and_no_fault(demo_client: OAuthClient) -> None:
    snapshot = sync(demo_client)
    assert part_of(snapshot, "gateway")["state"] == "absent"
    assert snapshot.state == State.COMPLETE


def test_nothing_secret_is_stored(demo_client: OAuthClient, demo: Running) -> None:
    snapshot = sync(demo_client)
    stored = str([snapshot.permissions, snapshot.parts, snapshot.progress, *Provider.objects.values()])
    assert demo_client.secret not in stored
    assert not [token for token in demo.issued_tokens if token in stored]


def test_the_token_is_shared_with_the_runs(demo_client: OAuthClient) -> None:
    sync(demo_client)
    assert AccessToken.objects.filter(client=demo_client).exists()


def test_a_client_without_rights_is_reported_what_was_refused(demo_client: OAuthClient, org: DemoOrg) -> None:
    org.update_client(demo_client.client_id, grants=())
    snapshot = sync(demo_client)
    assert snapshot.state == State.PARTIAL
    assert part_of(snapshot, "deployments")["code"] == "no_permission"
    assert part_of(snapshot, "drafts")["state"] == "refused"
    assert snapshot.permissions["grants"] == []
    assert snapshot.permissions["read"]["oauth/clients"].startswith("403")


# ---------------------------------------------------------------------- what became different


def test_the_first_reading_calls_nothing_a_change(demo_client: OAuthClient) -> None:
    sync(demo_client)
    assert not OrgChange.objects.exclude(about=OrgChange.About.STATUS).exists()


def test_an_unchanged_org_has_no_changes(demo_client: OAuthClient) -> None:
    sync(demo_client)
    assert changes_of(sync(demo_client)) == []


def test_cobrowse_switched_off_is_a_change_with_its_time(demo_client: OAuthClient, org: DemoOrg) -> None:
    before = sync(demo_client)
    org.publish(deployment("Website").settings["configuration"]["id"], enabled=False)
    after = sync(demo_client)
    assert ("Website", "disabled", "enabled") in changes_of(after)
    change = OrgChange.objects.get(sync=after, name="Website", kind="disabled")
    assert (change.before, change.after) == (True, False)
    assert change.not_before is not None
    assert before.created_at < change.not_before < change.at
    assert deployment("Website").state == "off"
    assert after.changes == len(changes_of(after))


def test_a_setting_s_change_shows_from_what_to_what(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    org.publish(deployment("Checkout").settings["configuration"]["id"], maskSelectors=["#new", "#card-number"])
    change = OrgChange.objects.get(sync=sync(demo_client), setting="maskSelectors")
    assert "#card-cvc" in str(change.before)
    assert change.after == ["#new", "#card-number"]


def test_a_list_in_another_order_is_no_change(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    selectors = deployment("Checkout").settings["maskSelectors"]
    org.publish(deployment("Checkout").settings["configuration"]["id"], maskSelectors=selectors[::-1])
    assert {setting for _, _, setting in changes_of(sync(demo_client))} == {"version"}


def test_a_deployment_appears_vanishes_and_comes_back(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    ref, remaining = deployment("Partner portal").ref, org.deployments
    org.remove_deployment(ref)
    assert changes_of(sync(demo_client)) == [("Partner portal", "vanished", "")]
    assert deployment("Partner portal").removed_at is not None
    org.deployments = remaining
    assert changes_of(sync(demo_client)) == [("Partner portal", "returned", "")]
    assert deployment("Partner portal").removed_at is None
    org.add_deployments(1)
    assert [kind for _, kind, _ in changes_of(sync(demo_client))] == ["appeared"]


def test_a_draft_that_was_edited_and_published_is_reported(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    configuration = deployment("Help centre").settings["configuration"]["id"]
    org.edit_draft(configuration, channels=["Voice", "Webmessaging"])
    assert changes_of(sync(demo_client)) == [("Help centre", "changed", "draft")]
    org.publish(configuration, channels=["Voice", "Webmessaging"])
    result = {setting for _, _, setting in changes_of(sync(demo_client))}
    assert result == {"version", "channels", "draft"}


def test_a_role_that_was_removed_away_is_a_change(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    grants = org.client(demo_client.client_id).grants  # type: ignore[union-attr]
    org.update_client(demo_client.client_id, grants=grants[:1])
    after = sync(demo_client)
    change = OrgChange.objects.get(sync=after, about="grant")
    assert (change.kind, change.before) == ("vanished", "Support EMEA")
    assert set(HeldPermission.objects.values_list("division_name", flat=True)) == {"Home"}


def test_scopes_and_token_life_are_changes(demo: Running) -> None:
    client = gateway_client(demo)
    sync(client)
    org = demo_org(demo, "gateway")
    org.update_client(client.client_id, scopes=("conversation:read",), validity=3_600)
    result = {setting for _, _, setting in changes_of(sync(client))}
    assert result == {"scopes", "token_seconds"}


def test_what_was_not_read_whole_before_cannot_appear(demo_client: OAuthClient, org: DemoOrg) -> None:
    grants = org.client(demo_client.client_id).grants  # type: ignore[union-attr]
    org.update_client(demo_client.client_id, grants=())
    sync(demo_client)
    org.update_client(demo_client.client_id, grants=grants)
    after = sync(demo_client)
    assert Provider.objects.filter(client=demo_client).count() == 6
    result = OrgChange.objects.filter(sync=after).exclude(about=OrgChange.About.STATUS)
    assert set(result.values_list("about", flat=True)) == {"grant"}


def test_a_provider_that_left_the_gateway_s_list_is_gone_the_second_time(demo: Running) -> None:
    client = gateway_client(demo)
    sync(client)
    endpoint = demo.orgs["gateway"]
    endpoint.providers = tuple(each for each in endpoint.providers if each.id != "surfly-eu")
    assert changes_of(sync(client)) == []
    assert changes_of(sync(client)) == [("Surfly Europe", "vanished", "")]


# ---------------------------------------------------------------------- starting, claiming, ending


def test_two_refreshes_at_once_are_one(demo_client: OAuthClient) -> None:
    first = start_sync(demo_client, source="web", user=None)
    assert first is not None
    assert start_sync(demo_client, source="web", user=None) is None


def test_a_reading_is_read_up_by_one_worker(demo_client: OAuthClient) -> None:
    snapshot = start_sync(demo_client, source="web", user=None)
    assert snapshot is not None
    ConfigurationSync.objects.update(
        state=State.READING, worker="another", lease_until=timezone.now() + timedelta(minutes=1)
    )
    assert run_sync(snapshot.pk) is False


def test_a_retired_client_s_org_is_not_read() -> None:
    with pytest.raises(ActionRefused):
        start_sync(make_client(retired_at=timezone.now()), source="web", user=None)


def test_an_unknown_region_ends_the_reading_with_a_sentence() -> None:
    snapshot = sync(make_client(region="demo-nowhere"))
    assert snapshot.state == State.FAILED
    assert "demo-nowhere" in snapshot.error


def test_an_org_that_lets_nobody_in_is_not_read(demo_client: OAuthClient, org: DemoOrg) -> None:
    make_provider(demo_client)
    org.update_client(demo_client.client_id, state="disabled")
    snapshot = sync(demo_client)
    assert snapshot.state == State.FAILED
    assert snapshot.parts[0]["code"] == "client_rejected"
    assert Provider.objects.get().removed_at is None


def test_a_worker_that_is_gone_is_followed_by_the_next(demo_client: OAuthClient) -> None:
    snapshot = start_sync(demo_client, source="web", user=None)
    assert snapshot is not None
    past = timezone.now() - timedelta(seconds=1)
    ConfigurationSync.objects.update(state=State.READING, worker="gone", lease_until=past)
    assert due_syncs() == (snapshot.pk,)
    assert resume_sync(snapshot).state == State.COMPLETE


def test_a_reading_that_lasts_too_long_is_closed_with_what_it_has(demo_client: OAuthClient) -> None:
    long_ago = timezone.now() - lifecycle.MAX_TIME - timedelta(minutes=1)
    stuck = make_snapshot(demo_client, state=State.WAITING, created_at=long_ago, finished_at=None, resume_at=long_ago)
    due_syncs()
    stuck.refresh_from_db()
    assert (stuck.state, stuck.is_open) == (State.PARTIAL, False)


def test_a_fault_of_ours_closes_the_reading(demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(reading: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(lifecycle.STEPS, "gateway", broken)
    snapshot = sync(demo_client)
    assert snapshot.state == State.PARTIAL
    assert part_of(snapshot, "deployments")["code"] == "not_reached"


# ---------------------------------------------------------------------- by itself


def test_a_verification_that_came_out_right_reads_the_org(demo_client: OAuthClient) -> None:
    start_verification(demo_client)
    verify_client(demo_client.pk)
    (pk,) = due_syncs()
    assert ConfigurationSync.objects.get(pk=pk).source == ConfigurationSync.Source.REGISTRATION


def test_the_task_of_a_verification_rings_for_the_reading(
    demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_tasks: list[int] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk))
    start_verification(demo_client)
    tasks.verify_client(demo_client.pk)
    assert sent_tasks == [ConfigurationSync.objects.get().pk]


def test_a_client_is_read_again_when_its_time_has_come(settings: Settings) -> None:
    settings.SNAPSHOT_HOURS = 6
    now = timezone.now()
    due = make_client("due", next_sync_at=now - timedelta(seconds=1))
    make_client("later", next_sync_at=now + timedelta(hours=1))
    make_client("gone", next_sync_at=now, retired_at=now)
    (pk,) = due_syncs(now)
    assert ConfigurationSync.objects.get(pk=pk).client == due
    due.refresh_from_db()
    assert due.next_sync_at is not None
    assert due.next_sync_at > now


def test_a_few_are_read_at_a_time(settings: Settings) -> None:
    now = timezone.now()
    for number in range(lifecycle.MAX_CONCURRENT + 3):
        make_client(f"client {number}", next_sync_at=now)
    assert len(due_syncs(now)) == lifecycle.MAX_CONCURRENT
    assert due_syncs(now) == ()
    ConfigurationSync.objects.filter(pk=ConfigurationSync.objects.all()[:1]).update(state=State.WAITING)
    assert len(due_syncs(now)) == 1


def test_the_next_reading_follows_at_once(demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[int] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk))
    make_client("due", next_sync_at=timezone.now())
    snapshot = start_sync(demo_client, source="web", user=None)
    assert snapshot is not None
    tasks.run_org_sync(snapshot.pk)
    assert [ConfigurationSync.objects.get(pk=pk).client.name for pk in sent_tasks] == ["due"]


def test_two_ticks_at_once_start_one_reading() -> None:
    client = make_client(next_sync_at=timezone.now() - timedelta(seconds=1))
    stale = OAuthClient.objects.get(pk=client.pk)
    assert lifecycle._start_due(client, timezone.now()) is not None
    assert lifecycle._start_due(stale, timezone.now()) is None


@pytest.mark.parametrize(("hours", "planned"), [(6, True), (0, False)])
def test_clients_of_an_earlier_version_are_planned_for(settings: Settings, hours: int, planned: bool) -> None:
    settings.SNAPSHOT_HOURS = hours
    client = make_client(next_sync_at=None)
    due_syncs(timezone.now() - timedelta(hours=10))
    client.refresh_from_db()
    assert (client.next_sync_at is not None) is planned


def test_the_next_reading_is_planned_when_one_ends(demo_client: OAuthClient, settings: Settings) -> None:
    settings.SNAPSHOT_HOURS = 6
    sync(demo_client)
    demo_client.refresh_from_db()
    assert demo_client.next_sync_at is not None
    assert timedelta(hours=5) < demo_client.next_sync_at - timezone.now() < timedelta(hours=7)


# ---------------------------------------------------------------------- seen by runs


def test_a_provider_that_a_run_saw_is_preserved_once() -> None:
    run = make_run()
    finding = make_finding(run, "provider.seen", "pass", evidence={"providers": ["PureCloud Messaging"]})
    store_seen_providers(run, [finding])
    store_seen_providers(run, [finding])
    row = Provider.objects.get()
    assert (row.source, row.ref, row.state) == ("seen", "PureCloud Messaging", "unknown")


def test_a_late_run_moves_no_time_backwards() -> None:
    now = timezone.now()
    client = make_client()
    row = make_provider(client, "PureCloud Messaging", source="seen", first_seen_at=now, last_seen_at=now)
    run = make_run(client, finished_at=now - timedelta(days=2))
    finding = make_finding(run, "provider.seen", "pass", evidence={"providers": ["PureCloud Messaging"]})
    store_seen_providers(run, [finding])
    row.refresh_from_db()
    assert (row.first_seen_at, row.last_seen_at) == (run.finished_at, now)
