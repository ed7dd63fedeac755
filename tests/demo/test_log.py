"""The request log: the proof that nothing but reads and token requests arrived."""

import requests

from diagnostics.demo.log import LoggedRequest, RequestLog
from diagnostics.demo.server import Running
from tests.demo.conftest import Visitor


def test_reads_and_token_requests_are_harmless(published: Visitor, demo: Running) -> None:
    published.ask("/api/v2/tokens/me")
    published.ask("/api/v2/tokens/me", method="HEAD")
    assert [(each.method, each.target, each.status) for each in demo.log.requests] == [
        ("POST", "/oauth/token", 200),
        ("GET", "/api/v2/tokens/me", 200),
        ("HEAD", "/api/v2/tokens/me", 200),
    ]
    assert demo.log.writes == []
    assert {each.client_id for each in demo.log.requests} == {published.client().id}


def test_anything_else_is_a_write_even_when_it_was_refused(published: Visitor, demo: Running) -> None:
    published.ask("/api/v2/nowhere", method="DELETE")
    published.ask("/oauth/token?x=1", method="POST")
    assert [(each.method, each.target) for each in demo.log.writes] == [
        ("DELETE", "/api/v2/nowhere"),
        ("POST", "/oauth/token?x=1"),
    ]


def test_both_orgs_share_one_log(published: Visitor, gateway: Visitor, demo: Running) -> None:
    published.token()
    gateway.token("Demo: provider gateway")
    assert [each.org for each in demo.log.requests] == ["published", "gateway"]


def test_writes_outlive_the_flood_of_reads() -> None:
    log = RequestLog(size=10)
    log.add(LoggedRequest("published", "POST", "/api/v2/conversations/x/cobrowse", 404))
    for _ in range(100):
        log.add(LoggedRequest("published", "GET", "/", 404))
    assert len(log.requests) == 10
    assert len(log.writes) == 1
    assert log.total == 101


def test_another_process_reads_the_log_over_http(published: Visitor, demo: Running) -> None:
    published.ask("/api/v2/tokens/me")
    found = requests.get(f"{published.url}/demo/requests", timeout=5).json()
    assert found["total"] == 2
    assert found["writes"] == []
    assert published.token() not in str(found)
    assert demo.log.total == 2
