"""Which setting of a deployment stands in the way of cobrowse, and by which channel."""

from typing import Any

import pytest

from diagnostics.checks.deployment_offer import ChannelOffer, offers_of
from diagnostics.checks.outcomes import Outcome

OPEN: dict[str, Any] = {"enabled": True, "channels": ["Webmessaging", "Voice"], "allowAllDomains": True}


def by_channel(status: str = "Active", draft: bool | None = False, **settings: Any) -> dict[str, ChannelOffer]:
    return {each.channel: each for each in offers_of(status, {**OPEN, **settings}, draft)}


def reasons(answer: ChannelOffer) -> list[tuple[str, Outcome]]:
    return [(each.setting, each.outcome) for each in answer.reasons]


def test_an_open_deployment_offers_both_channels() -> None:
    assert {channel: each.outcome for channel, each in by_channel().items()} == {
        "Webmessaging": Outcome.PASS,
        "Voice": Outcome.PASS,
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Active", Outcome.PASS),
        ("active", Outcome.PASS),
        ("Inactive", Outcome.FAIL),
        ("Pending", Outcome.FAIL),
        ("Error", Outcome.FAIL),
        ("Deleting", Outcome.FAIL),
        ("Sleeping", Outcome.ERROR),
        ("", Outcome.ERROR),
    ],
)
def test_status(status: str, outcome: Outcome) -> None:
    assert by_channel(status)["Voice"].outcome == outcome


@pytest.mark.parametrize(
    ("settings", "setting", "outcome"),
    [
        ({"enabled": False}, "enabled", Outcome.FAIL),
        ({"enabled": None}, "enabled", Outcome.ERROR),
        ({"enabled": "yes"}, "enabled", Outcome.ERROR),
        ({"allowAllDomains": False, "allowedDomains": []}, "allowedDomains", Outcome.FAIL),
        ({"allowAllDomains": False, "allowedDomains": None}, "allowedDomains", Outcome.FAIL),
        ({"allowAllDomains": False, "allowedDomains": ["shop.example"]}, "allowedDomains", Outcome.PASS),
        ({"maskSelectors": ["body"]}, "maskSelectors", Outcome.WARN),
        ({"readonlySelectors": ["*"]}, "readonlySelectors", Outcome.WARN),
        ({"pauseCriteria": [{"urlFragment": "/", "condition": "Includes"}]}, "pauseCriteria", Outcome.WARN),
        ({"pauseCriteria": [{"urlFragment": "", "condition": "EndsWith"}]}, "pauseCriteria", Outcome.WARN),
        ({"pauseCriteria": [{"urlFragment": "https://", "condition": "StartsWith"}]}, "pauseCriteria", Outcome.WARN),
        ({"pauseCriteria": [{"urlFragment": "http", "condition": "Includes"}]}, "pauseCriteria", Outcome.WARN),
        ({"channels": ["Voice", "Fax"]}, "channels", Outcome.FAIL),
        ({"channels": []}, "channels", Outcome.ERROR),
        ({"channels": ["webmessaging"]}, "channels", Outcome.WARN),
        ({"pauseCriteria": [{"urlFragment": "shop", "condition": "DoesNotInclude"}]}, "pauseCriteria", Outcome.WARN),
    ],
)
def test_a_setting_blocks_or_narrows_cobrowse(settings: dict[str, Any], setting: str, outcome: Outcome) -> None:
    answer = by_channel(**settings)["Webmessaging"]
    assert (answer.outcome, reasons(answer)) == (outcome, [(setting, outcome)])


@pytest.mark.parametrize(
    "settings",
    [
        {"maskSelectors": [".card"], "readonlySelectors": ["#total"]},
        {"pauseCriteria": [{"urlFragment": "/pay", "condition": "Includes"}]},
        {"pauseCriteria": [{"urlFragment": "/", "condition": "EndsWith"}]},
        {"allowAgentControl": False, "allowDraw": False},
        {"channels": None},
        {"pauseCriteria": [None, 7, {}], "maskSelectors": 7, "readonlySelectors": [None]},
    ],
)
def test_what_narrows_nothing_is_no_reason(settings: dict[str, Any]) -> None:
    assert by_channel(**settings)["Webmessaging"].outcome == Outcome.PASS


def test_a_channel_that_is_not_listed_is_blocked_alone() -> None:
    found = by_channel(channels=["Voice"])
    assert (found["Voice"].outcome, found["Webmessaging"].outcome) == (Outcome.PASS, Outcome.FAIL)


def test_a_channel_in_another_case_is_no_block() -> None:
    assert by_channel(channels=["voice", "Webmessaging"])["Voice"].outcome == Outcome.WARN


def test_channels_are_not_reported_while_cobrowse_is_off() -> None:
    assert reasons(by_channel(enabled=False, channels=[])["Voice"]) == [("enabled", Outcome.FAIL)]


def test_a_newer_draft_is_reported_and_blocks_nothing() -> None:
    assert reasons(by_channel(draft=True)["Voice"]) == [("draft", Outcome.WARN)]


def test_what_blocks_comes_before_what_narrows() -> None:
    found = by_channel("Inactive", True, maskSelectors=["*"], enabled=False)["Voice"]
    assert [each.outcome for each in found.reasons] == [Outcome.FAIL, Outcome.FAIL, Outcome.WARN, Outcome.WARN]


def test_empty_settings_are_inconclusive() -> None:
    assert {each.outcome for each in offers_of("Active", {})} == {Outcome.ERROR}


def test_settings_of_an_earlier_version_decide_nothing() -> None:
    hidden = offers_of("Active", {**OPEN, "enabled": False}, is_hidden=True)
    assert {each.outcome for each in hidden} == {Outcome.ERROR}


def test_domains_are_the_deployments_own_and_count_also_where_the_version_is_hidden() -> None:
    hidden = offers_of("Active", {"allowAllDomains": False, "allowedDomains": []}, is_hidden=True)
    assert ("allowedDomains", Outcome.FAIL) in reasons(hidden[0])


def test_settings_without_a_channel_are_inconclusive() -> None:
    assert {each.outcome for each in by_channel(channels=[]).values()} == {Outcome.ERROR}
