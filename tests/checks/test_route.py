"""The oracle: each pair of answers and what it proves, and the pairs as the demo orgs really answer them."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.probes import ProbePlan
from diagnostics.checks.route import ProbeResult, judge, judge_path, judge_resource, probe_result
from diagnostics.demo import server
from diagnostics.demo.orgs import REGION, DemoClient
from diagnostics.demo.scenarios import scenario
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.engine.finding import FindingResult
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.inputs import Inputs
from tests.checks.test_oauth import answer_of

PLAN = ProbePlan(
    parent="/api/v2/conversations/real",
    impossible="/api/v2/conversations/impossible",
    called="/called",
    invented="/invented",
    control="/control",
)
VIEW = ProbePlan(parent="/api/v2/conversations/real", impossible="/api/v2/conversations/impossible", is_view=True)


def visible(text: str, path: str = "/x") -> ProbeResult:
    """Written as "404 not.found"; "?" before it says that it is nobody's own word."""
    status, _, code = text.removeprefix("?").partition(" ")
    return ProbeResult(path, int(status) if status else None, code, not text.startswith("?"))


NONE = "404 conversation.error.conversation.not.found"


@pytest.mark.parametrize(
    ("real", "impossible", "views", "past", "outcome", "code"),
    [
        ("200", NONE, [], "", Outcome.PASS, "present"),
        ("200", "403 missing.any.permissions", [], "", Outcome.PASS, "present"),
        (NONE, NONE, [NONE, NONE], NONE, Outcome.FAIL, "absent"),
        (NONE, NONE, [], "", Outcome.FAIL, "absent"),
        (NONE, NONE, [NONE], "403 missing.any.permissions", Outcome.FAIL, "absent"),
        (NONE, NONE, [NONE], "200", Outcome.FAIL, "past"),
        (NONE, NONE, [NONE], "?200", Outcome.FAIL, "absent"),
        # hidden: another read shows it, or an impossible id is answered otherwise
        (NONE, NONE, [NONE, "200"], "", Outcome.FAIL, "hidden"),
        ("403 missing.any.permissions", NONE, [], "", Outcome.FAIL, "hidden"),
        ("404 not.found", NONE, [NONE], "", Outcome.FAIL, "hidden"),
        ("403 missing.any.permissions", "403 missing.any.permissions", ["200"], "", Outcome.FAIL, "hidden"),
        ("403 missing.any.permissions", "403 missing.any.permissions", [NONE], "", Outcome.ERROR, "blind"),
        # the history knows what is live, too: only a live read that does not find it says that it is over
        ("403 missing.any.permissions", "403 missing.any.permissions", [NONE], "200", Outcome.ERROR, "only_recorded"),
        ("403 missing.any.permissions", "403 missing.any.permissions", ["200"], "200", Outcome.FAIL, "hidden"),
        ("403 missing.any.permissions", NONE, [], "200", Outcome.FAIL, "hidden"),
        # what cannot be compared
        (NONE, "400 invalid.value", [], "", Outcome.ERROR, "untold"),
        ("?404 not_json", "?404 not_json", [], "", Outcome.ERROR, "untold"),
        ("?500 internal.server.error", NONE, [], "", Outcome.ERROR, "untold"),
        ("?", "?", [], "", Outcome.ERROR, "untold"),
        ("200", "200", [], "", Outcome.ERROR, "answers_anything"),
        (NONE, "200", [], "", Outcome.ERROR, "answers_anything"),
    ],
)
def test_the_id_against_an_impossible_one(
    real: str, impossible: str, views: list[str], past: str, outcome: Outcome, code: str
) -> None:
    history = visible(past) if past else None
    result = judge_resource(PLAN, visible(real), visible(impossible), [visible(each) for each in views], history)
    assert (result.outcome, result.code, result.subject) == (outcome, code, "resource")


def test_another_medium_is_not_hidden() -> None:
    assert judge_resource(VIEW, visible(NONE), visible(NONE), [visible("200")], None).code == "other_view"


def test_unknown_id_of_another_resource_is_no_unknown_conversation() -> None:
    plan = replace(PLAN, parent="/api/v2/webdeployments/deployments/real")
    assert judge_resource(plan, visible(NONE), visible(NONE), [], None).code == "other_absent"


def test_the_hint_names_the_permission_that_would_decide() -> None:
    plan = replace(
        PLAN,
        permissions=("conversation:communication:view",),
        history_permissions=("analytics:conversationDetail:view",),
    )
    forbidden = "403 missing.any.permissions"
    assert (
        "conversation:communication:view" in judge_resource(plan, visible(forbidden), visible(forbidden), [], None).hint
    )
    assert (
        "analytics:conversationDetail:view"
        in judge_resource(plan, visible(NONE), visible(NONE), [], visible(forbidden)).hint
    )


