"""What runs say of the troubles before them: met, over or not told, in whatever order they closed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.engine.finding import FindingResult
from diagnostics.issues.grouping import ClosedRun, IssueHistory, IssueKey, about_of, update_histories

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
ROLE = IssueKey("permissions.call", "", "", "permission_missing")
CONVERSATION = "2509d558-4732-412c-8ced-6ee28ae324af"


def make_finding(
    outcome: str = "fail",
    code: str = "permission_missing",
    check_id: str = "permissions.call",
    subject: str = "",
    sentence: str = "The client lacks the permission.",
) -> FindingResult:
    return FindingResult(check_id, 1, subject, outcome, code, sentence, "", {})


def told(
    minute: int, *findings: FindingResult, whole: bool = True, target: str = "start:1", conversation: str = ""
) -> ClosedRun:
    return ClosedRun(minute, NOON + timedelta(minutes=minute), whole, target, conversation, findings)


MET, RIGHT = make_finding(), make_finding("pass", "granted")


def life(runs: Iterable[ClosedRun], key: IssueKey = ROLE) -> IssueHistory:
    return update_histories({}, runs)[key]


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def test_it_opens_with_the_first_run_and_lives_on() -> None:
    found = life([told(1, MET), told(2, MET), told(5, MET)])
    assert (found.first_run_id, found.last_run_id, found.times) == (1, 5, 3)
    assert (found.first_seen_at, found.last_seen_at, found.ended_at) == (at(1), at(5), None)


def test_it_ends_with_the_first_run_that_sees_it_right_and_reopens() -> None:
    found = life([told(1, MET), told(2, RIGHT), told(3, RIGHT)])
    assert found.ended_at == at(2)
    found = life([told(1, MET), told(2, RIGHT), told(3, RIGHT), told(4, MET)])
    assert (found.ended_at, found.reopened, found.reopened_at, found.times) == (None, 1, at(4), 2)


@pytest.mark.parametrize("outcome", ["skip", "error"])
def test_what_could_not_be_told_changes_nothing(outcome: str) -> None:
    before = life([told(1, MET)])
    assert life([told(1, MET), told(2, make_finding(outcome, "prerequisite"))]) == before


def test_a_run_that_did_not_ask_changes_nothing() -> None:
    assert life([told(1, MET), told(2, make_finding("pass", "issued", "oauth.token"))]) == life([told(1, MET)])
    assert life([told(1, MET), told(2)]) == life([told(1, MET)])


def test_another_trouble_of_the_subject_ends_the_first() -> None:
    lives = update_histories({}, [told(1, MET), told(2, make_finding("fail", "division_missing"))])
    assert lives[ROLE].ended_at == at(2)
    assert lives[IssueKey("permissions.call", "", "", "division_missing")].ended_at is None


def scope(subject: str, outcome: str = "fail") -> FindingResult:
    return make_finding(outcome, "scope_missing" if outcome == "fail" else "granted", "oauth.scopes", subject)


def test_a_subject_that_is_not_spoken_of_is_over_only_where_its_check_came_to_its_end() -> None:
    key = IssueKey("oauth.scopes", "", "cobrowse:write", "scope_missing")
    first = told(1, scope("cobrowse:write"))
    other = scope("conversation:write", "pass")
    assert life([first, told(2, other)], key).ended_at == at(2)
    assert life([first, told(2, other, whole=False)], key).ended_at is None
    crashed = make_finding("error", "crashed", "oauth.scopes", "crash")
    assert life([first, told(2, other, crashed)], key).ended_at is None


def test_a_part_or_a_run_cut_short_can_see_a_subject_right() -> None:
    assert life([told(1, MET), told(2, make_finding("pass", "granted"), whole=False)]).ended_at == at(2)


def test_a_run_that_looked_before_changes_nothing_backwards() -> None:
    found = life([told(2, MET), told(5, RIGHT), told(3, MET)])
    assert (found.last_seen_at, found.ended_at, found.reopened, found.times) == (at(3), at(5), 0, 2)
    found = life([told(4, MET), told(3, RIGHT)])
    assert found.ended_at is None
    found = life([told(4, MET), told(1, make_finding(sentence="Older words."))])
    assert (found.first_seen_at, found.first_run_id, found.last_run_id) == (at(1), 1, 4)
    assert found.sentence == MET.sentence


def test_it_ended_with_the_earliest_run_that_saw_it_right_though_that_closed_last() -> None:
    assert life([told(1, MET), told(5, RIGHT), told(3, RIGHT)]).ended_at == at(3)


@pytest.mark.parametrize(
    ("check_id", "target", "about"),
    [
        ("oauth.token", "start:1", ""),
        ("request.path", "start:1", ""),
        ("oauth.token", "call:1:GET /api/v2/users", ""),
        ("request.path", "call:1:GET /api/v2/users", "call:GET /api/v2/users"),
        ("permissions.call", "call:1:GET /api/v2/users", "call:GET /api/v2/users"),
        ("permissions.call", "health:1", ""),
        ("conversation.connected", "start:1", f"conversation:{CONVERSATION}"),
    ],
)
def test_what_a_finding_is_about(check_id: str, target: str, about: str) -> None:
    assert about_of(check_id, target, CONVERSATION) == about


def test_what_an_answer_says_is_a_sign_and_no_trouble() -> None:
    assert update_histories({}, [told(1, make_finding("fail", "not_found", "answer.meaning"))]) == {}


def test_another_conversation_ends_nothing() -> None:
    ended, live = (
        make_finding("fail", "ended", "conversation.connected"),
        make_finding("pass", "connected", "conversation.connected"),
    )
    lives = update_histories({}, [told(1, ended, conversation="one"), told(2, live, conversation="two")])
    assert [each.ended_at for each in lives.values()] == [None]
    lives = update_histories(lives, [told(3, live, conversation="one")])
    assert [each.ended_at for each in lives.values()] == [at(3)]
