"""Each hostile state does what its name says, and the server lives on."""

import json

import pytest
import requests

from diagnostics.demo import hostile
from diagnostics.demo.server import Running
from tests.demo.conftest import Visitor


def visit(published: Visitor, kind: str) -> requests.Response:
    return published.read("healthy-web", f"Hostile api: {kind}")


def test_every_kind_has_a_client_for_either_host(published: Visitor) -> None:
    found = {
        (client.behaviour["where"], client.behaviour["kind"])
        for client in published.endpoint.orgs[0].clients
        if client.behaviour
    }
    assert found == {(where, kind) for where in ("api", "login") for kind in hostile.KINDS}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("html", 200),
        ("html_502", 502),
        ("proxy_auth", 407),
        ("empty", 200),
        ("garbage", 200),
        ("redirect_nowhere", 302),
        ("rate_limited", 429),
        ("server_error", 500),
        ("unavailable", 503),
        ("gateway_timeout", 504),
        ("teapot", 418),
    ],
)
def test_the_status_of_a_hostile_answer(published: Visitor, kind: str, status: int) -> None:
    assert visit(published, kind).status_code == status


@pytest.mark.parametrize("kind", ["html", "empty", "garbage", "not_json", "bad_encoding", "long_body", "deep"])
def test_what_is_no_json(published: Visitor, kind: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json.loads(visit(published, kind).content)


@pytest.mark.parametrize(("kind", "shape"), [("list", list), ("string", str), ("null", type(None)), ("nulls", dict)])
def test_json_that_is_no_document(published: Visitor, kind: str, shape: type) -> None:
    assert isinstance(visit(published, kind).json(), shape)


@pytest.mark.parametrize("kind", ["wrong_types", "wrong_containers"])
def test_fields_of_the_wrong_type(published: Visitor, kind: str) -> None:
    genuine, spoilt = published.read("healthy-web").json(), visit(published, kind).json()
    assert set(genuine) == set(spoilt)
    assert not isinstance(spoilt["id"], str)


def test_five_megabytes(published: Visitor) -> None:
    assert len(visit(published, "huge").content) > 4_900_000


def test_a_redirect_loop_points_to_itself(published: Visitor) -> None:
    answer = visit(published, "redirect_loop")
    assert answer.headers["Location"] == f"/api/v2/conversations/{published.conversation('healthy-web')}"


def test_a_redirect_to_another_host_is_seen_in_the_log_when_followed(published: Visitor, demo: Running) -> None:
    requests.get(visit(published, "redirect_away").headers["Location"], timeout=5)
    assert demo.log.requests[-1].target.startswith("/elsewhere/api/v2/")


@pytest.mark.parametrize("kind", ["drop", "short_body", "many_headers", "bad_gzip"])
def test_answers_that_break_off(published: Visitor, kind: str) -> None:
    with pytest.raises(requests.RequestException):
        visit(published, kind)
    assert published.read("healthy-web").status_code == 200


def test_a_slow_response_waits_as_long_as_configured(published: Visitor) -> None:
    client = published.client("Hostile api: slow")
    published.endpoint.orgs[0].update_client(client.id, behaviour={**client.behaviour, "seconds": 0.01})
    assert visit(published, "slow").status_code == 200
    published.endpoint.orgs[0].update_client(client.id, behaviour={**client.behaviour, "seconds": 30})
    with pytest.raises(requests.Timeout):
        requests.get(
            f"{published.url}/api/v2/tokens/me",
            headers={"Authorization": f"Bearer {published.token(client.name)}"},
            timeout=0.2,
        )


def test_a_dripping_answer_never_ends(published: Visitor) -> None:
    headers = {"Authorization": f"Bearer {published.token('Hostile api: drip')}"}
    with requests.get(f"{published.url}/api/v2/tokens/me", headers=headers, stream=True, timeout=5) as answer:
        assert next(answer.iter_content(1)) == b"{"


def test_a_small_answer_that_grows(published: Visitor) -> None:
    headers = {"Authorization": f"Bearer {published.token('Hostile api: gzip_bomb')}"}
    with requests.get(f"{published.url}/api/v2/tokens/me", headers=headers, stream=True, timeout=30) as answer:
        assert int(answer.headers["Content-Length"]) < 1_000_000
        assert len(next(answer.iter_content(5_000_000))) == 5_000_000


def test_a_hostile_login(published: Visitor) -> None:
    client = published.client("Hostile login: html")
    answer = published.login(client.id, client.secret)
    assert answer.headers["Content-Type"].startswith("text/html")
