"""Browsers of an admin, a team lead and a stranger; the queue is silent and remembers what was rung."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics import tasks
from diagnostics.models import User
from tests.factories import make_team_lead, make_user


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def tess(db: None) -> User:
    return make_team_lead("tess")


@pytest.fixture
def as_admin(ada: User) -> Client:
    return _signed_in(ada)


@pytest.fixture
def as_lead(tess: User) -> Client:
    return _signed_in(tess)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(task, row) for each message that would have been sent."""
    messages: list[tuple[str, int]] = []

    def remember(task: Any, pk: int) -> None:
        messages.append((task.__name__, pk))

    monkeypatch.setattr(tasks, "ring", remember)
    return messages


@pytest.fixture
def queries_of() -> Callable[[Client, str], int]:
    """How often a page asks the database."""

    def count(browser: Client, place: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(place).status_code == 200
        return len(asked)

    return count


def _signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser
