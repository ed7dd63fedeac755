"""Causes ranked by rules: each row is a set of findings and the one answer they deserve."""

from dataclasses import replace
from typing import Any

import pytest

from diagnostics.engine import causes
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, RULES
from diagnostics.engine.verdict import ALL_RIGHT_NOW, CONTRADICTED, PART_IS_NOT_RIGHT, PART_IS_RIGHT, judge

OUTCOMES = {"+": "pass", "!": "warn", "x": "fail", "-": "skip", "?": "error"}


def make_finding(
    check_id: str,
    outcome: str,
    code: str,
    evidence: dict[str, Any] | None = None,
    *,
    sentence: str = "Said.",
    hint: str = "",
    subject: str = "",
) -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, code, sentence, hint, evidence or {})


def output(*lines: str, **answer: Any) -> list[FindingResult]:
    """Findings written as "x request.path:not_in_api"; `answer` is the evidence of answer.meaning."""
    found = []
    for line in lines:
        mark, name = line.split(" ")
        check, code = name.split(":")
        problem, _, code = code.rpartition("/")
        evidence = answer if check == "answer.meaning" else {"trouble": problem} if problem else {}
        found.append(make_finding(check, OUTCOMES[mark], code, evidence))
    return found


HEALTHY = (
    "+ oauth.token:issued",
    "+ oauth.identity:known",
    "+ oauth.scopes:not_applicable",
    "+ permissions.call:held",
    "+ request.host:right",
    "+ request.path:published",
    "+ request.method:right",
    "+ request.body:empty",
    "+ conversation.id:uuid",
    "+ conversation.exists:found",
    "+ conversation.media:supported",
    "+ conversation.connected:connected",
    "+ provider.configured:no_provider_list",
    "+ provider.match:not_named",
)


def but(*lines: str, **answer: Any) -> list[FindingResult]:
    """A healthy run, but for these findings."""
    replaced = {line.split(" ")[1].split(":")[0] for line in lines}
    stored = [line for line in HEALTHY if line.split(" ")[1].split(":")[0] not in replaced]
    return output(*stored, *lines, **answer)


def answered(status: int, code: str, *lines: str, **more: Any) -> list[FindingResult]:
    return but(*lines, f"{'+' if code == 'success' else 'x'} answer.meaning:{code}", status=status, **more)


