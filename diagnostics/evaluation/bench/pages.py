"""How long the server takes for a page, and how often it asks the database, in this very process."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.accounts.models import User

WARM_UPS = 3


@dataclass(frozen=True)
class Paced:
    """One page, asked for many times."""

    name: str
    p95_ms: float
    queries: frozenset[int]


def visitor() -> Client:
    """A browser of an admin; the name of the host is one that any installation allows."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.create_user("bench", role=User.Role.ADMIN))
    return browser


def name_static_files() -> None:
    """Pages name each file by its content, which `up` works out at its start."""
    call_command("collectstatic", interactive=False, verbosity=0)


def pace(browser: Client, name: str, places: Iterable[str], times: int) -> Paced:
    """The addresses in turn. Raises where one does not answer with a page."""
    rota = list(places)
    counts = {_queries(browser, place) for place in rota[:WARM_UPS]}  # which warms the page up, too
    took = [timed(partial(_ask, browser, rota[number % len(rota)])) for number in range(times)]
    return Paced(name, p95(took), frozenset(counts))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def p95(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=20, method="inclusive")[-1] if len(figures) > 1 else figures[0]


def _queries(browser: Client, place: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        _ask(browser, place)
    return len(asked)


def _ask(browser: Client, place: str) -> None:
    answer = browser.get(place)
    if answer.status_code != 200:
        raise RuntimeError(f"{place} answered {answer.status_code}.")
