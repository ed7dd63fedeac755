"""Pages while the database is stopped, frozen or restarted."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError

from config.embedded import child
from diagnostics.operations import outages
from tests.config.embedded.conftest import wait_for
from tests.config.web.conftest import Site

pytestmark = pytest.mark.worker
Outage = Callable[[Site], AbstractContextManager[None]]


@contextmanager
def stopped(site: Site) -> Iterator[None]:
    site.stop_database()
    try:
        yield
    finally:
        site.start_database()


@contextmanager
def frozen(site: Site) -> Iterator[None]:
    """The database accepts connections but does not respond."""
    site.signal_database(signal.SIGSTOP)
    try:
        yield
    finally:
        site.signal_database(signal.SIGCONT)


OUTAGES = pytest.mark.parametrize("outage", [stopped, frozen])


@OUTAGES
def test_pages_report_an_outage_of_the_database_and_recover(site: Site, outage: Outage) -> None:
    wait_for(lambda: site.request("/").status == 200, "a good page")
    with outage(site):
        page = site.request("/")
        assert (page.status, page.headers["retry-after"]) == (503, "5")
        assert 'href="/"' in page.text
        form = site.request("/clients/add/", "POST", "name=typed")
        assert form.status == 503
        assert "reload this page" in form.text
        answer = site.request("/api/v1/runs", Authorization="Bearer cbd_" + "a" * 43)
        assert (answer.status, json.loads(answer.text)["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        fragment = site.request("/settings/system/state/", **{"HX-Request": "true"})
        assert (fragment.status, fragment.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        assert outages.UNAVAILABLE.title in fragment.text
        assert fragment.headers["retry-after"] == "5"
        numbers = site.request("/metrics")
        assert (numbers.status, numbers.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    wait_for(lambda: site.request("/").status == 200, "the pages to be back")


@OUTAGES
def test_probes_respond_during_an_outage(site: Site, outage: Outage) -> None:
    with outage(site):
        assert site.request("/health/live").status == 200
        wait_for(
            lambda: not json.loads(site.request("/health/ready").text)["parts"]["database"], "the outage to be seen"
        )
        assert site.request("/health/ready").status == 503
    wait_for(lambda: json.loads(site.request("/health/ready").text)["parts"]["database"], "its end to be seen")


def test_failing_probes_are_not_logged_as_errors(site: Site) -> None:
    with stopped(site):
        wait_for(lambda: site.request("/health/ready").status == 503, "the outage to be seen")
        before = site.log()
        assert {site.request("/health/ready").status for _ in range(5)} == {503}
        assert "/health/ready" not in site.log().removeprefix(before)


def test_no_page_fails_after_a_restart_of_the_database(site: Site) -> None:
    wait_for(lambda: {site.request("/").status for _ in range(10)} == {200}, "every thread to have its connection")
    site.stop_database()
    site.start_database()
    assert {site.request("/").status for _ in range(10)} == {200}


def test_an_outage_is_logged_without_a_traceback(site: Site) -> None:
    with stopped(site):
        site.request("/")
    assert outages.UNAVAILABLE.title in site.log()
    assert "Traceback" not in site.log()


def test_a_web_process_that_dies_is_replaced(site: Site) -> None:
    assert site.server is not None
    master = site.server.pid
    first = {pid for pid in child.all_pids() if child.parent_of(pid) == master}
    assert len(first) == 2
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    wait_for(site.is_up, "another process to answer")
    wait_for(lambda: len({p for p in child.all_pids() if child.parent_of(p) == master} - first) == 2, "two new ones")


def test_pages_and_probes_respond_while_anonymous_requests_hang(site: Site) -> None:
    """Four of these requests could once block a process."""
    head = "Cookie: csrftoken=" + "a" * 32 + "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    slow = f"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: 90000\r\n\r\nlogin=a".encode()
    held = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(64)]
    try:
        for each in held:
            each.sendall(slow)
        assert site.request("/").status == 200
        assert site.request("/health/live").status == 200
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (psycopg.errors.ConnectionTimeout(), "database_unavailable"),
        (psycopg.errors.AdminShutdown(), "database_unavailable"),
        (psycopg.errors.CannotConnectNow(), "database_unavailable"),
        (psycopg.errors.TooManyConnections(), "database_busy"),
        (psycopg.errors.QueryCanceled(), "database_busy"),
        (psycopg.errors.DeadlockDetected(), "database_busy"),
        (psycopg.errors.DiskFull(), "database_full"),
        (psycopg.errors.ReadOnlySqlTransaction(), "database_read_only"),
    ],
)
def test_each_database_error_has_its_own_code(cause: psycopg.Error, code: str) -> None:
    error = OperationalError()
    error.__cause__ = cause
    found = outages.find_outage(error)
    assert found
    assert found.code == code


def test_a_closed_connection_is_an_outage_and_a_programming_error_is_not() -> None:
    assert outages.find_outage(InterfaceError("the connection is closed")) == outages.UNAVAILABLE
    assert outages.find_outage(ProgrammingError()) is None
    assert outages.find_outage(DataError()) is None
    assert outages.find_outage(KeyError()) is None
