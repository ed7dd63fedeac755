"""Roles, divisions, wildcards and conditions are really enforced."""

import pytest

from diagnostics.demo.orgs import DemoPolicy
from tests.demo.conftest import FULL, Visitor


@pytest.mark.parametrize(
    ("slug", "name", "status", "code"),
    [
        ("healthy-web", FULL, 200, None),
        ("healthy-emea", FULL, 200, None),
        ("other-division", FULL, 403, "missing.division.permission"),
        ("healthy-web", "Demo: no role", 403, "missing.any.permissions"),
        ("healthy-web", "Demo: role in another division", 403, "missing.division.permission"),
        ("other-division", "Demo: role in another division", 200, None),
        ("healthy-web", "Demo: wildcard role", 200, None),
        ("healthy-web", "Demo: cannot read conversations", 403, "missing.any.permissions"),
    ],
)
def test_who_may_read_a_conversation(published: Visitor, slug: str, name: str, status: int, code: str | None) -> None:
    answer = published.read(slug, name)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_the_message_names_the_permissions(published: Visitor) -> None:
    message = published.read("healthy-web", "Demo: no role").json()["message"]
    assert "[conversation:communication:view]" in message


def test_a_rule_of_all_has_its_own_code(published: Visitor) -> None:
    answer = published.ask("/api/v2/webdeployments/deployments", "Demo: no role")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing.permissions")


def test_web_deployments_know_no_divisions(published: Visitor) -> None:
    assert published.ask("/api/v2/webdeployments/deployments", "Demo: role in another division").status_code == 200


def test_a_condition_does_not_count_as_held(published: Visitor) -> None:
    path = f"/api/v2/conversations/{published.conversation('healthy-web')}/cobrowse"
    answer = published.ask(path, "Demo: role with a condition", method="POST")
    assert answer.json()["code"] == "missing.any.permissions"


def test_a_removed_role_is_felt_at_once(published: Visitor) -> None:
    assert published.read("healthy-web").status_code == 200
    published.endpoint.orgs[0].update_client(published.client().id, grants=())
    assert published.read("healthy-web").status_code == 403


def test_an_org_does_not_see_the_conversations_of_its_neighbour(published: Visitor) -> None:
    assert published.read("hollow-web").status_code == 404
    assert published.read("hollow-web", "Demo: cobrowse switched off").status_code == 200


@pytest.mark.parametrize(
    ("policy", "allows"),
    [
        (DemoPolicy("conversation", "cobrowse", "add"), True),
        (DemoPolicy("conversation", "*", "add"), True),
        (DemoPolicy("conversation", "cobrowse", "*"), True),
        (DemoPolicy("conversation", "*", "*"), True),
        (DemoPolicy("conversation", "cobrowseVoice", "add"), False),
        (DemoPolicy("analytics", "*", "*"), False),
        (DemoPolicy("conversation", "*", "*", condition="queue"), False),
    ],
)
def test_what_a_policy_allows(policy: DemoPolicy, allows: bool) -> None:
    assert policy.allows("conversation:cobrowse:add") is allows
