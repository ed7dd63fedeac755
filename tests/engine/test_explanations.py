"""A cause is named first only if it can produce the response that came back."""

from random import Random
from typing import Any

import pytest

from diagnostics.engine.causes import TITLES, family_of
from diagnostics.engine.causes.not_found import CAUSES_OF_A_404, NEVER_CAUSE_A_404
from diagnostics.engine.explanations import NAMED_BY_RESPONSE, STATUSES_OF_CAUSE, can_explain
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.rules import RULES
from diagnostics.engine.verdict import judge
from diagnostics.genesys.errors import CODES, STATUSES

OF_THE_RESPONSE = {"answer.meaning", "session.start"}


@pytest.mark.parametrize(
    ("cause", "meaning", "status", "can"),
    [
        # the org's own code outranks what a read shows
        ("conv.not_found", "client_required", 400, False),
        ("conv.not_found", "user_required", 400, False),
        ("authz.user_context_required", "client_required", 400, True),
        ("conv.ended", "token_refused", 401, False),
        ("authz.permission_missing", "not_a_party", 403, False),
        ("authz.not_a_party", "not_a_party", 404, True),
        ("authz.permission_missing", "permission_missing", 403, True),
        ("conv.ended", "permission_missing", 403, False),
        ("conv.not_found", "conversation_not_found", 404, True),
        ("body.malformed_json", "permission_missing", 403, False),
        # a generic response is weighed by its status
        ("conv.not_found", "not_found", 404, True),
        ("conv.not_found", "not_authorized", 403, False),
        ("authz.permission_missing", "not_found", 404, False),
        ("authz.scope_missing", "not_found", 404, False),
        ("authz.not_a_party", "not_found", 404, True),
        ("authz.permission_missing", "conflict", 409, False),
        ("conv.ended", "conflict", 409, True),
        ("config.cobrowse_disabled", "rate_limited", 429, False),
        ("env.rate_limited", "rate_limited", 429, True),
        ("conv.ended", "server_error", 500, False),
        ("path.not_in_api", "not_authorized", 403, True),
        # where no response came, only what keeps one away
        ("conv.not_found", "network_tls", None, False),
        ("path.not_in_api", "network_dns", None, False),
        ("host.unknown_host", "network_dns", None, True),
        ("env.tls", "network_tls", None, True),
        # a page is not the API's word
        ("authz.permission_missing", "html", 403, False),
        ("path.not_in_api", "html", 404, True),
        ("path.not_in_api", "html", 200, False),
        # a variable in the URL outranks it all, and a hidden response rules nothing out
        ("path.placeholder_unexpanded", "network_dns", None, True),
        ("path.placeholder_unexpanded", "rate_limited", 429, True),
        ("conv.ended", "network_cors", None, True),
    ],
)
def test_a_cause_explains_what_it_can_produce(cause: str, meaning: str, status: int | None, can: bool) -> None:
    assert can_explain(cause, meaning, status) is can


@pytest.mark.parametrize("cause", sorted(NEVER_CAUSE_A_404))
def test_a_404_is_never_a_missing_scope_or_permission(cause: str) -> None:
    assert not can_explain(cause, "not_found", 404)
    assert can_explain(cause, "not_authorized", 403)
    assert cause not in CAUSES_OF_A_404


def test_a_404_is_a_missing_permission_only_if_the_org_was_seen_to_hide_what_a_client_may_not_read() -> None:
    assert can_explain("authz.permission_missing", "not_found", 404, org_hides=True)


def test_every_cause_and_family_of_the_tables_exists() -> None:
    known = set(TITLES) | {family_of(cause) for cause in TITLES}
    assert set(STATUSES_OF_CAUSE) <= known
    assert set().union(*NAMED_BY_RESPONSE.values()) <= known


# What each check says where it finds a fault, for every rule, against every response that can come back.
MEANINGS = sorted(
    set(NAMED_BY_RESPONSE) | {each.code for each in CODES.values()} | {each.code for each in STATUSES.values()}
)
HIDDEN = frozenset({"network_cors", "network_unknown"})
FAULTS = sorted({(rule.check, code) for rule in RULES for code in rule.codes if rule.check not in OF_THE_RESPONSE})


def make_finding(
    check_id: str,
    code: str,
    outcome: str = "fail",
    evidence: dict[str, Any] | None = None,
    *,
    sentence: str = "Said.",
    subject: str = "",
) -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, code, sentence, "", evidence or {})


def response_of(meaning: str, status: int | None) -> FindingResult:
    return make_finding("answer.meaning", meaning, "error" if meaning in HIDDEN else "fail", {"status": status})


@pytest.mark.parametrize("status", [None, *sorted(STATUSES), 200, 302, 422, 500])
def test_one_fault_and_any_response_name_only_a_cause_that_explains_it(status: int | None) -> None:
    for meaning in MEANINGS:
        response = response_of(meaning, status)
        for check, code in FAULTS:
            assert_fits([make_finding(check, code), response], response)


def test_several_faults_name_only_a_cause_that_explains_the_response() -> None:
    chance = Random(10)
    for _ in range(2000):
        response = response_of(chance.choice(MEANINGS), chance.choice([None, *sorted(STATUSES), 422, 500, 503]))
        faults = [make_finding(check, code) for check, code in chance.sample(FAULTS, chance.randint(2, 5))]
        assert_fits([*faults, response], response)


def assert_fits(found: list[FindingResult], response: FindingResult) -> None:
    verdict = judge(found)
    if verdict.cause in ("none", "undetermined"):
        assert verdict.cause != "none"  # a failed call is never said to be right
        return
    named = {rule.cause for rule in RULES if rule.check == "answer.meaning" and response.code in rule.codes}
    codes = {f"{finding.check_id}:{finding.code}" for finding in found}
    org_hides = not codes.isdisjoint(
        {"route.oracle:hidden", "provider.configured:listed", "provider.configured:none_configured"}
    )
    fits = can_explain(verdict.cause, response.code, response.evidence["status"], org_hides=org_hides)
    assert fits or verdict.cause in named, (found, verdict.cause)
    if response.code in HIDDEN and verdict.cause != "path.placeholder_unexpanded":
        assert verdict.certainty == "likely"


@pytest.mark.parametrize("check", ["request.host", "request.path"])
@pytest.mark.parametrize("meaning", MEANINGS)
def test_placeholder_in_the_url_outranks_every_response(check: str, meaning: str) -> None:
    verdict = judge([make_finding(check, "placeholder_unexpanded"), response_of(meaning, 404)])
    assert (verdict.cause, verdict.certainty) == ("path.placeholder_unexpanded", "proved")


@pytest.mark.parametrize("meaning", MEANINGS)
def test_healthy_org_is_accused_by_no_response_but_its_own_words(meaning: str) -> None:
    """All reads pass: what is named comes from the response itself."""
    passes = [
        make_finding(check, "right", "pass") for check in sorted({rule.check for rule in RULES} - OF_THE_RESPONSE)
    ]
    response = response_of(meaning, 404)
    verdict = judge([*passes, response])
    assert verdict.cause == "undetermined" or response.anchor in verdict.because
    named = {rule.cause for rule in RULES if rule.check == "answer.meaning" and meaning in rule.codes}
    assert verdict.cause in {"undetermined", *named}


def test_nothing_wrong_is_proved_only_where_the_call_itself_was_tested() -> None:
    passes = [make_finding(check, "right", "pass") for check in ("oauth.token", "request.path", "conversation.exists")]
    assert judge(passes).certainty == "likely"
    assert judge([*passes, make_finding("answer.meaning", "success", "pass", {"status": 200})]).certainty == "proved"
