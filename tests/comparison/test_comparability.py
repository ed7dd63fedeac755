"""Whether two runs are alike enough to compare: each kind of odd pair has its remark, and its weight."""

from typing import Any

import pytest

from diagnostics.comparison.comparability import is_comparable, remarks_on
from diagnostics.comparison.side import Side
from tests.comparison.sides import CONVERSATION, OTHER_CONVERSATION, environment, given, side

ELSEWHERE = environment(org={"id": "org-2", "name": "Sandbox"})


def result(a: Side, b: Side) -> list[tuple[str, str]]:
    return [(each.code, each.weight) for each in remarks_on(a, b)]


def test_two_runs_of_one_target_need_no_remark() -> None:
    assert result(side(1), side(2)) == []
    assert is_comparable(remarks_on(side(1), side(2)))


@pytest.mark.parametrize(
    ("values", "code", "weight"),
    [
        ({"status": "running", "cause": ""}, "open", "banner"),
        ({"status": "queued", "cause": ""}, "open", "banner"),
        ({"status": "interrupted"}, "interrupted", "banner"),
        ({"branch": "oauth.token"}, "part", "banner"),
        ({"kind": "health"}, "other_kind", "banner"),
        ({"target": "call:1:GET /api/v2/tokens/me"}, "other_target", "banner"),
        ({"inputs": given(conversation=OTHER_CONVERSATION)}, "other_conversation", "note"),
        ({"environment": {}}, "no_environment", "note"),
        ({"client_is_retired": True}, "retired", "note"),
        ({"client_pk": 2, "target": "start:2"}, "other_client", "note"),
        ({"client_pk": 2, "target": "start:2", "environment": ELSEWHERE}, "other_org", "note"),
        ({"client_pk": 2, "target": "start:2", "environment": environment(org=None)}, "other_org", "note"),
    ],
)
def test_what_must_be_known_of_a_pair(values: dict[str, Any], code: str, weight: str) -> None:
    cause = values.pop("cause", "none")
    assert result(side(1), side(2, cause, **values)) == [(code, weight)]
    values["cause"] = cause
    assert (code, weight) in result(side(2, values.pop("cause"), **values), side(3))


def test_the_same_run_twice_is_reported_before_all_else() -> None:
    odd = side(1, kind="health", status="running")
    assert result(odd, odd) == [("same_run", "banner")]


def test_two_parts_of_the_same_branch_are_alike() -> None:
    assert result(side(1, branch="oauth.token"), side(2, branch="oauth.token")) == []


def test_parts_of_two_branches_are_both_named() -> None:
    assert result(side(1, branch="oauth.token"), side(2, branch="request.path")) == [("part", "banner")] * 2


def test_a_later_run_on_the_left_reads_backwards() -> None:
    assert result(side(2), side(1)) == [("reversed", "note")]
    # of two orgs neither comes first
    assert "reversed" not in dict(result(side(2), side(1, client_pk=2)))


def test_the_same_question_to_two_orgs_is_one_question() -> None:
    other = side(2, client_pk=2, target="call:2:GET /api/v2/tokens/me")
    assert "other_target" not in dict(result(side(1, target="call:1:GET /api/v2/tokens/me"), other))
    assert "other_target" in dict(result(side(1, target="call:1:GET /api/v2/other"), other))


def test_a_row_without_a_target_is_not_confused_with_another_question() -> None:
    assert result(side(1, target=""), side(2)) == []


def test_banners_come_first_and_make_it_unlike() -> None:
    found = remarks_on(side(2, environment={}), side(1, kind="health"))
    assert [each.weight for each in found] == ["banner", "note", "note"]
    assert not is_comparable(found)


def test_no_remark_is_empty() -> None:
    odd = side(3, "", status="running", branch="a.b", kind="health", client_pk=2, client_is_retired=True)
    assert all(
        each.sentence.endswith(".") for each in remarks_on(odd, side(1, inputs=given(conversation=CONVERSATION)))
    )
