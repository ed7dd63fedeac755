"""The failing calls of a text in groups, judged by the calls alone."""

import json
from uuid import uuid4

import pytest

from diagnostics.engine import batch_review
from diagnostics.engine.batch_review import BatchReview, review_batch
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import Region

WRONG, RIGHT = "/api/v2/conversations/chat/{}/cobrowse", "/api/v2/conversations/{}/cobrowse"
HOST = "https://api.mypurecloud.ie"


def contract_of(region: Region | None) -> Contract:
    return bundled()


def review(*lines: str) -> BatchReview:
    return review_batch("\n".join(lines), contract_of)


def lines(template: str, status: int, times: int, host: str = HOST, code: str = "") -> list[str]:
    return [f"POST {host}{template.format(uuid4())} -> {status} {code}" for _ in range(times)]


def test_calls_are_grouped_by_cause_and_target_with_the_largest_group_first() -> None:
    found = review(*lines(RIGHT, 404, 3), *lines(WRONG, 404, 5), *lines(WRONG, 400, 1), *lines(RIGHT, 200, 4))
    groups = [(group.cause, group.template, group.status, group.calls) for group in found.groups]
    assert groups == [
        ("path.not_in_api", "/api/v2/conversations/chat/{id}/cobrowse", 404, 6),
        ("undetermined", "/api/v2/conversations/{conversationId}/cobrowse", 404, 3),
    ]
    assert (found.calls, found.succeeded, found.failed, found.unanswered) == (13, 4, 9, 0)


def test_without_a_cause_another_response_is_another_group() -> None:
    found = review(*lines(RIGHT, 404, 2), *lines(RIGHT, 500, 1))
    assert sorted((group.status or 0, group.calls) for group in found.groups) == [(404, 2), (500, 1)]


def test_another_host_is_another_group() -> None:
    found = review(*lines(WRONG, 404, 2), *lines(WRONG, 404, 1, "https://api.mypurecloud.de"))
    assert {(group.host, group.calls) for group in found.groups} == {
        ("api.mypurecloud.ie", 2),
        ("api.mypurecloud.de", 1),
    }


def test_calls_to_other_sites_are_counted_and_never_judged() -> None:
    text = "\n".join([*lines("/assets/{}.js", 404, 3, "https://cdn.example"), *lines(WRONG, 404, 1)])
    found = review_batch(text, contract_of)
    assert (found.elsewhere, len(found.groups)) == (3, 1)
    assert review_batch(text, contract_of, ["https://cdn.example/genesys"]).elsewhere == 0


def test_calls_beyond_the_most_groups_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_review, "MAX_GROUPS", 1)
    found = review(*lines(RIGHT, 404, 3), *lines(WRONG, 404, 2))
    assert ([group.calls for group in found.groups], found.left_out) == ([3], 2)


def test_calls_are_counted_that_could_not_be_judged_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_review, "JUDGE_SECONDS", -1.0)
    found = review(*lines(WRONG, 404, 2))
    assert (found.groups, found.left_out) == ((), 2)


def test_a_review_is_the_same_after_a_form_has_carried_it() -> None:
    found = review(*(f"2026-11-27T09:00:00Z {line}" for line in lines(WRONG, 404, 2)), *lines(RIGHT, 404, 1))
    assert BatchReview.from_json(json.loads(json.dumps(found.to_json()))) == found
