"""The first admin of an installation without `up`."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from diagnostics.accounts.models import AuditEntry, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def create(*words: str, stdout: Any = None) -> str:
    out = stdout or StringIO()
    call_command("admin", "create", *words, stdout=out, stderr=StringIO())
    return str(out.getvalue())


def test_the_first_admin_can_sign_in_and_start_runs() -> None:
    shown = create()
    user = User.objects.get(username="admin")
    password = shown.split("Password: ")[1].strip()
    assert (user.is_admin, user.may_run, user.check_password(password)) == (True, True, True)
    assert Client().login(username="admin", password=password)
    assert AuditEntry.objects.filter(action="person.added", thing_id=str(user.pk)).exists()


def test_a_second_admin_is_refused_and_no_password_printed() -> None:
    make_user("ada", User.Role.ADMIN)
    with pytest.raises(CommandError, match="ada") as refused:
        create("grace")
    assert refused.value.returncode == 3
    assert User.objects.count() == 1


def test_it_works_if_no_other_user_is_an_active_admin() -> None:
    make_user("tess", User.Role.TEAM_LEAD)
    make_user("gone", User.Role.ADMIN, is_active=False)
    assert "Username: grace" in create("grace")


@pytest.mark.parametrize("name", ["tess", "", "a b", "x" * 200, "a\nb"])
def test_an_invalid_name_creates_nothing(name: str) -> None:
    make_user("tess", User.Role.TEAM_LEAD)
    with pytest.raises(CommandError):
        create(name)
    assert User.objects.count() == 1


def test_no_account_is_created_if_the_password_cannot_be_printed() -> None:
    class Closed(StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        create(stdout=Closed())
    assert not User.objects.exists()
