"""Fixtures for API clients: a program with the token of a user; tasks are recorded instead of sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from diagnostics import tasks
from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, User
from tests.factories import make_user

Program = Callable[..., Client]


@pytest.fixture
def program(db: None) -> Program:
    """A program with a new token of this person, or of an admin."""

    def with_token(owner: User | None = None, scope: str = ApiToken.Scope.RUN) -> Client:
        owner = owner or make_user("ada")
        scope = scope if owner.may_run else ApiToken.Scope.READ
        _, text = make_token(owner, name="A program", scope=scope, days=1)
        return Client(headers={"Authorization": f"Bearer {text}"})

    return with_token


@pytest.fixture
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    messages: list[tuple[str, int]] = []

    def remember(task: Any, pk: int) -> None:
        messages.append((task.__name__, pk))

    monkeypatch.setattr(tasks, "send", remember)
    return messages
