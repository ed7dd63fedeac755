"""A request for a host name that is not ours is refused in one line."""

import logging

import pytest
from django.test import Client
from pytest_django import Settings

HOSTS = ["evil.example", "a b", "127.0.0.1:99999x", "x" * 3000, "evil\u202eexample"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("place", ["/", "/login/", "/api/v1/runs", "/nowhere/", "/health/", "/static/app.css"])
def test_it_is_one_line_and_a_plain_400(
    host: str, place: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.get(place, headers={"Host": host})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    (line,) = caplog.records
    assert line.exc_info is None
    assert line.getMessage().isascii() and "\n" not in line.getMessage()
    assert len(line.getMessage()) < 300


@pytest.mark.parametrize("host", [*HOSTS, "10.1.2.3:8000"])
def test_probes_answer_under_any_host_name(host: str, client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/health/live", headers={"Host": host}).json() == {"live": True}
