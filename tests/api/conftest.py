"""Fixtures for API clients."""

from collections.abc import Callable

import pytest
from django.test import Client

from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, User
from tests.factories import make_user

Program = Callable[..., Client]


@pytest.fixture
def program(db: None) -> Program:
    """Creates a client that sends a new token of this user, or of an admin."""

    def with_token(owner: User | None = None, scope: str = ApiToken.Scope.RUN) -> Client:
        owner = owner or make_user("ada")
        scope = scope if owner.may_run else ApiToken.Scope.READ
        _, text = make_token(owner, name="A program", scope=scope, days=1)
        return Client(headers={"Authorization": f"Bearer {text}"})

    return with_token
