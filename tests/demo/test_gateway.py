"""The provider gateway: scopes, providers compared letter by letter, and 404 for every refusal."""

import pytest

from tests.demo.conftest import Visitor

HEALTHY = "Demo: provider gateway"


def start(visitor: Visitor, name: str, slug: str, provider: str) -> int:
    path = f"/api/v2/conversations/chat/{visitor.conversation(slug)}/cobrowse/sessions"
    return visitor.ask(path, name, method="POST", json={"providerId": provider}).status_code


def test_the_provider_list(gateway: Visitor) -> None:
    providers = gateway.ask("/api/v2/cobrowse/providers", HEALTHY).json()["entities"]
    assert {provider["id"]: provider["enabled"] for provider in providers} == {
        "genesys": True,
        "surfly-eu": True,
        "legacy-share": False,
    }


@pytest.mark.parametrize(
    ("name", "slug", "provider", "status"),
    [
        (HEALTHY, "gw-healthy", "genesys", 200),
        (HEALTHY, "gw-healthy", "Genesys", 404),
        (HEALTHY, "gw-healthy", "genesys ", 404),
        (HEALTHY, "gw-healthy", "legacy-share", 404),
        (HEALTHY, "gw-queued", "genesys", 404),
        (HEALTHY, "gw-ended", "genesys", 404),
        ("Demo: gateway without conversation:write", "gw-healthy", "genesys", 404),
        ("Demo: gateway without cobrowse:write", "gw-healthy", "genesys", 404),
    ],
)
def test_a_session_starts_only_when_all_is_right(
    gateway: Visitor, name: str, slug: str, provider: str, status: int
) -> None:
    assert start(gateway, name, slug, provider) == status


def test_without_sessions_the_path_is_none(gateway: Visitor) -> None:
    path = f"/api/v2/conversations/chat/{gateway.conversation('gw-healthy')}/cobrowse"
    assert gateway.ask(path, HEALTHY, method="POST", json={"providerId": "genesys"}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"providerId": 7}', b"[" * 100_000, b"\xff"])
def test_a_body_without_a_provider_is_a_bad_request(gateway: Visitor, body: bytes) -> None:
    path = f"/api/v2/conversations/chat/{gateway.conversation('gw-healthy')}/cobrowse/sessions"
    answer = gateway.ask(path, HEALTHY, method="POST", data=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")


def test_scopes_show_in_tokens_me(gateway: Visitor) -> None:
    held = gateway.ask("/api/v2/tokens/me", HEALTHY).json()["authorizedScope"]
    lacking = gateway.ask("/api/v2/tokens/me", "Demo: gateway without cobrowse:write").json()["authorizedScope"]
    assert set(held) - set(lacking) == {"cobrowse:write"}


def test_what_is_forbidden_looks_absent(gateway: Visitor) -> None:
    gateway.endpoint.orgs[0].update_client(gateway.client(HEALTHY).id, grants=())
    for path in ("/api/v2/webdeployments/deployments", f"/api/v2/conversations/{gateway.conversation('gw-healthy')}"):
        answer = gateway.ask(path, HEALTHY)
        assert (answer.status_code, answer.json()["code"]) == (404, "not.found")


def test_the_published_call_still_works(gateway: Visitor) -> None:
    path = f"/api/v2/conversations/{gateway.conversation('gw-healthy')}/cobrowse"
    assert gateway.ask(path, HEALTHY, method="POST").status_code == 200
