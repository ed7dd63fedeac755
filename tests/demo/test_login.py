"""The login host: who gets a token, and the error bodies of those who do not."""

import time

import pytest
import requests

from tests.demo.conftest import Visitor

FAILED = {
    "error": "invalid_client",
    "description": "authentication failed",
    "error_description": "authentication failed",
}


def test_a_token_is_granted_for_basic_credentials(published: Visitor) -> None:
    client = published.client()
    answer = published.login(client.id, client.secret)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 86_399


def test_credentials_may_be_in_the_body(published: Visitor) -> None:
    client = published.client()
    form = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
    assert requests.post(f"{published.url}/oauth/token", data=form, timeout=5).status_code == 200


def test_wrong_secret_unknown_id_and_disabled_client_get_the_very_same_answer(published: Visitor) -> None:
    client, disabled = published.client(), published.client("Demo: disabled client")
    answers = [
        published.login(client.id, "wrong"),
        published.login("no-such-client", client.secret),
        published.login(disabled.id, disabled.secret),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert [answer.json() for answer in answers] == [FAILED] * 3


def test_a_client_of_another_grant_type_is_unauthorized(published: Visitor) -> None:
    client = published.client("Demo: code grant client")
    answer = published.login(client.id, client.secret)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(("grant_type", "error"), [("password", "unsupported_grant_type"), ("", "invalid_request")])
def test_only_client_credentials_are_granted(published: Visitor, grant_type: str, error: str) -> None:
    client = published.client()
    assert published.login(client.id, client.secret, grant_type).json()["error"] == error


def test_a_client_of_one_endpoint_is_unknown_at_the_other(published: Visitor, gateway: Visitor) -> None:
    client = published.client()
    assert gateway.login(client.id, client.secret).json() == FAILED


def test_a_token_of_one_endpoint_is_refused_at_the_other(published: Visitor, gateway: Visitor) -> None:
    headers = {"Authorization": f"Bearer {published.token()}"}
    answer = requests.get(f"{gateway.url}/api/v2/tokens/me", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad.credentials")


def test_no_token_at_all_is_another_code(published: Visitor) -> None:
    answer = requests.get(f"{published.url}/api/v2/tokens/me", timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication.required")


def test_a_token_dies_with_its_client(published: Visitor) -> None:
    published.token()
    published.endpoint.orgs[0].update_client(published.client().id, state="disabled")
    assert published.ask("/api/v2/tokens/me").json()["code"] == "bad.credentials"


def test_a_token_expires(published: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    published.token()
    now = time.monotonic()
    monkeypatch.setattr("diagnostics.demo.tokens.time.monotonic", lambda: now + 90_000)
    assert published.ask("/api/v2/tokens/me").json()["code"] == "bad.credentials"


@pytest.mark.parametrize("header", ["Basic ", "Basic %%%", "Basic //79/A==", "Basic \x00", "Bearer x", "x" * 9000])
def test_an_unreadable_header_is_a_failed_login(published: Visitor, header: str) -> None:
    form = {"grant_type": "client_credentials"}
    answer = requests.post(f"{published.url}/oauth/token", data=form, headers={"Authorization": header}, timeout=5)
    assert answer.json() == FAILED
