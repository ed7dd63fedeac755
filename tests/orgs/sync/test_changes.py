"""Two readings of one provider, and what became different."""

from dataclasses import replace
from typing import Any

import pytest

from diagnostics.orgs.models import OrgChange
from diagnostics.orgs.sync import changes
from diagnostics.orgs.sync.changes import draft_changes, merged_with_previous, permission_changes, provider_changes
from diagnostics.orgs.sync.provider_documents import DEPLOYMENT, SyncedProvider
from tests.factories import make_rights, make_settings

BEFORE = SyncedProvider(DEPLOYMENT, "d1", "Shop", "Active", "3", make_settings(), draft_is_newer=False)


def after(**settings: Any) -> SyncedProvider:
    return replace(BEFORE, settings=make_settings(**settings))


def expected(one: SyncedProvider, other: SyncedProvider) -> list[tuple[str, str, Any, Any]]:
    return [(each.kind, each.setting, each.before, each.after) for each in provider_changes(one, other)]


@pytest.mark.parametrize(
    ("settings", "result"),
    [
        ({}, []),
        ({"enabled": False}, [("disabled", "enabled", True, False)]),
        ({"channels": ["Voice", "Webmessaging"]}, []),
        ({"channels": ["Voice"]}, [("changed", "channels", ["Webmessaging", "Voice"], ["Voice"])]),
        ({"allowDraw": False}, [("changed", "allowDraw", True, False)]),
        ({"allowDraw": None}, []),
        ({"allowAllDomains": True}, [("changed", "allowAllDomains", False, True)]),
        ({"pauseCriteria": [{"condition": "Includes", "urlFragment": "/pay"}]}, []),
        (
            {"configuration": {"id": "other", "name": "Other"}},
            [("changed", "configuration", "Shop messenger", "Other")],
        ),
    ],
)
def test_what_is_a_change_of_settings(settings: dict[str, Any], result: list[Any]) -> None:
    assert expected(BEFORE, after(**settings)) == result


@pytest.mark.parametrize(
    ("other", "result"),
    [
        (replace(BEFORE, name="Store"), ("changed", "name", "Shop", "Store")),
        (replace(BEFORE, status="Inactive"), ("changed", "status", "Active", "Inactive")),
        (replace(BEFORE, version="4"), ("changed", "version", "3", "4")),
    ],
)
def test_name_status_and_version_are_changes(other: SyncedProvider, result: tuple[Any, ...]) -> None:
    assert expected(BEFORE, other) == [result]


def test_switched_on_is_not_the_same_as_switched_off() -> None:
    off = after(enabled=False)
    assert [kind for kind, *_ in expected(off, BEFORE)] == ["enabled"]


def test_hidden_settings_have_not_changed() -> None:
    hidden = SyncedProvider(
        DEPLOYMENT, "d1", "Shop", "Active", "4", {"configuration": BEFORE.settings["configuration"]}, True
    )
    stored = merged_with_previous(BEFORE, hidden)
    assert (stored.is_hidden, stored.settings["maskSelectors"]) == (True, BEFORE.settings["maskSelectors"])
    assert [setting for _, setting, *_ in expected(BEFORE, stored)] == ["version"]


def test_settings_of_the_same_version_are_known_although_hidden() -> None:
    hidden = SyncedProvider(
        DEPLOYMENT, "d1", "Shop", "Active", "3", {"configuration": BEFORE.settings["configuration"]}, True
    )
    stored = merged_with_previous(BEFORE, hidden)
    assert (stored.is_hidden, stored.state, expected(BEFORE, stored)) == (False, "on", [])


def test_what_was_hidden_before_stays_so_until_it_is_shown() -> None:
    hidden = replace(BEFORE, is_hidden=True)
    assert merged_with_previous(hidden, hidden).is_hidden
    assert not merged_with_previous(hidden, BEFORE).is_hidden


@pytest.mark.parametrize(
    ("one", "other", "result"), [(False, True, 1), (True, False, 1), (None, True, 0), (True, None, 0), (True, True, 0)]
)
def test_a_draft_s_change(one: bool | None, other: bool | None, result: int) -> None:
    pair = (replace(BEFORE, draft_is_newer=one), replace(BEFORE, draft_is_newer=other))
    assert len(list(draft_changes(*pair))) == result


def test_the_kinds_are_those_of_the_rows() -> None:
    named = {changes.APPEARED, changes.VANISHED, changes.RETURNED, changes.ENABLED, changes.DISABLED, changes.CHANGED}
    assert named == set(OrgChange.Kind.values)


# ---------------------------------------------------------------------- rights


def changes_between(other: dict[str, Any], **before: Any) -> list[tuple[str, str, str]]:
    return [(each.about, each.kind, each.setting) for each in permission_changes(make_rights(**before), other)]


def test_the_same_rights_have_no_changes() -> None:
    assert changes_between(make_rights()) == []


def test_a_grant_that_is_gone_is_one_only_where_grants_were_read() -> None:
    assert changes_between(make_rights(grants=[])) == [("grant", "vanished", "division")]
    assert changes_between(make_rights(grants=[], read={"subjects/me": "403"})) == []
    assert changes_between(make_rights(), grants=[]) == [("grant", "appeared", "division")]


def test_a_permission_removed_of_a_role_is_reported() -> None:
    (grant,) = make_rights()["grants"]
    poorer = make_rights(grants=[{**grant, "policies": ["webdeployments:deployment:view"]}])
    (result,) = permission_changes(make_rights(), poorer)
    assert (result.before, result.after) == (["conversation:cobrowse:add"], [])
    assert changes_between(make_rights(grants=[{**grant, "policies": None}])) == []


@pytest.mark.parametrize(
    ("field", "value", "setting"),
    [
        ("state", "disabled", "state"),
        ("grant_type", "CODE", "grant_type"),
        ("scopes", ["conversations"], "scopes"),
        ("token_seconds", 300, "token_seconds"),
    ],
)
def test_the_client_s_changes(field: str, value: Any, setting: str) -> None:
    client = {**make_rights()["client"], field: value}
    assert changes_between(make_rights(client=client)) == [("client", "changed", setting)]
    assert changes_between(make_rights(client={**client, field: None})) == []


def test_a_permission_that_left_the_catalogue_is_reported_and_one_not_read_is_not() -> None:
    catalogue = make_rights()["catalogue"]
    gone, unread = ({**catalogue, "conversation:cobrowse:add": each} for each in (False, None))
    assert changes_between(make_rights(catalogue=gone)) == [("client", "changed", "catalogue")]
    assert changes_between(make_rights(catalogue=unread)) == []


def test_rights_of_an_earlier_shape_are_no_fault() -> None:
    assert list(permission_changes({}, make_rights())) == []
