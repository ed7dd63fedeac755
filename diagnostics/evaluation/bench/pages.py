"""Measures pages in this process: server time and number of database queries."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.accounts.models import User

WARM_UPS = 3


@dataclass(frozen=True)
class MeasuredPage:
    """The measurements of one page. `queries` holds the distinct numbers of queries of its requests."""

    name: str
    p95_ms: float
    queries: frozenset[int]


def visitor() -> Client:
    """A test client signed in as an admin, with a host name that every installation allows."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.create_user("bench", role=User.Role.ADMIN))
    return browser


def sign_in(name: str) -> str:
    """The session key of a new admin, for the cookie of a real web server."""
    user = User.objects.create_user(name, role=User.Role.ADMIN)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session.save()
    return str(session.session_key)


def name_static_files() -> None:
    """Collects the static files, as `up` does when it starts, because pages use their hashed names."""
    call_command("collectstatic", interactive=False, verbosity=0)


def measure_page(browser: Client, name: str, paths: Sequence[str], times: int) -> MeasuredPage:
    """Requests the paths in turn. Raises RuntimeError if a response isn't 200."""
    counts = {_queries(browser, path) for path in paths[:WARM_UPS]}  # also warms up caches
    milliseconds = [timed(partial(get_page, browser, paths[number % len(paths)])) for number in range(times)]
    return MeasuredPage(name, p95(milliseconds), frozenset(counts))


def timed(work: Callable[[], object]) -> float:
    """The duration in milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def p95(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=20, method="inclusive")[-1] if len(figures) > 1 else figures[0]


def _queries(browser: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        get_page(browser, path)
    return len(queries)


def get_page(browser: Client, path: str) -> None:
    response = browser.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}.")
