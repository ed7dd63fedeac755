"""What hangs on a permission, and what a client could do without it."""

from typing import Any

import pytest

from diagnostics.checks.base import all_checks
from diagnostics.engine import check_reference as handbook
from diagnostics.genesys.contract import bundled
from diagnostics.orgs.permissions.impact import (
    canonical_name,
    dependent_calls,
    dependent_checks,
    parse_permission,
    removal_impact,
)
from diagnostics.orgs.permissions.synced import ClientPermissions, parse_client_permissions
from tests.factories import make_rights

START = "conversation:cobrowse:add"
VOICE = "conversation:cobrowseVoice:add"
DEPLOYMENT = "webDeployments:deployment:view"


def holding(*policies: str, conditional: tuple[str, ...] = ()) -> ClientPermissions:
    grant: dict[str, Any] = {
        "role": "A",
        "division": "*",
        "division_name": "*",
        "policies": list(policies),
        "conditional": list(conditional),
    }
    return parse_client_permissions(make_rights(grants=[grant], catalogue={}))


@pytest.mark.parametrize(
    ("text", "permission"),
    [
        (START, START),
        ("  Conversation > Cobrowse > Add ", "Conversation:Cobrowse:Add"),
        ("conversation:*:add", "conversation:*:add"),
        ("conversation:cobrowse", ""),
        ("conversation:cobrowse:add:more", ""),
        ("", ""),
        ("\0", ""),
        ("x" * 5_000 + ":a:b", ""),
        ("a:b:<script>", ""),
    ],
)
def test_a_permission_is_read_in_both_notations(text: str, permission: str) -> None:
    assert parse_permission(text) == permission


def test_a_permission_is_spelled_as_the_platform_spells_it() -> None:
    assert canonical_name("CONVERSATION:cobrowsevoice:add", (START, VOICE)) == VOICE
    assert canonical_name("made:up:view", (START, VOICE)) == "made:up:view"


def test_the_start_asks_for_one_of_two() -> None:
    result = dependent_calls(START.upper(), bundled().operations)
    assert [(each.operation.operation_id, each.others) for each in result] == [("postConversationCobrowse", (VOICE,))]


def test_a_wildcard_is_for_all_that_it_covers() -> None:
    found = {each.operation.operation_id for each in dependent_calls("webDeployments:*:view", bundled().operations)}
    assert {"getWebdeploymentsDeployments", "getWebdeploymentsConfigurations"} <= found
    assert [each.others for each in dependent_calls("conversation:*:add", bundled().operations)] == [()]


def test_the_checks_that_read_with_it_are_named() -> None:
    entries = handbook.entries_of(all_checks(), bundled())
    titles = {each.id: each.title for each in all_checks()}
    assert titles["deployments.cobrowse"] in {each.title for each in dependent_checks(DEPLOYMENT, entries)}
    assert dependent_checks("made:up:view", entries) == ()
    assert dependent_checks(START, entries) == ()


@pytest.mark.parametrize(
    ("rights", "lost", "stored", "unsure", "alternatives"),
    [
        (holding(START), 1, 0, 0, ()),
        (holding(START, VOICE), 0, 1, 0, (VOICE,)),
        (holding("conversation:*:add"), 0, 1, 0, (VOICE,)),
        (holding("conversation:cobrowse:*"), 1, 0, 0, ()),
        (holding(START, conditional=(VOICE,)), 0, 0, 1, ()),
        (holding(conditional=(START,)), 1, 0, 0, ()),
        (holding("other:thing:view"), 0, 0, 0, ()),
    ],
)
def test_what_is_left_without_it(
    rights: ClientPermissions, lost: int, stored: int, unsure: int, alternatives: tuple[str, ...]
) -> None:
    result = removal_impact(START, rights, dependent_calls(START, bundled().operations))
    assert (len(result.lost), len(result.unaffected), len(result.uncertain), result.alternatives) == (
        lost,
        stored,
        unsure,
        alternatives,
    )


@pytest.mark.parametrize(
    ("rights", "media"),
    [
        (holding(START, VOICE), ("web messaging",)),
        (holding("conversation:*:add"), ("web messaging",)),
        (holding(conditional=(START,)), ("web messaging",)),
        (holding(VOICE), ()),
    ],
)
def test_another_permission_keeps_the_call_and_not_the_medium(
    rights: ClientPermissions, media: tuple[str, ...]
) -> None:
    assert removal_impact(START, rights, dependent_calls(START, bundled().operations)).media == media
