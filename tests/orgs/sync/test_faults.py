"""Readings of an org that says wait, tells half a page, or never comes to an end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.demo.hostile import KINDS
from diagnostics.demo.hostile_pages import PAGE_KINDS
from diagnostics.demo.orgs import DemoOrg
from diagnostics.demo.server import Running
from diagnostics.genesys import client as genesys_client
from diagnostics.genesys.paging import read_page
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, Provider
from diagnostics.orgs.sync import execute as reading
from diagnostics.orgs.sync import paging as walking
from diagnostics.orgs.sync.lifecycle import due_syncs, run_sync, start_sync
from tests.orgs.sync.demo_sync import changes_of, demo_org, deployment, resume_sync, sync

pytestmark = pytest.mark.django_db(transaction=True)
State = ConfigurationSync.State
DEPLOYMENTS = "/webdeployments/deployments?"


@pytest.fixture
def org(demo: Running) -> DemoOrg:
    return demo_org(demo)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "PAGE_SIZES", (2, 1))


def spoil(org: DemoOrg, client: OAuthClient, kind: str, on: str = DEPLOYMENTS) -> None:
    org.update_client(client.client_id, behaviour={"where": "api", "kind": kind, "on": on})


def heal(org: DemoOrg, client: OAuthClient) -> None:
    org.update_client(client.client_id, behaviour={})


def part_of(snapshot: ConfigurationSync, name: str = "deployments") -> dict[str, Any]:
    return next(each for each in snapshot.parts if each["part"] == name)


def result(client: OAuthClient) -> int:
    return Provider.objects.filter(client=client, source="deployment", removed_at=None).count()


# ---------------------------------------------------------------------- asked to wait


def test_after_a_429_the_reading_waits_and_goes_on_where_it_was(
    demo_client: OAuthClient, org: DemoOrg, demo: Running
) -> None:
    spoil(org, demo_client, "rate_limited", on="after=")
    waiting = sync(demo_client)
    assert (waiting.state, result(demo_client)) == (State.WAITING, 2)
    assert waiting.resume_at is not None
    assert waiting.resume_at > timezone.now()
    heal(org, demo_client)
    demo.log.clear()
    ended = resume_sync(waiting)
    assert (ended.state, result(demo_client)) == (State.COMPLETE, 6)
    pages = [each.target for each in demo.log.requests if DEPLOYMENTS in each.target]
    assert pages
    assert all("after=" in each for each in pages)


def test_nobody_takes_a_waiting_reading_up_too_early(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "rate_limited", on="after=")
    waiting = sync(demo_client)
    assert run_sync(waiting.pk) is False
    assert due_syncs() == ()
    assert due_syncs(timezone.now() + timedelta(seconds=8)) == (waiting.pk,)


def test_a_wait_of_hours_ends_the_reading_with_what_it_has(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "rate_limited_for_hours", on="after=")
    ended = sync(demo_client)
    assert (ended.state, result(demo_client)) == (State.PARTIAL, 2)
    assert "4 hours" in ended.error
    assert part_of(ended)["code"] == "not_reached"


def test_a_429_at_the_login_host_is_waited_for_too(demo_client: OAuthClient, org: DemoOrg) -> None:
    org.update_client(demo_client.client_id, behaviour={"where": "login", "kind": "rate_limited"})
    waiting = sync(demo_client)
    assert waiting.state == State.WAITING
    heal(org, demo_client)
    assert resume_sync(waiting).state == State.COMPLETE


def test_the_reading_leaves_room_for_runs(
    demo_client: OAuthClient, demo: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.demo.tokens.PER_MINUTE", 18)
    waiting = sync(demo_client)
    assert waiting.state == State.WAITING
    monkeypatch.setattr("diagnostics.demo.tokens.PER_MINUTE", 300)
    assert resume_sync(waiting).state == State.COMPLETE


def test_a_reading_lets_other_work_pass(demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_SLICE_SECONDS", -1.0)
    queued = sync(demo_client)
    assert (queued.state, queued.worker) == (State.QUEUED, "")
    monkeypatch.setattr(reading, "MAX_SLICE_SECONDS", 60.0)
    assert due_syncs() == (queued.pk,)
    assert resume_sync(queued).state == State.COMPLETE


# ---------------------------------------------------------------------- killed


class Killed(BaseException):
    """What no handler of ours sees, as a killed process."""


def test_killed_between_two_pages_it_goes_on_and_counts_nothing_twice(
    demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = start_sync(demo_client, source="web", user=None)
    assert snapshot is not None

    def killed(genesys: Any, path: str, cursor: str, *rest: Any, **query: Any) -> Any:
        if cursor:
            raise Killed
        return read_page(genesys, path, cursor, *rest, **query)

    with monkeypatch.context() as patched:
        patched.setattr(walking, "read_page", killed)
        with pytest.raises(Killed):
            run_sync(snapshot.pk)
    ConfigurationSync.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    ended = resume_sync(snapshot)
    assert (ended.state, result(demo_client), part_of(ended)["items"]) == (State.COMPLETE, 6, 6)


def test_a_page_is_stored_whole_or_not_at_all(
    demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the rows were written and before their progress was."""
    snapshot = start_sync(demo_client, source="web", user=None)
    assert snapshot is not None

    def killed(at: Any, page: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(walking, "_ending", killed)
        with pytest.raises(Killed):
            run_sync(snapshot.pk)
    assert result(demo_client) == 0
    ConfigurationSync.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert resume_sync(snapshot).state == State.COMPLETE


def test_who_lost_the_reading_writes_nothing_more(demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced_meanwhile(*given: Any, **query: Any) -> Any:
        ConfigurationSync.objects.update(worker="another", lease_until=timezone.now() + timedelta(minutes=1))
        return read_page(*given, **query)

    monkeypatch.setattr(walking, "read_page", replaced_meanwhile)
    snapshot = sync(demo_client)
    assert (snapshot.state, snapshot.worker, result(demo_client)) == (State.READING, "another", 0)


# ---------------------------------------------------------------------- pages that are none


def test_half_a_page_is_asked_for_again_and_the_rest_is_read(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "half_a_page", on="after=")
    waiting = sync(demo_client)
    assert (waiting.state, result(demo_client)) == (State.WAITING, 2)
    heal(org, demo_client)
    assert resume_sync(waiting).state == State.COMPLETE


def test_half_a_page_for_ever_ends_the_part(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "half_a_page", on=f"{DEPLOYMENTS}pageSize=2&expand=Configuration&after=")
    snapshot = sync(demo_client)
    for _ in range(walking.MAX_FAILURES - 2):
        assert snapshot.state == State.WAITING
        snapshot = resume_sync(snapshot)
    assert (snapshot.state, part_of(snapshot)["code"], result(demo_client)) == (State.PARTIAL, "broken_off", 2)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("same_cursor", "cursor_repeats"),
        ("endless_cursors", "pages_repeat"),
        ("torn_cursor", "cursor_unreadable"),
        ("odd_ids", "entries_unreadable"),
    ],
)
def test_a_list_without_an_honest_end_is_read_in_part(
    demo_client: OAuthClient, org: DemoOrg, kind: str, code: str
) -> None:
    spoil(org, demo_client, kind)
    snapshot = sync(demo_client)
    assert (snapshot.state, part_of(snapshot)["code"]) == (State.PARTIAL, code)
    assert result(demo_client) >= 2