@pytest.mark.parametrize(
    ("findings", "cause", "certainty"),
    [
        # the call itself was not tested, so that nothing is wrong is not proved
        (but(), "none", "likely"),
        (output("+ oauth.token:issued", "+ conversation.exists:found"), "none", "likely"),
        (output("+ oauth.token:issued", "+ permissions.call:held"), "none", "proved"),
        (answered(200, "success"), "none", "proved"),
        (answered(200, "success", "x conversation.connected:ended"), "none", "proved"),
        ([], "undetermined", "undetermined"),
        # what is wrong with the call itself
        (but("x request.host:unknown_host"), "host.unknown_host", "proved"),
        (but("x request.host:wrong_region"), "host.wrong_region", "proved"),
        (but("x request.host:plain_http"), "host.plain_http", "proved"),
        (but("x request.path:not_in_api"), "path.not_in_api", "proved"),
        (but("x request.sdk:sdk_method_unknown", "- request.path:no_url"), "path.not_in_api", "proved"),
        (answered(404, "not_found", "x request.sdk:sdk_method_unknown"), "path.not_in_api", "proved"),
        (but("x request.path:placeholder_unexpanded"), "path.placeholder_unexpanded", "proved"),
        (but("x request.method:wrong_method"), "path.wrong_method", "proved"),
        (but("x request.headers:header_malformed"), "auth.header_malformed", "proved"),
        (but("x request.body:malformed_json"), "body.malformed_json", "proved"),
        (but("! request.body:unexpected"), "body.unexpected", "likely"),
        (but("! provider.match:not_in_contract"), "provider.not_in_contract", "likely"),
        # what is wrong in the org
        (but("x oauth.token:client_rejected"), "auth.client_rejected", "proved"),
        (but("x oauth.scopes:scope_missing"), "authz.scope_missing", "proved"),
        (but("x permissions.call:permission_missing"), "authz.permission_missing", "proved"),
        (but("x permissions.call:division_missing"), "authz.division_missing", "proved"),
        (but("x conversation.id:id_malformed"), "conv.id_malformed", "proved"),
        (but("x conversation.exists:not_found"), "conv.not_found", "proved"),
        (but("x conversation.exists:only_history"), "conv.ended", "proved"),
        (but("x conversation.connected:ended"), "conv.ended", "proved"),
        (but("x conversation.connected:queued"), "conv.not_connected", "proved"),
        (but("x conversation.media:legacy_chat"), "conv.media_unsupported", "proved"),
        (but("x provider.match:other_case"), "provider.mismatch", "proved"),
        # what the answer says by itself
        (answered(429, "rate_limited"), "env.rate_limited", "proved"),
        (answered(503, "server_error"), "env.server_error", "proved"),
        (answered(504, "server_timeout"), "env.timeout", "proved"),
        (answered(502, "server_error_foreign"), "response.not_genesys", "likely"),
        (answered(404, "not_found", "x request.path:deprecated"), "config.legacy_cobrowse_retired", "likely"),
        (
            answered(404, "not_found", "x oauth.identity:another_org", "x conversation.exists:not_found"),
            "auth.token_foreign",
            "proved",
        ),
        (
            answered(
                404,
                "not_found",
                "? conversation.exists:forbidden",
                "+ permissions.call:held_somewhere",
                "x route.oracle:hidden",
            ),
            "undetermined",
            "undetermined",
        ),
        (answered(401, "token_refused"), "auth.token_expired", "likely"),
        (answered(400, "user_required"), "authz.user_context_required", "likely"),
        (answered(404, "not_a_party"), "authz.not_a_party", "likely"),
        (answered(404, "html"), "env.redirect_or_html", "likely"),
        (answered(404, "foreign"), "response.not_genesys", "likely"),
        (answered(404, "html", "x request.path:not_in_api"), "path.not_in_api", "proved"),
        (answered(200, "html", "x request.path:not_in_api"), "env.redirect_or_html", "likely"),
        (answered(409, "conflict"), "conv.session_conflict", "likely"),
        (but("x answer.meaning:network_dns", status=None), "env.dns", "proved"),
        # an answer that says little, and an org that is right
        (answered(404, "not_found"), "undetermined", "undetermined"),
        (answered(403, "not_authorized"), "undetermined", "undetermined"),
        # what the org says beats the wording of the answer
        (answered(404, "not_found", "x request.path:not_in_api"), "path.not_in_api", "proved"),
        (answered(404, "not_found", "x conversation.exists:not_found"), "conv.not_found", "proved"),
        (answered(409, "conflict", "x conversation.connected:ended"), "conv.ended", "proved"),
        (
            answered(403, "permission_missing", "x permissions.call:division_missing"),
            "authz.division_missing",
            "proved",
        ),
        (
            answered(403, "permission_missing", "x permissions.call:permission_missing"),
            "authz.permission_missing",
            "proved",
        ),
        (answered(403, "permission_missing"), "undetermined", "undetermined"),
        # a 404 is no missing scope or permission
        (answered(404, "not_found", "x permissions.call:permission_missing"), "undetermined", "undetermined"),
        (answered(404, "not_found", "x oauth.scopes:scope_missing"), "undetermined", "undetermined"),
        (answered(404, "not_found", "x oauth.scopes:user_scope_missing"), "undetermined", "undetermined"),
        (
            answered(403, "permission_missing", "+ permissions.call:held_somewhere"),
            "authz.permission_missing",
            "likely",
        ),
        (answered(403, "not_authorized", "? permissions.call:conditional"), "authz.policy_denied", "likely"),
        (answered(403, "not_authorized", "! permissions.call:other_medium"), "authz.permission_missing", "likely"),
        (answered(409, "conflict", "! conversation.connected:parked"), "conv.not_connected", "likely"),
        (but("! conversation.connected:parked"), "none", "likely"),
        (answered(410, "gone", "! deployments.cobrowse:no_deployment"), "config.cobrowse_disabled", "likely"),
        (answered(404, "not_found", "x deployments.cobrowse:off"), "config.cobrowse_disabled", "proved"),
        (
            but("x permissions.call:permission_missing", "x permissions.catalogue:not_in_catalogue"),
            "config.feature_not_licensed",
            "proved",
        ),
        (but("x permissions.catalogue:not_in_catalogue"), "none", "likely"),
        (
            answered(500, "server_error", "x request.path:placeholder_unexpanded"),
            "path.placeholder_unexpanded",
            "proved",
        ),
        (answered(503, "server_error", "x request.body:malformed_json"), "env.server_error", "proved"),
        (but("x oauth.identity:another_org"), "auth.token_foreign", "proved"),
        (but("x request.token:malformed"), "auth.token_request_malformed", "proved"),
        (answered(400, "bad_request", "x request.body:malformed_json"), "body.malformed_json", "proved"),
        (answered(400, "bad_request", "! request.body:unexpected"), "body.unexpected", "likely"),
        (answered(404, "not_found", "! request.body:unexpected"), "undetermined", "undetermined"),
        # an org that cannot be reached weighs more than a body that may be harmless
        (
            but("! request.body:unexpected", "? oauth.token:dns/unreachable", "x reach.dns:no_address"),
            "env.dns",
            "proved",
        ),
        (but("! request.body:unexpected", "? oauth.token:dns/unreachable"), "body.unexpected", "likely"),
        # our own network explains no call that was answered
        (
            answered(404, "not_found", "? oauth.token:dns/unreachable", "x reach.dns:no_address"),
            "undetermined",
            "undetermined",
        ),
        (answered(403, "not_authorized", "? oauth.identity:rate_limited"), "undetermined", "undetermined"),
        (
            but(
                "x answer.meaning:network_refused", "? oauth.token:tls/unreachable", "x reach.tls:expired", status=None
            ),
            "env.tls",
            "proved",
        ),
        # what pairs of reads tell of a 404
        (
            answered(404, "not_found", "x request.path:not_in_api", "+ route.oracle:routed"),
            "undetermined",
            "undetermined",
        ),
        (
            answered(404, "not_found", "? request.path:gateway_unknown", "x route.oracle:not_routed"),
            "path.not_in_api",
            "proved",
        ),
        (
            answered(404, "not_found", "x request.path:trailing_slash", "x route.oracle:not_routed"),
            "path.trailing_slash",
            "proved",
        ),
        (
            answered(404, "not_found", "x conversation.exists:not_found", "x route.oracle:absent"),
            "conv.not_found",
            "proved",
        ),
        (
            answered(404, "not_found", "x conversation.exists:not_found", "x route.oracle:hidden"),
            "undetermined",
            "undetermined",
        ),
        (
            answered(
                404,
                "not_found",
                "- permissions.call:not_asked",
                "x conversation.exists:not_found",
                "x route.oracle:hidden",
            ),
            "authz.permission_missing",
            "likely",
        ),
        # two faults: the one that the status allows, else the one that is met first
        (but("x request.path:not_in_api", "x conversation.connected:ended"), "path.not_in_api", "proved"),
        (answered(401, "token_refused", "x request.path:not_in_api"), "auth.token_expired", "likely"),
        (answered(403, "not_authorized", "x request.body:malformed_json"), "undetermined", "undetermined"),
        (
            answered(403, "not_authorized", "x request.body:malformed_json", "x conversation.connected:ended"),
            "conv.ended",
            "proved",
        ),
        (but("x request.host:wrong_region", "x oauth.token:client_rejected"), "host.wrong_region", "proved"),
        (but("x request.host:wrong_region", "x request.path:not_in_api"), "path.not_in_api", "proved"),
        (but("x request.host:unknown_host", "x request.path:not_in_api"), "host.unknown_host", "proved"),
        # what we could not ask
        (but("? permissions.call:unreadable"), "undetermined", "undetermined"),
        (but("? deployments.cobrowse:unreadable"), "undetermined", "undetermined"),
        (but("? permissions.catalogue:unreadable"), "none", "likely"),
        (but("? provider.configured:unknown"), "none", "likely"),
        (but("? reach.clock:crashed"), "none", "likely"),
        (but("? conversation.exists:forbidden"), "undetermined", "undetermined"),
        (but("? oauth.token:timeout/unreachable"), "env.timeout", "likely"),
        (but("? oauth.token:dns/unreachable"), "env.dns", "likely"),
        (but("? oauth.token:refused/unreachable"), "undetermined", "undetermined"),
        (but("? oauth.token:dns/unreachable", "x reach.dns:no_address"), "env.dns", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:expired"), "env.tls", "proved"),
        (but("? oauth.token:reset/unreachable"), "undetermined", "undetermined"),
        (but("? oauth.token:reset/unreachable", "x reach.tls:cut"), "env.tls", "proved"),
        (but("? oauth.token:timeout/unreachable", "x reach.tls:timeout"), "env.timeout", "proved"),
        (but("? oauth.token:timeout/unreachable", "x reach.tls:proxy_unreachable"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable", "x reach.tls:proxy_login"), "env.proxy", "proved"),
        # a bad certificate that stopped none of our reads explains nothing
        (but("x reach.tls:expired"), "none", "likely"),
        (but("? oauth.identity:not_json/not_genesys"), "env.redirect_or_html", "likely"),
        (but("? oauth.identity:too_large/not_genesys"), "response.not_genesys", "likely"),
        (but("? oauth.identity:rate_limited"), "env.rate_limited", "likely"),
        (but("? oauth.identity:rate_limited", "? limits.headroom:rate_limited"), "env.rate_limited", "proved"),
        (but("? conversation.exists:rate_limited", "x request.path:not_in_api"), "path.not_in_api", "proved"),
    ],
)
def test_findings_get_their_verdict(findings: list[FindingResult], cause: str, certainty: str) -> None:
    verdict = judge(findings)
    assert (verdict.cause, verdict.certainty) == (cause, certainty)


@pytest.mark.parametrize(
    ("findings", "cause", "sentence"),
    [
        (output("+ oauth.token:issued", "+ oauth.identity:known"), "none", PART_IS_RIGHT),
        (output("+ oauth.token:issued", "x reach.tls:expired"), "undetermined", f"{PART_IS_NOT_RIGHT} Said."),
        (output("+ oauth.token:issued", "! request.body:unexpected"), "undetermined", f"{PART_IS_NOT_RIGHT} Said."),
        (output("+ oauth.token:issued", "? conversation.exists:forbidden"), "undetermined", "Said."),
        (output("+ oauth.token:issued", "x conversation.connected:queued"), "conv.not_connected", "Said."),
        # what would have spoken against the answer's own words was not asked
        (output("x answer.meaning:permission_missing", status=403), "undetermined", f"{PART_IS_NOT_RIGHT} Said."),
    ],
)
def test_a_part_acquits_only_itself_and_accuses_only_on_its_own_evidence(
    findings: list[FindingResult], cause: str, sentence: str
) -> None:
    verdict = judge(findings, part=True)
    assert (verdict.cause, verdict.sentence) == (cause, sentence)
    if sentence.startswith(PART_IS_NOT_RIGHT):
        assert verdict.because == tuple(each.anchor for each in findings if each.outcome in ("fail", "warn"))


@pytest.mark.parametrize(
    ("start", "cause", "certainty"),
    [
        ("+ session.start:started", "none", "proved"),
        ("x session.start:permission_missing", "authz.permission_missing", "proved"),
        ("x session.start:division_missing", "authz.division_missing", "proved"),
        ("x session.start:user_required", "authz.user_context_required", "proved"),
        ("x session.start:conflict", "conv.session_conflict", "likely"),
        ("x session.start:server_error", "env.server_error", "proved"),
        ("x session.start:rate_limited", "env.rate_limited", "proved"),
        ("? session.start:tls/unreachable", "env.tls", "likely"),
        # refused, and nobody says why; or nobody knows what became of it: all else being right acquits nothing
        ("x session.start:not_found", "undetermined", "undetermined"),
        ("x session.start:not_authorized", "undetermined", "undetermined"),
        ("? session.start:may_be_offered", "undetermined", "undetermined"),
        ("? session.start:may_have_been_sent", "undetermined", "undetermined"),
        ("- session.start:not_all_right", "undetermined", "undetermined"),
    ],
)
def test_what_became_of_a_live_start_is_the_answer(start: str, cause: str, certainty: str) -> None:
    verdict = judge(but(start))
    assert (verdict.cause, verdict.certainty) == (cause, certainty)
    assert verdict.because[0] == "session.start"


def test_a_cause_that_cannot_have_produced_the_response_is_listed_and_never_first() -> None:
    verdict = judge(answered(409, "conflict", "x permissions.call:permission_missing"))
    assert (verdict.cause, verdict.also) == ("conv.session_conflict", ("authz.permission_missing",))
    verdict = judge(answered(413, "too_large", "x conversation.connected:ended"))
    assert (verdict.cause, verdict.also) == (causes.UNDETERMINED, ("conv.ended",))
    assert "Said." in verdict.sentence


def test_a_response_that_a_browser_hides_leaves_a_fault_likely() -> None:
    hidden = answered(0, "network_cors", "x request.path:trailing_slash")
    assert (judge(hidden).cause, judge(hidden).certainty) == ("path.trailing_slash", "likely")


def test_a_response_hidden_by_the_browser_is_reported_if_nothing_else_is_wrong() -> None:
    hidden = make_finding("answer.meaning", "error", "network_cors", sentence="The browser hides it.")
    verdict = judge([*but(), hidden])
    assert (verdict.cause, verdict.sentence) == (causes.UNDETERMINED, "The browser hides it.")


def test_the_second_fault_is_listed() -> None:
    verdict = judge(
        but("x request.path:not_in_api", "x conversation.connected:ended", "! provider.match:not_in_contract")
    )
    assert verdict.also == ("conv.ended", "provider.not_in_contract")


def test_a_proven_network_problem_is_listed_next_to_the_problem_of_the_call() -> None:
    found = but("x request.path:not_in_api", "? oauth.token:tls/unreachable", "x reach.tls:expired")
    assert (judge(found).cause, judge(found).also) == ("path.not_in_api", ("env.tls",))


def test_because_names_what_is_needed_and_supported_by_what_agrees() -> None:
    verdict = judge(answered(404, "not_found", "x request.path:not_in_api", "x route.oracle:not_routed"))
    assert (verdict.because, verdict.supported_by) == (("request.path",), ("route.oracle", "answer.meaning"))
    verdict = judge(
        answered(404, "not_found", "x permissions.call:permission_missing", "x conversation.exists:not_found")
    )
    assert verdict.because == ("conversation.exists", "answer.meaning")  # the response refutes the missing permission


def test_what_was_ruled_out_is_listed() -> None:
    assert "conversation.connected" in judge(but("x request.path:not_in_api")).ruled_out


def test_inconclusive_checks_are_listed() -> None:
    verdict = judge(but("? conversation.exists:forbidden", "x request.path:not_in_api"))
    assert [each.sentence for each in verdict.unchecked] == ["Said."]


def test_every_rule_names_a_cause_that_there_is() -> None:
    named = {rule.cause for rule in (*RULES, *DEPARTURES)} | {cause for cause, *_ in PROBLEM_RULES}
    assert named <= set(causes.TITLES)


def test_what_was_not_read_is_reported_with_who_can_read_it() -> None:
    unseen = make_finding(
        "conversation.exists", "error", "forbidden", sentence="It may not be read.", hint="Give the right."
    )
    verdict = judge([*answered(404, "not_found", "+ permissions.call:held_somewhere"), unseen])
    assert verdict.cause == causes.UNDETERMINED
    assert unseen.sentence in verdict.sentence
    assert unseen.hint in verdict.remedy


@pytest.mark.parametrize(
    ("findings", "cause", "refuted_by"),
    [
        # a check that passed refutes the likeliest other cause of the response
        (answered(404, "not_found", "x request.path:not_in_api"), "conv.not_found", ("conversation.exists",)),
        (answered(401, "token_absent"), "host.wrong_region", ("request.host",)),
        (answered(403, "permission_missing", "x permissions.call:permission_missing"), "authz.scope_missing", ("oauth.scopes",)),
        (answered(200, "success"), "path.not_in_api", ("request.path", "answer.meaning")),
        # a cause that a finding names, set aside by the response or by another finding, is stronger than any other
        (
            answered(404, "not_found", "x permissions.call:permission_missing", "x conversation.exists:not_found"),
            "authz.permission_missing",
            ("answer.meaning",),
        ),
        (
            answered(404, "not_found", "x request.path:not_in_api", "+ route.oracle:routed", "x conversation.connected:ended"),
            "path.not_in_api",
            ("route.oracle",),
        ),
        # nothing passed: the check itself would have said it
        (output("x oauth.token:client_rejected"), "auth.ip_not_allowed", ("oauth.token",)),
        (output("+ session.start:started"), "authz.not_a_party", ("session.start",)),
    ],
)  # fmt: skip
def test_a_proven_verdict_names_its_strongest_rival(
    findings: list[FindingResult], cause: str, refuted_by: tuple[str, ...]
) -> None:
    rival = judge(findings).rival
    assert rival is not None
    assert (rival.cause, rival.refuted_by) == (cause, refuted_by)


def test_a_check_refutes_a_cause_only_if_it_passed_for_every_subject() -> None:
    """One of two scopes is there; that refutes no missing scope."""
    scopes = [make_finding("oauth.scopes", "pass", "granted", subject="a"), *output("x oauth.scopes:scope_missing")]
    rival = judge([*answered(403, "permission_missing", "x permissions.call:permission_missing"), *scopes]).rival
    assert rival is not None and rival.cause != "authz.scope_missing"


def test_only_a_proven_verdict_has_a_rival_and_another_problem_is_none() -> None:
    assert judge(answered(409, "conflict")).rival is None
    rival = judge(but("x conversation.exists:not_found", "x deployments.cobrowse:off")).rival
    assert rival is not None and rival.cause != "config.cobrowse_disabled"


def test_the_order_of_the_findings_does_not_matter() -> None:
    findings = answered(404, "not_found", "x conversation.connected:ended", "x deployments.cobrowse:off")
    assert judge(findings[::-1]) == judge(findings)


def with_words(findings: list[FindingResult]) -> list[FindingResult]:
    """The findings, each with a sentence and a hint of its own."""
    return [
        replace(finding, sentence=f"Found by {finding.check_id}.", hint=f"Hint of {finding.check_id}.")
        for finding in findings
    ]


SCREENSHOT = "? request.path:from_screenshot"


@pytest.mark.parametrize(
    ("findings", "because"),
    [
        (but("x request.path:not_in_api"), ["request.path"]),
        (answered(404, "not_found", "x conversation.exists:not_found"), ["conversation.exists"]),
        (answered(409, "conflict"), ["answer.meaning"]),
        # undetermined: what couldn't be read, what a comparison of reads suggests, what doesn't explain the response
        (answered(403, "not_authorized", "? permissions.call:unreadable"), ["answer.meaning", "permissions.call"]),
        (answered(404, "not_found", "x route.oracle:other_view"), ["answer.meaning", "route.oracle"]),
        (output("? answer.meaning:network_unknown", status=None), ["answer.meaning"]),
        (
            answered(404, "not_found", "x permissions.call:permission_missing"),
            ["answer.meaning", "permissions.call"],
        ),
        (but("? conversation.exists:forbidden"), ["conversation.exists"]),
        (but(SCREENSHOT), ["request.path"]),
        (answered(200, "success", "! answer.reproducible:not_reproducible"), ["answer.reproducible"]),
        (but("? session.start:may_be_offered"), ["session.start"]),
    ],
)
def test_a_verdict_has_the_sentence_and_the_hint_of_the_finding_behind_it(
    findings: list[FindingResult], because: list[str]
) -> None:
    verdict = judge(with_words(findings))
    assert set(because) <= {*verdict.because, *verdict.supported_by}
    behind = because[-1]
    assert f"Found by {behind}." in verdict.sentence or behind == "answer.reproducible"
    assert f"Hint of {behind}." in verdict.remedy


def test_of_the_unread_a_problem_of_the_org_is_first_and_then_one_with_a_hint() -> None:
    response = make_finding("answer.meaning", "fail", "not_authorized", {"status": 403})
    plain = make_finding("conversation.exists", "error", "unreadable", sentence="Plain.")
    hinted = make_finding("permissions.call", "error", "unreadable", sentence="Hinted.", hint="Do this.")
    problem = make_finding("deployments.cobrowse", "error", "server_error", sentence="Problem.")
    assert "Hinted." in judge([response, plain, hinted]).sentence
    assert "Problem." in judge([response, plain, hinted, problem]).sentence


def test_a_response_that_the_org_contradicts_differs_from_one_that_nothing_explains() -> None:
    contradicted = judge(answered(403, "permission_missing"))
    unexplained = judge(answered(404, "not_found"))
    assert (contradicted.sentence, contradicted.remedy) == CONTRADICTED
    assert (unexplained.sentence, unexplained.remedy) == ALL_RIGHT_NOW


@pytest.mark.parametrize(("code", "is_contradicted"), [("unreadable", True), ("server_error", False)])
def test_what_could_not_be_read_excuses_a_contradicted_response_only_if_the_org_had_a_problem(
    code: str, is_contradicted: bool
) -> None:
    verdict = judge([*answered(403, "permission_missing"), make_finding("deployments.cobrowse", "error", code)])
    assert (verdict.sentence == CONTRADICTED[0]) is is_contradicted


def test_what_does_not_explain_the_response_is_reported_with_its_status_and_code() -> None:
    response = make_finding("answer.meaning", "fail", "not_found", {"status": 404, "code": "not.found"})
    assert "(404 not.found)" in judge([*but("x permissions.call:permission_missing"), response]).sentence
    response = make_finding("answer.meaning", "fail", "not_found", {"status": 404})
    assert "(404)" in judge([*but("x permissions.call:permission_missing"), response]).sentence


def test_a_verdict_of_nothing_wrong_differs_by_what_was_checked() -> None:
    conversation = output("+ oauth.token:issued", "+ conversation.exists:found")
    org = output("+ oauth.token:issued", "+ permissions.call:held")
    sentences = {judge(findings).sentence for findings in (but(), conversation, org, answered(200, "success"))}
    assert len(sentences) == 4
    warned = judge(with_words(but("! conversation.connected:parked")))
    assert "Found by conversation.connected." in warned.sentence
    assert warned.because[-1] == "conversation.connected"
    assert not judge(but()).sentence.endswith("Found by conversation.connected.")


def test_nothing_wrong_without_a_call_is_because_of_every_check_that_passed() -> None:
    assert set(judge(but()).because) == {line.split(" ")[1].split(":")[0] for line in HEALTHY}
    worked = judge(answered(200, "success", "x conversation.connected:ended"))
    assert (worked.cause, worked.because) == ("none", ("answer.meaning",))


def test_unchecked_are_the_inconclusive_ones_and_those_without_an_input() -> None:
    verdict = judge(
        with_words(but("? provider.configured:unknown", "- conversation.id:not_given", "- reach.dns:not_asked"))
    )
    assert {(each.sentence, each.who) for each in verdict.unchecked} == {
        (f"Found by {check}.", f"Hint of {check}.") for check in ("provider.configured", "conversation.id")
    }


def test_ruled_out_are_the_checks_that_passed_in_the_order_of_the_call() -> None:
    verdict = judge(but("x conversation.connected:ended"))
    assert verdict.ruled_out == (
        "request.path",
        "oauth.scopes",
        "oauth.token",
        "permissions.call",
        "conversation.exists",
        "conversation.media",
        "provider.match",
    )
    assert judge(but()).ruled_out == ()


def test_a_verdict_in_json_has_lists_and_its_rival() -> None:
    verdict = judge(answered(404, "not_found", "x conversation.exists:not_found", "! provider.match:not_in_contract"))
    assert verdict.rival is not None
    found = verdict.to_json()
    assert found == {
        "cause": "conv.not_found",
        "certainty": "proved",
        "sentence": "Said.",
        "remedy": "",
        "because": list(verdict.because),
        "also": ["provider.not_in_contract"],
        "ruled_out": list(verdict.ruled_out),
        "unchecked": [],
        "supported_by": list(verdict.supported_by),
        "rival": {"cause": verdict.rival.cause, "refuted_by": list(verdict.rival.refuted_by)},
    }
    assert judge(but()).to_json()["rival"] is None


@pytest.mark.parametrize(
    ("findings", "cause", "certainty"),
    [
        (but("x request.host:placeholder_unexpanded"), "path.placeholder_unexpanded", "proved"),
        (but("x request.host:not_the_api_host"), "host.unknown_host", "proved"),
        (but("x request.headers:unexpanded"), "auth.header_malformed", "likely"),
        (but("x request.token:implicit_grant_refused"), "auth.client_rejected", "likely"),
        (but("x oauth.token:ip_refused"), "auth.ip_not_allowed", "proved"),
        (but("x provider.match:missing"), "provider.mismatch", "proved"),
        (but("x provider.configured:none_configured"), "provider.mismatch", "likely"),
        (answered(407, "proxy"), "env.proxy", "proved"),
        (but("x answer.meaning:client_timeout", status=None), "env.timeout", "likely"),
        (but("x answer.meaning:network_redirect_or_html", status=None), "env.redirect_or_html", "likely"),
        (answered(400, "token_request_malformed"), "auth.token_request_malformed", "proved"),
        (answered(400, "client_rejected"), "auth.client_rejected", "likely"),
        (answered(400, "grant_not_allowed"), "auth.client_rejected", "likely"),
        (answered(400, "client_required"), "authz.user_context_required", "likely"),
        (answered(501, "feature_off"), "config.feature_not_licensed", "likely"),
        (
            answered(404, "conversation_not_found", "- conversation.exists:prerequisite"),
            "conv.not_found",
            "likely",
        ),
        (answered(404, "conversation_not_found"), "undetermined", "undetermined"),  # the org has it
        (answered(400, "provider_wanted"), "provider.mismatch", "likely"),
        (answered(404, "session_gone"), "config.offer_expired", "likely"),
        # a host that isn't the API's explains every page and every silence
        (answered(404, "html", "x request.host:not_the_api_host"), "host.unknown_host", "proved"),
        (answered(404, "foreign", "x request.host:not_the_api_host"), "host.unknown_host", "proved"),
        (
            but("x answer.meaning:network_timeout", "x request.host:not_the_api_host", status=None),
            "host.unknown_host",
            "proved",
        ),
        # a live start that was refused
        (but("x session.start:not_a_party"), "authz.not_a_party", "proved"),
        (but("x session.start:feature_off"), "config.feature_not_licensed", "likely"),
        (but("x session.start:ip_refused"), "auth.ip_not_allowed", "proved"),
        (but("x session.start:token_refused"), "auth.token_expired", "likely"),
        # problems of our own requests, and what proves them
        (but("? oauth.token:proxy/unreachable", "x reach.tls:proxy_refused"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable", "x reach.tls:proxy_unsupported"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable", "x reach.tls:proxy_unreachable"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable", "x reach.dns:proxy_no_address"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable", "x reach.route:proxy_unreadable"), "env.proxy", "proved"),
        (but("? oauth.token:proxy/unreachable"), "env.proxy", "likely"),
        (but("? oauth.token:timeout/unreachable", "x reach.tls:timeout"), "env.timeout", "proved"),
        (but("? oauth.token:dns/unreachable", "x reach.dns:no_name_service"), "env.dns", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:not_yet_valid"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:wrong_host"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:self_signed"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:untrusted"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:protocol"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable", "x reach.tls:no_trust_store"), "env.tls", "proved"),
        (but("? oauth.token:tls/unreachable"), "env.tls", "likely"),
        (but("? oauth.identity:redirect/not_genesys"), "env.redirect_or_html", "likely"),
        (but("? oauth.identity:empty/not_genesys"), "response.not_genesys", "likely"),
        (but("? oauth.identity:garbled/not_genesys"), "response.not_genesys", "likely"),
        (but("? oauth.identity:not_genesys"), "response.not_genesys", "likely"),
        (but("? oauth.identity:server_error"), "env.server_error", "likely"),
    ],
)
def test_each_code_of_a_check_has_its_cause(findings: list[FindingResult], cause: str, certainty: str) -> None:
    verdict = judge(findings)
    assert (verdict.cause, verdict.certainty) == (cause, certainty)


@pytest.mark.parametrize(
    ("findings", "cause"),
    [
        (output("x conversation.exists:not_found", "+ route.oracle:routed"), "conv.not_found"),
        (output("x conversation.exists:not_found"), "undetermined"),
        (output("x request.path:not_in_api", "x route.oracle:not_routed"), "path.not_in_api"),
        (output("x request.path:not_in_api"), "undetermined"),
    ],
)
def test_a_part_names_a_cause_only_if_its_exceptions_were_checked(findings: list[FindingResult], cause: str) -> None:
    assert judge(findings, part=True).cause == cause


def test_what_was_misread_from_a_screenshot_leaves_a_call_that_worked_alone() -> None:
    assert judge(answered(200, "success", SCREENSHOT)).cause == "none"
    assert judge(answered(404, "not_found", SCREENSHOT)).because == ("request.path",)


def test_behind_a_gateway_a_404_may_hide_a_missing_permission() -> None:
    """The first choice is a cause that fits the response, which a missing permission does only there."""
    named = ("x permissions.call:permission_missing",)
    assert judge(answered(404, "not_found", *named)).cause == "undetermined"
    assert judge(answered(404, "not_found", "+ provider.configured:listed", *named)).cause == "authz.permission_missing"
