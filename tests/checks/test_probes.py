"""Which paths stand beside a failing call: the same logic for every resource, and nothing but reads of plain paths."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.checks.probes import IMPOSSIBLE_ID, SAFE_PATH, ProbePlan, plan_for
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.intent import read_aim

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
OTHER = "0b9d2a36-3e57-4f1c-9d54-8e2f6f1ab733"
CONVERSATION = f"/api/v2/conversations/{ID}"
CONTRACT = bundled()


def plan(method: str, path: str) -> ProbePlan:
    aim = read_aim(FailingCall(method, path), "", CONTRACT)
    values = CONTRACT.match(method, aim.path).parameters if aim.world == "published" else {}
    return plan_for(CONTRACT, aim, next(iter(values.values()), aim.id_text))


@pytest.mark.parametrize(
    ("method", "path", "parent", "is_view"),
    [
        ("POST", f"{CONVERSATION}/cobrowse", CONVERSATION, False),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse", CONVERSATION, False),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", CONVERSATION, False),
        ("PUT", f"{CONVERSATION}/recordingstate", CONVERSATION, False),
        ("POST", f"{CONVERSATION}/participants/{OTHER}/replace", CONVERSATION, False),
        (
            "PATCH",
            f"/api/v2/conversations/messages/{ID}/participants/{OTHER}",
            f"/api/v2/conversations/messages/{ID}",
            True,
        ),
        ("GET", f"/api/v2/conversations/calls/{ID}", f"/api/v2/conversations/calls/{ID}", True),
        (
            "DELETE",
            f"/api/v2/webdeployments/deployments/{ID}/cobrowse/{OTHER}",
            f"/api/v2/webdeployments/deployments/{ID}",
            True,
        ),
        ("GET", f"/api/v2/users/{ID}/roles", f"/api/v2/users/{ID}", False),
        ("GET", f"/api/v2/analytics/conversations/{ID}/details", "", False),
        ("POST", "/api/v2/conversations/not-an-id/cobrowse", "", False),
        ("GET", "/api/v2/cobrowse/providers", "", False),
        ("POST", "/oauth/token", "", False),
    ],
)
def test_the_resource_is_that_of_the_template(method: str, path: str, parent: str, is_view: bool) -> None:
    found = plan(method, path)
    assert (found.parent, found.is_view) == (parent, is_view)
    assert found.impossible == parent.replace(ID, IMPOSSIBLE_ID)


def test_other_reads_of_the_resource_are_published_and_need_no_right() -> None:
    found = plan("POST", f"{CONVERSATION}/cobrowse")
    assert f"/api/v2/conversations/messages/{ID}" in found.views
    assert f"/api/v2/conversations/calls/{ID}" in found.views
    for view in found.views:
        operation = CONTRACT.match("GET", view).operation
        assert operation is not None and operation.permissions == ()


def test_the_general_read_is_sent_before_a_media_view() -> None:
    assert plan("GET", f"/api/v2/conversations/calls/{ID}").views[0] == CONVERSATION


@pytest.mark.parametrize(
    ("method", "path", "called", "invented", "control"),
    [
        ("POST", f"{CONVERSATION}/cobrowse", True, f"{CONVERSATION}/no-such-resource", ""),
        (
            "POST",
            f"/api/v2/conversations/chat/{ID}/cobrowse",
            True,
            f"/api/v2/conversations/chat/{ID}/no-such-resource",
            f"{CONVERSATION}/cobrowse",
        ),
        ("POST", f"{CONVERSATION}/cobrowse/", True, f"{CONVERSATION}/no-such-resource", f"{CONVERSATION}/cobrowse"),
        # a published read is the measure only for a call that reads
        (
            "GET",
            "/api/v2/cobrowse/providers",
            True,
            "/api/v2/cobrowse/no-such-resource",
            "/api/v2/webdeployments/deployments",
        ),
        (
            "GET",
            f"/api/v2/conversations/chats/{ID}",
            True,
            f"/api/v2/conversations/no-such-resource/{ID}",
            CONVERSATION,
        ),
        # its fault is plain to see
        ("POST", "/api/v2/conversations/{conversationId}/cobrowse", False, "", ""),
        ("POST", "/api/v2/conversations//cobrowse", False, "", ""),
        # a word where an id belongs: another route would answer
        ("POST", "/api/v2/conversations/chat", False, "", ""),
        # nothing that a client or a server might read otherwise
        ("POST", f"/api/v2/conversations/{ID}/%2e%2e/users", False, "", ""),
        ("POST", f"/api/v2/conversations/{ID}/../users", False, "", ""),
        ("POST", f"/api/v2/conversations/{ID}/[masked token]", False, "", ""),
    ],
)
def test_the_path_and_what_it_is_compared_with(
    method: str, path: str, called: bool, invented: str, control: str
) -> None:
    found = plan(method, path)
    assert (found.called, found.invented, found.control) == (path if called else "", invented, control)


def test_an_invented_path_is_nobody_s() -> None:
    for operation in CONTRACT.operations[::25]:
        invented = plan(operation.method, operation.path.replace("{", "").replace("}", "")).invented
        assert not invented or not CONTRACT.match("GET", invented).is_path_published


PIECES = st.lists(
    st.sampled_from(["", "api", "v2", "..", ".", "conversations", "chat", ID, "cobrowse", "%2e", "a b", "é", "{id}"])
    | st.text(max_size=8),
    max_size=8,
)


@settings(max_examples=150)
@given(method=st.sampled_from(["GET", "POST", "DELETE"]), pieces=PIECES)
def test_whatever_is_pasted_only_plain_paths_of_the_api_are_planned(method: str, pieces: list[str]) -> None:
    for value in asdict(plan(method, "/" + "/".join(pieces))).values():
        paths = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        for path in paths:
            assert ":" in path or not path or SAFE_PATH.fullmatch(path), path
            assert ".." not in path.split("/")