def test_too_many_pages_end_the_part(demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_PAGES", 2)
    assert part_of(sync(demo_client))["code"] == "too_many_pages"


def test_what_a_part_read_did_not_show_is_not_gone(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    spoil(org, demo_client, "same_cursor")
    for _ in range(3):
        assert changes_of(sync(demo_client)) == []
    assert result(demo_client) == 6


def test_duplicate_ids_count_once(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    spoil(org, demo_client, "duplicates")
    again = sync(demo_client)
    assert (again.state, result(demo_client), changes_of(again)) == (State.COMPLETE, 6, [])
    assert part_of(again)["items"] == 6


def test_a_million_characters_of_a_name_are_cut(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "long_names")
    snapshot = sync(demo_client)
    assert snapshot.state == State.COMPLETE
    assert {len(name) for name in Provider.objects.values_list("name", flat=True)} == {200}


def test_pages_too_large_to_read_become_smaller(
    demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(genesys_client, "BODY_BYTES", 1_500_000)
    spoil(org, demo_client, "long_names")
    snapshot = sync(demo_client)
    assert (snapshot.state, result(demo_client)) == (State.COMPLETE, 6)


def test_a_deployment_removed_between_two_pages_moves_nothing_out_of_sight(
    demo_client: OAuthClient, org: DemoOrg
) -> None:
    """Behind the cursor everything moves up by one, so the page after it begins one too late."""
    sync(demo_client)
    spoil(org, demo_client, "rate_limited", on="after=")
    waiting = sync(demo_client)
    org.remove_deployment(deployment("Website").ref)
    heal(org, demo_client)
    ended = resume_sync(waiting)
    assert (ended.state, changes_of(ended), result(demo_client)) == (State.COMPLETE, [], 6)
    assert changes_of(sync(demo_client)) == [("Website", "vanished", "")]
    assert result(demo_client) == 5


def test_what_cannot_be_asked_for_is_gone_after_two_whole_readings(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    ref = deployment("Partner portal").ref
    org.remove_deployment(ref)
    spoil(org, demo_client, "unavailable", on=f"/deployments/{ref}")
    assert changes_of(sync(demo_client)) == []
    assert changes_of(sync(demo_client)) == [("Partner portal", "vanished", "")]


# ---------------------------------------------------------------------- settings the list hides


def test_hidden_settings_are_read_one_by_one(demo_client: OAuthClient, org: DemoOrg) -> None:
    spoil(org, demo_client, "hidden_settings")
    snapshot = sync(demo_client)
    assert (snapshot.state, part_of(snapshot, "settings")["items"]) == (State.COMPLETE, 6)
    assert (deployment("Website").state, deployment("Careers page").state) == ("on", "off")


def test_a_version_that_is_known_is_not_read_again(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    spoil(org, demo_client, "hidden_settings")
    again = sync(demo_client)
    assert (again.state, part_of(again, "settings")["items"], changes_of(again)) == (State.COMPLETE, 0, [])


def test_a_change_is_observed_although_the_list_hides_settings(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    spoil(org, demo_client, "hidden_settings")
    org.publish(deployment("Checkout").settings["configuration"]["id"], enabled=False)
    assert ("Checkout", "disabled", "enabled") in changes_of(sync(demo_client))


def test_settings_beyond_the_budget_are_reported_to_be_hidden(
    demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.orgs.sync.providers.MAX_SETTINGS_REQUESTS", 2)
    spoil(org, demo_client, "hidden_settings")
    snapshot = sync(demo_client)
    assert part_of(snapshot, "settings")["code"] == "settings_hidden"
    assert Provider.objects.filter(state="unknown").count() == 3  # and one that is not active


# ---------------------------------------------------------------------- many, and anything


def test_a_thousand_deployments_are_read_and_resumed(
    demo_client: OAuthClient, org: DemoOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "PAGE_SIZES", (100,))
    org.add_deployments(994)
    spoil(org, demo_client, "rate_limited", on="after=YXQ6NTAw")
    waiting = sync(demo_client)
    assert (waiting.state, result(demo_client)) == (State.WAITING, 500)
    heal(org, demo_client)
    ended = resume_sync(waiting)
    assert (ended.state, ended.providers, result(demo_client)) == (State.COMPLETE, 1_000, 1_000)


ODD = ("nulls", "null_bytes", "odd_ids", "wrong_containers", "wrong_types")
ANY = sorted({*KINDS, *PAGE_KINDS} - {"slow", "drip"})
EVERYWHERE = [(kind, on) for kind in ANY for on in ("/api/", DEPLOYMENTS)]
IN_PLACES = [
    (kind, on) for kind in ODD for on in ("/authorization/", "/cobrowse/providers", "/configurations?", "/oauth/")
]


@pytest.mark.parametrize(("kind", "on"), [*EVERYWHERE, *IN_PLACES])
def test_whatever_an_org_answers_the_reading_ends_or_waits(
    demo_client: OAuthClient, org: DemoOrg, kind: str, on: str
) -> None:
    spoil(org, demo_client, kind, on)
    snapshot = sync(demo_client)
    assert snapshot.state in (State.COMPLETE, State.PARTIAL, State.FAILED, State.WAITING)
    assert "error in Cobrowse Doctor" not in snapshot.error


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_slow_org_cannot_hold_a_reading(
    demo_client: OAuthClient, org: DemoOrg, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(genesys_client, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(genesys_client, "CALL_SECONDS", 0.4)
    spoil(org, demo_client, kind)
    assert sync(demo_client).state == State.WAITING


def test_rights_that_could_not_be_read_take_nothing_away(demo_client: OAuthClient, org: DemoOrg) -> None:
    sync(demo_client)
    held = HeldPermission.objects.count()
    spoil(org, demo_client, "unavailable", on="/subjects/me")
    after = sync(demo_client)
    assert (part_of(after, "rights")["code"], HeldPermission.objects.count(), changes_of(after)) == (
        "grants_unread",
        held,
        [],
    )
