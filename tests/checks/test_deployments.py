"""Web deployments: whether cobrowse is on, for which channel, in the version in use."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.deployments import judge_deployments
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.documents.deployment import Deployment, DeploymentList
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

ON = {"enabled": True, "channels": ["Webmessaging", "Voice"]}
VOICE_ONLY = {"enabled": True, "channels": ["Voice"]}
OFF = {"enabled": False, "channels": []}


def deployment(settings: dict[str, Any] | None, status: str = "Active") -> Deployment:
    return Deployment("id", "Website", status, settings)


def answer_of(data: Any) -> OrgResponse:
    return OrgResponse(HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, 200), data)


@pytest.mark.parametrize(
    ("found", "channel", "outcome", "code"),
    [
        ([deployment(ON)], "Webmessaging", Outcome.PASS, "on"),
        ([deployment({"enabled": True})], "Webmessaging", Outcome.PASS, "on"),
        ([deployment(ON), deployment(OFF, "Inactive")], "Voice", Outcome.PASS, "on"),
        ([deployment(OFF)], "Webmessaging", Outcome.FAIL, "off"),
        ([deployment(OFF)], "", Outcome.FAIL, "off"),
        ([deployment(VOICE_ONLY)], "Webmessaging", Outcome.FAIL, "off"),
        ([deployment(VOICE_ONLY)], "Voice", Outcome.PASS, "on"),
        ([deployment(ON), deployment(OFF)], "Webmessaging", Outcome.PASS, "on_in_some"),
        ([deployment(OFF), deployment(None)], "Webmessaging", Outcome.PASS, "on_in_some"),
        ([deployment(ON, "Inactive")], "Webmessaging", Outcome.FAIL, "none_active"),
        ([deployment(None)], "Webmessaging", Outcome.ERROR, "not_shown"),
        ([deployment({"enabled": "yes"})], "", Outcome.ERROR, "not_shown"),
        ([], "", Outcome.WARN, "no_deployment"),
    ],
)
def test_cobrowse_is_judged_per_channel(found: list[Deployment], channel: str, outcome: Outcome, code: str) -> None:
    result = judge_deployments(found, channel)
    assert (result.outcome, result.code) == (outcome, code)


def test_nothing_is_proved_of_deployments_that_were_not_read() -> None:
    assert judge_deployments([deployment(OFF)], "", more=True).code == "on_in_some"


@pytest.mark.parametrize("data", [[], None, {"entities": 5}, {"entities": None}])
def test_what_is_no_list_of_deployments_is_none(data: Any) -> None:
    assert isinstance(DeploymentList.parse(answer_of(data)), UnreadableResponse)


def test_odd_entries_are_passed_over() -> None:
    data = {
        "entities": [None, {"id": 7}, {"id": "a", "configuration": 3}, {"id": "b", "configuration": {"cobrowse": OFF}}]
    }
    listed = DeploymentList.parse(answer_of(data))
    assert isinstance(listed, DeploymentList)
    assert [(each.id, each.cobrowse) for each in listed.deployments] == [("a", None), ("b", OFF)]
    assert not listed.is_complete
