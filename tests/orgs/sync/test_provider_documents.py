"""Providers as an org tells them, whatever it tells."""

from typing import Any

import pytest

from diagnostics.genesys.documents.deployment import LONGEST_WORD, MOST_LISTED, Deployment, parse_cobrowse_settings
from diagnostics.genesys.documents.gateway_providers import GatewayProvider
from diagnostics.orgs.models import Provider
from diagnostics.orgs.sync import provider_documents as reading
from diagnostics.orgs.sync.provider_documents import (
    ConfigurationDraft,
    SyncedProvider,
    from_deployment,
    from_gateway_provider,
    parse_draft,
    with_draft,
    with_version,
)

COBROWSE: dict[str, Any] = {"enabled": True, "channels": ["Webmessaging"], "maskSelectors": ["#a"], "allowDraw": False}
VERSION: dict[str, Any] = {
    "id": "c1",
    "name": "Shop",
    "version": "3",
    "cobrowse": COBROWSE,
    "datePublished": "2026-02-11T14:32:07.000Z",
}
ENTRY: dict[str, Any] = {
    "id": "d1",
    "name": "Shop",
    "status": "Active",
    "allowedDomains": ["a.example"],
    "configuration": VERSION,
}


def result(**values: Any) -> SyncedProvider:
    found = Deployment.parse({**ENTRY, **values})
    assert found is not None
    return from_deployment(found)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "on"),
        ({"configuration": {**VERSION, "cobrowse": {"enabled": False}}}, "off"),
        ({"status": "Inactive"}, "inactive"),
        ({"status": "Pending"}, "inactive"),
        ({"status": "active"}, "on"),
        ({"status": None}, "on"),
        ({"configuration": {"id": "c1"}}, "unknown"),
        ({"configuration": None}, "unknown"),
        ({"configuration": {**VERSION, "cobrowse": {"enabled": "true"}}}, "unknown"),
        ({"configuration": {**VERSION, "cobrowse": []}}, "unknown"),
    ],
)
def test_the_state_of_a_deployment(values: dict[str, Any], state: str) -> None:
    assert result(**values).state == state


def test_the_states_are_those_of_the_rows() -> None:
    """The pure room names them without knowing the models."""
    assert {reading.ON, reading.OFF, reading.INACTIVE, reading.UNKNOWN} == set(Provider.State.values)
    assert {reading.GATEWAY, reading.DEPLOYMENT} < set(Provider.Source.values)


@pytest.mark.parametrize(
    "entry", [None, 5, "d1", [], {}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "a\x00b"}, {"id": "x" * 201}]
)
def test_what_has_no_id_that_could_be_stored_is_no_deployment(entry: Any) -> None:
    assert Deployment.parse(entry) is None


def test_settings_of_the_wrong_kind_are_left_out() -> None:
    odd = {"enabled": True, "channels": "Voice", "maskSelectors": [1, None, "#a", "#a"], "pauseCriteria": [5, {}]}
    found = result(configuration={**VERSION, "cobrowse": odd}, allowedDomains={"a": 1}, allowAllDomains="yes").settings
    assert (found["channels"], found["maskSelectors"], found["allowedDomains"]) == ([], ["#a"], [])
    assert found["allowAllDomains"] is None
    assert found["pauseCriteria"] == [{"urlFragment": "", "condition": ""}]


def test_long_lists_and_words_are_cut() -> None:
    many = [f"{number} {'x' * 1_000}" for number in range(10_000)]
    found = result(name="n" * 1_000_000, configuration={**VERSION, "cobrowse": {**COBROWSE, "maskSelectors": many}})
    assert len(found.name) == 200
    assert len(found.settings["maskSelectors"]) == MOST_LISTED
    assert {len(each) for each in found.settings["maskSelectors"]} == {LONGEST_WORD}


def test_a_version_that_shows_nothing_leaves_the_settings_hidden() -> None:
    hidden = result(configuration={"id": "c1", "version": "3"})
    assert with_version(hidden, {"id": "c1"}).is_hidden
    assert with_version(hidden, None).is_hidden
    assert with_version(hidden, VERSION).state == "on"


@pytest.mark.parametrize(("enabled", "state"), [(True, "on"), (False, "off"), (None, "unknown")])
def test_the_state_at_a_gateway(enabled: bool | None, state: str) -> None:
    found = from_gateway_provider(GatewayProvider("genesys", "Genesys", enabled))
    assert (found.state, found.channels) == (state, [])


@pytest.mark.parametrize(
    ("modified", "cobrowse", "newer", "different"),
    [
        ("2026-02-11T14:32:05.000Z", VERSION, False, []),
        ("2026-03-01T00:00:00.000Z", VERSION, True, []),
        ("2026-02-11T14:32:05.000Z", {"cobrowse": {**COBROWSE, "enabled": False}}, True, ["enabled"]),
        ("", VERSION, False, []),
        ("", None, None, []),
        ("no date", None, None, []),
    ],
)
def test_a_draft_is_newer_by_what_it_reports_else_by_its_date(
    modified: str, cobrowse: Any, newer: bool | None, different: list[str]
) -> None:
    draft = ConfigurationDraft("c1", modified, parse_cobrowse_settings(cobrowse))
    found = with_draft(result(), draft)
    assert found.draft_is_newer is newer
    assert found.settings["draft"]["different"] == different


def test_a_draft_without_an_id_is_none() -> None:
    assert parse_draft({"name": "x"}) is None
    assert parse_draft([]) is None


def test_every_text_passes_the_redaction() -> None:
    found = result().redacted(lambda text: text.upper())
    assert (found.ref, found.name, found.settings["maskSelectors"]) == ("D1", "SHOP", ["#A"])
    assert found.settings["configuration"]["name"] == "SHOP"
