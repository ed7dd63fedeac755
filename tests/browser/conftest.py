"""Fixtures for a real browser against a live server. Nothing is sent to the queue; the test executes runs itself."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.builders.demo_history import put_demo_history
from tests.factories import PASSWORD

# Playwright runs an event loop in the test's thread, which Django mistakes for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

INSTALLED = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL_SCHEMES = ("data:", "blob:", "about:")
SESSION = "sessionid"  # the cookie
TIMEOUT_MS = 15_000  # an upper bound for a busy machine
# What htmx logs, as errors, for a request that ended because the page was left. A failed request logs other events too.
LEFT_PAGE = ("htmx:sendAbort", "htmx:afterRequest")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the installed Chromium, or the one that Playwright has downloaded."""
    executable = os.environ.get("CHROMIUM") or next((path for name in INSTALLED if (path := shutil.which(name))), None)
    extra: dict[str, Any] = {"executable_path": executable} if executable else {}
    extra["args"] = [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium's own sandbox refuses root
    ]
    return {**browser_type_launch_args, **extra}


@dataclass
class Visit:
    """A browser window. Collects requests to other hosts, and errors of scripts and the content security policy."""

    page: Page
    address: str
    foreign_requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def sign_in(self, username: str) -> None:
        """Give the browser a session, and open the first page. tests/browser/test_sign_in.py signs in by the form."""
        client = Client()
        client.force_login(User.objects.get(username=username))
        session = client.cookies[SESSION].value
        self.page.context.add_cookies([{"name": SESSION, "value": session, "url": self.address}])
        self.open("/")

    def sign_in_by_form(self, username: str) -> None:
        self.open("/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", level=1).wait_for()

    def watch(self) -> None:
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("request", self._note_request)  # intercepting each would also switch off the browser's cache
        self.page.on("console", self._note_error)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def mark(self) -> None:
        """Mark the open page, to detect a page load."""
        self.page.evaluate("window.marked = true")

    @property
    def is_marked(self) -> bool:
        return bool(self.page.evaluate("window.marked === true"))

    def _note_error(self, message: ConsoleMessage) -> None:
        # htmx reports a request that leaving the page ended: no error of the product.
        if message.type == "error" and not message.text.startswith(LEFT_PAGE):
            self.complaints.append(message.text)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, *LOCAL_SCHEMES)):
            self.foreign_requests.append(request.url)


def visit(browser: Browser, live_server: LiveServer, **options: Any) -> Iterator[Visit]:
    context: BrowserContext = browser.new_context(**options)
    window = Visit(context.new_page(), live_server.url)
    window.watch()
    yield window
    context.close()
    assert not window.foreign_requests, "the product sent a request to another host"


@pytest.fixture
def window(browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    yield from visit(browser, live_server, viewport={"width": 1440, "height": 900})


@pytest.fixture
def window_without_script(browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    yield from visit(browser, live_server, viewport={"width": 1440, "height": 900}, java_script_enabled=False)


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks are not sent: the tests execute the work themselves."""
    monkeypatch.setattr(tasks, "send", lambda task, pk: None)


@pytest.fixture
def demo_history(settings: Settings, transactional_db: None) -> None:
    """The demo's clients and their history, as a fresh start makes them."""
    settings.GENESYS_ENDPOINTS = dict(settings.GENESYS_ENDPOINTS)  # so that it is put back after the test
    put_demo_history()


@dataclass
class Worker:
    """Executes one run in a thread. Before each check it waits for `release`."""

    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None

    def execute(self, run: Run) -> None:
        self.thread = threading.Thread(target=self._work, args=(run.pk,), daemon=True)
        self.thread.start()

    def release(self, checks: int = 1) -> None:
        self.gate.release(checks)

    def finish(self) -> None:
        self.gate.release(1000)
        if self.thread is not None:
            self.thread.join(30)

    def _work(self, pk: int) -> None:
        try:
            execute_run(pk)
        finally:
            connection.close()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    paused = Worker()
    batches = Diagnosis.batches

    def one_by_one(diagnosis: Diagnosis, *args: Any) -> Iterator[tuple[Any, ...]]:
        for step in chain.from_iterable(batches(diagnosis, *args)):
            paused.gate.acquire()
            yield (step,)

    monkeypatch.setattr(Diagnosis, "batches", one_by_one)
    yield paused
    paused.finish()
