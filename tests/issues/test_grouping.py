"""Issues: which causes of runs are the same issue, and how runs open, resolve and reopen it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from diagnostics.engine.finding import FindingResult
from diagnostics.issues.grouping import (
    ClosedRun,
    IssueHistory,
    IssueKey,
    call_name,
    org_key,
    update_histories,
)
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.inputs import Inputs

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MISSING = "authz.permission_missing"
ROLE = IssueKey("acme", MISSING, "client:1")
CONVERSATION = "2509d558-4732-412c-8ced-6ee28ae324af"
CALL = "POST /api/v2/conversations/chat/{id}/cobrowse"


def make_finding(
    outcome: str = "fail",
    code: str = "permission_missing",
    check_id: str = "permissions.call",
    subject: str = "",
    sentence: str = "The client lacks the permission.",
) -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, code, sentence, "", {})


def ran(
    minute: int, *findings: FindingResult, cause: str = "", also: Sequence[str] = (), whole: bool = True, **values: Any
) -> ClosedRun:
    """A closed run. Its cause is the missing permission if a finding failed, unless another is given."""
    problems = [finding for finding in findings if finding.outcome in ("fail", "warn", "error")]
    unknown = any(finding.outcome == "error" for finding in problems)
    cause = cause or ("undetermined" if unknown else MISSING if problems else "none")
    verdict = {"cause": cause, "because": [finding.anchor for finding in problems], "also": list(also)}
    defaults = {"org": "acme", "client_id": 1, "call": CALL, "conversation_id": CONVERSATION}
    at = NOON + timedelta(minutes=minute)
    return ClosedRun(minute, at, whole, findings=findings, verdict=verdict, **{**defaults, **values})


FAILED, PASSED = make_finding(), make_finding("pass", "granted")


def history(runs: Iterable[ClosedRun], key: IssueKey = ROLE) -> IssueHistory:
    return update_histories({}, runs)[key]


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def test_first_run_opens_and_later_ones_count() -> None:
    found = history([ran(1, FAILED), ran(2, FAILED), ran(5, FAILED)])
    assert (found.first_run_id, found.last_run_id, found.occurrences) == (1, 5, 3)
    assert (found.first_seen_at, found.last_seen_at, found.resolved_at) == (at(1), at(5), None)
    assert (found.check_id, found.code) == ("permissions.call", "permission_missing")


def test_first_passing_run_resolves_and_another_failure_reopens() -> None:
    assert history([ran(1, FAILED), ran(2, PASSED), ran(3, PASSED)]).resolved_at == at(2)
    found = history([ran(1, FAILED), ran(2, PASSED), ran(3, PASSED), ran(4, FAILED)])
    assert (found.resolved_at, found.times_reopened, found.reopened_at, found.occurrences) == (None, 1, at(4), 2)


@pytest.mark.parametrize("outcome", ["skip", "error"])
def test_inconclusive_result_changes_nothing(outcome: str) -> None:
    assert history([ran(1, FAILED), ran(2, make_finding(outcome, "prerequisite"))]) == history([ran(1, FAILED)])


def test_run_without_the_check_changes_nothing() -> None:
    before = history([ran(1, FAILED)])
    assert history([ran(1, FAILED), ran(2, make_finding("pass", "issued", "oauth.token"))]) == before
    assert history([ran(1, FAILED), ran(2)]) == before


def test_other_cause_of_the_same_check_resolves_the_first() -> None:
    other = ran(2, make_finding("fail", "division_missing"), cause="authz.division_missing")
    found = update_histories({}, [ran(1, FAILED), other])
    assert found[ROLE].resolved_at == at(2)
    assert found[IssueKey("acme", "authz.division_missing", "client:1")].resolved_at is None


def scope(subject: str, outcome: str = "fail") -> FindingResult:
    return make_finding(outcome, "scope_missing" if outcome == "fail" else "granted", "oauth.scopes", subject)


def test_missing_subject_is_resolved_only_by_a_whole_conclusive_run() -> None:
    key = IssueKey("acme", "authz.scope_missing", "client:1")
    first = ran(1, scope("cobrowse:write"), cause="authz.scope_missing")
    other = scope("conversation:write", "pass")
    assert history([first, ran(2, other)], key).resolved_at == at(2)
    assert history([first, ran(2, other, whole=False)], key).resolved_at is None
    crashed = make_finding("error", "crashed", "oauth.scopes", "crash")
    assert history([first, ran(2, other, crashed)], key).resolved_at is None


def test_re_check_of_one_branch_can_resolve() -> None:
    assert history([ran(1, FAILED), ran(2, PASSED, whole=False)]).resolved_at == at(2)


def test_earlier_run_that_closes_later_changes_nothing_backwards() -> None:
    found = history([ran(2, FAILED), ran(5, PASSED), ran(3, FAILED)])
    assert (found.last_seen_at, found.resolved_at, found.times_reopened) == (at(3), at(5), 0)
    assert history([ran(4, FAILED), ran(3, PASSED)]).resolved_at is None
    found = history([ran(4, FAILED), ran(1, make_finding(sentence="An older sentence."))])
    assert (found.first_seen_at, found.first_run_id, found.last_run_id) == (at(1), 1, 4)
    assert found.sentence == FAILED.sentence


def test_earliest_passing_run_resolves_even_if_it_closed_last() -> None:
    assert history([ran(1, FAILED), ran(5, PASSED), ran(3, PASSED)]).resolved_at == at(3)


def target_of(cause: str, finding: FindingResult, **values: Any) -> str:
    (key,) = ran(1, finding, cause=cause, **values).problems
    return key.target


@pytest.mark.parametrize(
    ("cause", "check_id", "code", "target"),
    [
        ("path.not_in_api", "request.path", "not_in_api", f"call:{CALL}"),
        ("path.not_in_api", "route.oracle", "not_routed", f"call:{CALL}"),
        ("body.unexpected", "request.body", "unexpected", f"call:{CALL}"),
        ("provider.mismatch", "provider.match", "near", f"call:{CALL}"),
        ("provider.mismatch", "provider.configured", "none_configured", ""),
        ("auth.token_expired", "answer.meaning", "token_refused", f"call:{CALL}"),
        ("auth.client_rejected", "oauth.token", "client_rejected", "client:1"),
        (MISSING, "permissions.call", "permission_missing", "client:1"),
        (MISSING, "answer.meaning", "permission_missing", f"call:{CALL}"),
        ("conv.ended", "conversation.connected", "ended", f"conversation:{CONVERSATION}"),
        ("config.cobrowse_disabled", "deployments.cobrowse", "off", ""),
    ],
)
def test_cause_belongs_to_the_call_conversation_client_or_org(
    cause: str, check_id: str, code: str, target: str
) -> None:
    assert target_of(cause, make_finding("fail", code, check_id)) == target


def test_typo_in_a_path_is_not_an_issue_of_the_org() -> None:
    typo = ran(1, make_finding("fail", "not_in_api", "request.path"), cause="path.not_in_api")
    assert all(key.target.startswith("call:") for key in typo.problems)


def test_other_problems_of_a_run_are_issues_too() -> None:
    off = make_finding("fail", "off", "deployments.cobrowse", sentence="Cobrowse is off.")
    found = update_histories({}, [ran(1, FAILED, off, cause=MISSING, also=["config.cobrowse_disabled"])])
    assert found[IssueKey("acme", "config.cobrowse_disabled", "")].sentence == "Cobrowse is off."


def test_clients_of_one_org_share_its_issues_and_can_resolve_them() -> None:
    off, on = (
        make_finding(outcome, code, "deployments.cobrowse") for outcome, code in (("fail", "off"), ("pass", "on"))
    )
    key = IssueKey("acme", "config.cobrowse_disabled", "")
    first, second = (ran(minute, off, cause=key.cause, client_id=minute) for minute in (1, 2))
    assert history([first, second], key).occurrences == 2
    assert history([first, ran(2, on, client_id=2)], key).resolved_at == at(2)
    assert history([first, ran(2, on, org="other")], key).resolved_at is None


def test_another_client_resolves_nothing_about_a_client() -> None:
    assert history([ran(1, FAILED), ran(2, PASSED, client_id=2)]).resolved_at is None


def test_another_conversation_resolves_nothing() -> None:
    ended, live = (
        make_finding(outcome, code, "conversation.connected") for outcome, code in (("fail", "ended"), ("pass", "live"))
    )
    found = update_histories(
        {}, [ran(1, ended, cause="conv.ended", conversation_id="one"), ran(2, live, conversation_id="two")]
    )
    assert [each.resolved_at for each in found.values()] == [None]
    found = update_histories(found, [ran(3, live, conversation_id="one")])
    assert [each.resolved_at for each in found.values()] == [at(3)]


def test_undetermined_runs_open_no_issue() -> None:
    assert update_histories({}, [ran(1, make_finding("error", "crashed"))]) == {}


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (None, ""),
        (
            FailingCall("POST", f"https://api.mypurecloud.com/api/v2/conversations/chat/{CONVERSATION}/cobrowse?a=1"),
            CALL,
        ),
        (FailingCall("GET", "https://[broken/api"), "GET https://[broken/api"),
        (FailingCall("", "", sdk_method="post_conversation"), "post_conversation"),
    ],
)
def test_call_is_named_by_method_and_path_without_ids(call: FailingCall | None, name: str) -> None:
    assert call_name(Inputs(call=call).to_json()) == name
    assert call_name({"call": {"method": 1}}) == "1"
    assert len(call_name({"call": {"method": "GET", "url": "/" + "x" * 5000}})) < 200


def test_client_of_an_unknown_org_counts_as_an_org() -> None:
    assert org_key("", 7) != org_key("", 8)
    assert org_key("acme", 7) == org_key("acme", 8)