@pytest.mark.parametrize(
    ("called", "invented", "control", "outcome", "code"),
    [
        ("405 method.not.allowed", "404 not.found", "", Outcome.PASS, "routed"),
        ("403 not.authorized", "404 not.found", "", Outcome.PASS, "routed"),
        (NONE, "404 not.found", "", Outcome.PASS, "routed"),
        ("404 not.found", "404 not.found", "405 method.not.allowed", Outcome.FAIL, "not_routed"),
        ("?404 not_json", "?404 not_json", "405 method.not.allowed", Outcome.FAIL, "not_routed"),
        ("404 not.found", "404 not.found", "404 not.found", Outcome.SKIP, "alike"),
        ("404 not.found", "404 not.found", "", Outcome.SKIP, "alike"),
        ("404 not.found", "404 not.found", "?500", Outcome.SKIP, "alike"),
        ("405 method.not.allowed", "405 method.not.allowed", "", Outcome.ERROR, "answers_anything"),
        ("200", "200", "", Outcome.ERROR, "answers_anything"),
        ("?401 bad.credentials", "404 not.found", "", Outcome.ERROR, "untold"),
        ("404 not.found", "?429 too.many.requests", "", Outcome.ERROR, "untold"),
        ("?302 redirect", "404 not.found", "", Outcome.ERROR, "untold"),
        ("?503", "404 not.found", "", Outcome.ERROR, "untold"),
        ("?", "404 not.found", "", Outcome.ERROR, "untold"),
    ],
)
def test_the_path_against_an_invented_one(
    called: str, invented: str, control: str, outcome: Outcome, code: str
) -> None:
    result = judge_path(visible(called), visible(invented), visible(control) if control else None)
    assert (result.outcome, result.code, result.subject) == (outcome, code, "path")


ERROR = {"code": "not.found", "message": "The requested resource was not found.", "status": 404}


@pytest.mark.parametrize(
    ("answer", "is_from_api", "is_conclusive"),
    [
        (answer_of(200, {}), True, True),
        (answer_of(404, ERROR), True, True),
        (answer_of(404, None, "not_json"), False, True),
        (answer_of(404, None, "empty"), False, True),
        (answer_of(200, None, "not_json"), False, True),
        (answer_of(401, ERROR), False, False),
        (answer_of(407, None, "proxy"), False, False),
        (answer_of(429, ERROR), False, False),
        (answer_of(302, None, "redirect"), False, False),
        (answer_of(503, ERROR), False, False),
        (answer_of(None, None, "timeout"), False, False),
        (OrgResponse(None, error="no_token"), False, False),
    ],
)
def test_whose_word_an_answer_is(answer: OrgResponse, is_from_api: bool, is_conclusive: bool) -> None:
    found = probe_result("/x", answer)
    assert (found.is_from_api, found.is_conclusive) == (is_from_api, is_conclusive)


def codes(answers: dict[str, str], other_host: str = "", answered: int | None = 404) -> dict[str, str]:
    found = {path: visible(text, path) for path, text in answers.items()}
    return {result.subject: result.code for result in judge(PLAN, found, other_host, answered)}


def test_a_conversation_of_this_org_and_a_call_to_another_region() -> None:
    reported = {"/api/v2/conversations/real": "200", "/api/v2/conversations/impossible": NONE}
    assert codes(reported, other_host="api.mypurecloud.ie") == {"resource": "present", "region": "other_region"}
    found = {path: visible(text, path) for path, text in reported.items()}
    other = next(each for each in judge(PLAN, found, "api.mypurecloud.ie", 404) if each.subject == "region")
    assert other.evidence["pair"][1] == {"host": "api.mypurecloud.ie", "status": 404}


def test_what_is_left_when_route_and_resource_are_there() -> None:
    reported = {
        "/api/v2/conversations/real": "200",
        "/api/v2/conversations/impossible": NONE,
        "/called": "405 method.not.allowed",
        "/invented": "404 not.found",
    }
    assert codes(reported) == {"resource": "present", "path": "routed", "answer": "from_the_operation"}
    assert codes(reported, answered=None) == {"resource": "present", "path": "routed"}


def test_nothing_to_compare() -> None:
    assert codes({}) == {"": "nothing_to_compare"}


# -- against the demo orgs, through the engine


@pytest.fixture(scope="module")
def demo() -> Iterator[server.Running]:
    running = server.start()
    yield running
    running.stop()


def client_named(demo: server.Running, name: str) -> tuple[str, DemoClient]:
    for key, endpoint in demo.orgs.items():
        for org in endpoint.orgs:
            for client in org.clients:
                if client.name == name:
                    return REGION.format(key=key), client
    raise KeyError(name)


