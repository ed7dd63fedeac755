"""The chain: which node each finding belongs to, the outcome of a node, and the first failure."""

import pytest

from diagnostics.checks.base import NODES, all_checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.chain import ChainNode, chain
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.verdict import judge


def finding(check_id: str, outcome: str, code: str = "code", subject: str = "") -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, code, "Sentence.", "")


def by_code(*findings: FindingResult, cause: str = "", because: tuple[str, ...] = ()) -> dict[str, ChainNode]:
    verdict = {"cause": cause, "because": list(because)} if cause else {}
    return {node.code: node for node in chain(findings, verdict)}


def first_failures(nodes: dict[str, ChainNode]) -> list[str]:
    return [code for code, node in nodes.items() if node.is_first_failure]


def test_nodes_are_in_the_order_of_the_call() -> None:
    nodes = chain([], {})
    assert [node.code for node in nodes] == [
        "call",
        "host",
        "token",
        "permission",
        "route",
        "conversation",
        "deployment",
        "provider",
    ]
    assert [node.label for node in nodes] == list(NODES.values())


def test_a_finding_that_only_supports_the_cause_moves_to_its_node_too() -> None:
    found = [finding("conversation.exists", "fail", "not_found"), finding("route.oracle", "fail", "absent")]
    verdict = {"cause": "conv.not_found", "because": ["conversation.exists"], "supported_by": ["route.oracle"]}
    nodes = {node.code: node for node in chain(found, verdict)}
    assert [each.check_id for each in nodes["conversation"].findings] == ["conversation.exists", "route.oracle"]
    assert nodes["route"].findings == ()


def test_an_unknown_outcome_is_last_in_its_node() -> None:
    nodes = by_code(*(finding("oauth.token", outcome, subject=outcome) for outcome in ("new", "skip", "fail")))
    assert [each.outcome for each in nodes["token"].findings] == ["fail", "skip", "new"]


def test_a_verdict_with_no_more_than_its_cause_marks_the_node() -> None:
    assert [node.code for node in chain([], {"cause": "conv.ended"}) if node.is_first_failure] == ["conversation"]


def test_without_findings_every_node_is_skipped_and_none_is_first() -> None:
    assert {node.outcome for node in chain([], {})} == {Outcome.SKIP}
    assert not any(node.is_first_failure for node in chain([], {}))


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("pass", "fail", "error"), Outcome.FAIL),
        (("pass", "error", "warn"), Outcome.ERROR),
        (("pass", "warn", "skip"), Outcome.WARN),
        (("pass", "skip"), Outcome.PASS),
        (("skip",), Outcome.SKIP),
        (("unheard of",), Outcome.SKIP),
    ],
)
def test_a_node_has_the_outcome_of_its_worst_finding(outcomes: tuple[str, ...], expected: Outcome) -> None:
    found = [finding("reach.tls", outcome, subject=str(number)) for number, outcome in enumerate(outcomes)]
    assert by_code(*found)["host"].outcome == expected


def test_findings_of_a_node_are_worst_first() -> None:
    nodes = by_code(finding("oauth.token", "pass"), finding("oauth.scopes", "skip"), finding("oauth.identity", "fail"))
    assert [found.outcome for found in nodes["token"].findings] == ["fail", "pass", "skip"]


def test_the_node_of_the_cause_is_the_first_failure_even_if_an_earlier_node_failed() -> None:
    nodes = by_code(
        finding("request.path", "fail"),
        finding("request.host", "fail"),
        cause="host.unknown_host",
        because=("request.host",),
    )
    assert first_failures(nodes) == ["host"]
    assert nodes["call"].outcome == Outcome.FAIL


@pytest.mark.parametrize("cause", ["", "undetermined"])
def test_without_a_cause_the_first_failed_node_is_marked(cause: str) -> None:
    nodes = by_code(finding("provider.match", "fail"), finding("permissions.call", "fail"), cause=cause)
    assert first_failures(nodes) == ["permission"]


def test_nothing_wrong_marks_no_node() -> None:
    assert first_failures(by_code(finding("reach.tls", "fail"), cause="none")) == []


def test_a_response_that_proves_the_cause_belongs_to_the_node_of_the_cause() -> None:
    nodes = by_code(
        finding("permissions.call", "pass"),
        finding("answer.meaning", "fail"),
        cause="authz.not_a_party",
        because=("answer.meaning",),
    )
    assert nodes["permission"].outcome == Outcome.FAIL
    assert [found.check_id for found in nodes["permission"].findings] == ["answer.meaning", "permissions.call"]


def test_a_response_that_proves_nothing_belongs_to_no_node() -> None:
    nodes = by_code(finding("answer.meaning", "fail"), cause="undetermined", because=("answer.meaning",))
    assert not any(node.findings for node in nodes.values())


def test_proof_of_another_check_moves_to_the_node_of_the_cause() -> None:
    nodes = by_code(
        finding("route.oracle", "fail", subject="resource"), cause="conv.not_found", because=("route.oracle#resource",)
    )
    assert nodes["conversation"].outcome == Outcome.FAIL
    assert nodes["route"].outcome == Outcome.SKIP


def test_the_node_of_the_cause_fails_even_if_its_evidence_is_gone() -> None:
    assert by_code(cause="auth.token_expired", because=("answer.meaning",))["token"].outcome == Outcome.FAIL


def test_findings_of_an_unknown_check_are_left_out() -> None:
    assert not any(node.findings for node in chain([finding("gone.check", "fail")], {}))


def test_a_real_verdict_marks_the_node_of_its_cause() -> None:
    found = [finding("oauth.token", "fail", "client_rejected"), finding("reach.dns", "pass", "resolves")]
    nodes = chain(found, judge(found).to_json())
    assert [node.code for node in nodes if node.is_first_failure] == ["token"]


def test_every_check_but_those_of_the_outcome_has_a_node() -> None:
    assert {check.id for check in all_checks() if not check.node} == {
        "answer.meaning",
        "answer.reproducible",
        "session.start",
    }


def test_every_cause_has_a_node() -> None:
    missing = {cause for cause in causes.TITLES if not causes.node_of(cause)}
    assert missing == {causes.NONE, causes.UNDETERMINED}
    assert {cause.node for cause in causes.CAUSES.values()} <= set(NODES)
