"""What a run is about, and by what it is found again."""

from typing import Any

import pytest

from diagnostics.engine.finding import FindingResult
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.intent import Aim, read_aim
from diagnostics.runs.search_keys import MAX_KEYS, MAX_LENGTH, search_keys_of, target_of

CONVERSATION = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"


def make_finding(check_id: str, outcome: str = "pass", subject: str = "", evidence: Any = None) -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, "a", "A sentence.", "", evidence)


def aim_of(method: str, path: str, body: str | None = None) -> Aim:
    return read_aim(FailingCall(method=method, url=f"https://api.mypurecloud.ie{path}", body=body), "", bundled())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/api/v2/conversations/{CONVERSATION}/cobrowse"),
        ("POST", f"/api/v2/conversations/chat/{CONVERSATION}/cobrowse"),
        ("POST", f"/api/v2/conversations/chat/{CONVERSATION}/cobrowse/sessions"),
        ("PUT", "/api/v2/conversations/other/cobrowse"),
    ],
)
def test_whatever_wants_to_start_a_session_is_one_target(method: str, path: str) -> None:
    assert target_of(7, "diagnosis", aim_of(method, path)) == "start:7"


def test_a_conversation_alone_is_about_starting_a_session() -> None:
    assert target_of(7, "diagnosis", None) == "start:7"


def test_health_is_a_target_of_its_own() -> None:
    assert target_of(7, "health", None) == "health:7"


def test_other_calls_are_distinguished_by_operation_and_not_by_id() -> None:
    one = target_of(7, "diagnosis", aim_of("GET", f"/api/v2/conversations/{CONVERSATION}"))
    other = target_of(7, "diagnosis", aim_of("GET", "/api/v2/conversations/00000000-0000-4000-8000-000000000000"))
    assert one == other == "call:7:GET /api/v2/conversations/{conversationId}"


def test_a_target_fits_its_column() -> None:
    assert len(target_of(7, "diagnosis", aim_of("GET", "/api/v2/" + "x" * 5000))) <= MAX_LENGTH


def test_marks_name_outcomes_provider_deployments_and_permissions() -> None:
    aim = aim_of("POST", f"/api/v2/conversations/chat/{CONVERSATION}/cobrowse/sessions", '{"providerId": "Genesys"}')
    findings = [
        make_finding("oauth.token"),
        make_finding("permissions.call", "fail", evidence={"needs": ["conversation:cobrowseVoice:add"]}),
        make_finding("permissions.reads", "skip", "webDeployments:deployment:view"),
        make_finding("provider.seen", evidence={"providers": ["PureCloud Messaging"]}),
    ]
    search_keys = search_keys_of(findings, {"deployments": {"d1": {}}}, aim)
    assert set(search_keys) == {
        "check:oauth.token=pass",
        "check:permissions.call=fail",
        "check:permissions.reads=skip",
        "check:provider.seen=pass",
        "provider:Genesys",
        "seen:PureCloud Messaging",
        "permission:conversation:cobrowsevoice:add",
        "permission:webdeployments:deployment:view",
        "deployment:d1",
    }


def test_a_check_with_many_subjects_is_marked_once_for_each_outcome() -> None:
    findings = [
        make_finding("reach.dns", "pass", "a"),
        make_finding("reach.dns", "pass", "b"),
        make_finding("reach.dns", "fail", "c"),
    ]
    assert search_keys_of(findings, {}, None) == ["check:reach.dns=pass", "check:reach.dns=fail"]


@pytest.mark.parametrize("evidence", [None, [], "x", {"needs": "all"}, {"needs": [1, None]}, {"providers": {}}])
def test_evidence_of_any_shape_raises_no_error(evidence: Any) -> None:
    for check in ("permissions.call", "provider.seen"):
        assert search_keys_of([make_finding(check, evidence=evidence)], {"deployments": None}, None) == [
            f"check:{check}=pass"
        ]


def test_marks_are_few_short_and_storable() -> None:
    findings = [make_finding("provider.seen", evidence={"providers": [f"{n}\0" + "x" * 500 for n in range(1000)]})]
    search_keys = search_keys_of(findings, {}, None)
    assert len(search_keys) == MAX_KEYS
    assert all(len(key) <= MAX_LENGTH and "\0" not in key for key in search_keys)