def diagnose(demo: server.Running, name: str, call: str, answer: str, id: str = "") -> tuple[Diagnosis, list[str]]:
    """The diagnosis, and the targets of all that it sent."""
    key, client = client_named(demo, name)
    inputs, _ = Inputs.from_paste(call, answer, id)
    before = demo.log.total
    diagnosis = Diagnosis(
        region=region(key), client_id=client.id, secret=client.secret, client_name=name, kind="diagnosis", inputs=inputs
    )
    for _ in diagnosis.steps():
        pass
    sent = demo.log.requests[before - demo.log.total :]
    assert all(each.is_harmless for each in sent)
    assert len(sent) <= 25
    return diagnosis, [each.target for each in sent]


def oracle(diagnosis: Diagnosis) -> dict[str, FindingResult]:
    return {each.subject: each for each in diagnosis.findings if each.check_id == "route.oracle"}


@pytest.mark.parametrize(
    ("id", "reported"),
    [
        ("thread-call", {"resource": "present", "path": "not_routed"}),
        ("thread-advice", {"resource": "present", "path": "not_routed"}),
        ("path-providers", {"path": "not_routed"}),
        ("path-trailing-slash", {"resource": "present", "path": "not_routed"}),
        ("path-base-doubled", {"resource": "present", "path": "not_routed"}),
        ("conversation-unknown", {"resource": "absent", "path": "routed"}),
        ("participant-id", {"resource": "absent", "path": "routed"}),
        ("conversation-history", {"resource": "past", "path": "routed"}),
        ("answer-404-live", {"resource": "present", "path": "routed", "answer": "from_the_operation"}),
        ("client-cannot-read", {"resource": "hidden"}),
        ("client-other-division", {"resource": "hidden"}),
        ("gateway-scope-cobrowse", {"resource": "present", "path": "routed", "answer": "from_the_operation"}),
        ("gateway-unknown-conversation", {"resource": "absent", "path": "routed"}),
        ("healthy-web", {"": "not_asked"}),
        ("conversation-ended", {"": "not_asked"}),
    ],
)
def test_the_demo_orgs_are_read_right(
    id: str, reported: dict[str, str], demo: server.Running, settings: Settings
) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    case = scenario(id)
    diagnosis, _ = diagnose(demo, case.client, case.call, case.answer, case.conversation_id)
    assert {subject: each.code for subject, each in oracle(diagnosis).items()} == reported


def hide(demo: server.Running, grants: tuple[tuple[str, str], ...]) -> str:
    """A client of the gateway's org with these grants only; the gateway answers 404 in place of every 403."""
    org = demo.orgs["gateway"].orgs[0]
    known = client_named(demo, "Demo: provider gateway")[1]
    name = f"Hidden from {len(grants)}"
    org.add_clients([replace(known, id=str(uuid.uuid4()), name=name, grants=grants)])
    return name


@pytest.mark.parametrize("elsewhere", [True, False], ids=["role in another division", "no role at all"])
def test_a_404_in_place_of_a_403_is_seen_through(elsewhere: bool, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    role = client_named(demo, "Demo: provider gateway")[1].grants[0][0]
    name = hide(demo, ((role, str(uuid.uuid4())),) if elsewhere else ())
    case = scenario("gateway-scope-cobrowse")
    diagnosis, _ = diagnose(demo, name, case.call, case.answer)
    assert oracle(diagnosis)["resource"].code == "hidden"
    assert diagnosis.verdict()["cause"] == "authz.permission_missing"


def test_each_pair_is_reported_with_both_exchanges(demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    case = scenario("thread-call")
    diagnosis, sent = diagnose(demo, case.client, case.call, case.answer)
    for subject in ("resource", "path"):
        pair: list[dict[str, Any]] = oracle(diagnosis)[subject].evidence["pair"]
        assert all(set(each) == {"method", "path", "status", "code"} for each in pair)
        assert {each["path"] for each in pair} <= set(sent)


def test_a_404_of_somebody_else_does_not_speak_of_the_operation(demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    page = "HTTP/1.1 404 Not Found\nContent-Type: text/html\n\n<html><body>Not here</body></html>"
    diagnosis, _ = diagnose(demo, "Demo: published API", scenario("healthy-web").call, page)
    assert {subject: each.code for subject, each in oracle(diagnosis).items()} == {
        "resource": "present",
        "path": "routed",
    }


def test_a_healthy_call_costs_the_oracle_nothing(demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    case = scenario("healthy-web")
    _, sent = diagnose(demo, case.client, case.call, case.answer)
    assert not [target for target in sent if "no-such-resource" in target or "00000000" in target]


def test_any_sub_resource_of_a_conversation(demo: server.Running, settings: Settings) -> None:
    """The same logic, a call that has nothing to do with cobrowse: the wrong medium in its path."""
    settings.GENESYS_ENDPOINTS = demo.endpoints
    web = scenario("healthy-web").call.split("/")[4]
    call = f"PATCH /api/v2/conversations/calls/{web}/participants/{web}"
    diagnosis, _ = diagnose(
        demo, "Demo: published API", call, "HTTP/1.1 404 Not Found\nContent-Type: application/json\n"
    )
    assert oracle(diagnosis)["resource"].code == "other_view"
