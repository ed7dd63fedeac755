"""A password and the username must not contain each other, wherever a password is set."""

import getpass
import secrets
from io import StringIO

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from diagnostics.accounts import users as people
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.accounts.passwords import contains_username
from tests.factories import PASSWORD, make_user


@pytest.mark.parametrize(
    ("password", "username"),
    [
        ("my-ada-password-77", "ada"),
        ("MY-GRACE-PASSWORD", "grace"),
        ("xx.ecarg.xx.2026", "grace"),
        ("Lovelace-Ada-Secret", "lovelace.ada"),
        ("lovelace_ada2026!", "lovelace.ada"),
        ("administrator", "administrator-of-things"),
        ("ＧＲＡＣＥ-is-wide-1", "grace"),
        ("STRASSE-and-more-1", "straße"),
        ("g.r.a.c.e-spelled-1", "grace"),
    ],
)
def test_one_contains_the_other(password: str, username: str) -> None:
    assert contains_username(password, username)
    with pytest.raises(ValidationError):
        validate_password(password, User(username=username))


@pytest.mark.parametrize(
    ("password", "username"),
    [("correct-horse-7-battery", "grace"), ("correct-horse-7-battery", "co"), ("correct-horse", ""), ("", "grace")],
)
def test_they_have_nothing_in_common(password: str, username: str) -> None:
    assert not contains_username(password, username)


def test_a_generated_password_keeps_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = iter("xxxxgracexxxxxxx" + "y" * 16)
    monkeypatch.setattr(secrets, "choice", lambda alphabet: next(letters))
    assert people.generate_password("grace") == "y" * 16


@pytest.mark.django_db
def test_the_password_page_refuses_it() -> None:
    grace = make_user("grace")
    browser = Client()
    browser.force_login(grace)
    new = "my-grace-password-77"
    answer = browser.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert answer.status_code == 200
    assert "password_contains_username" in [
        each.code for each in answer.context["form"].errors.as_data()["new_password2"]
    ]
    grace.refresh_from_db()
    assert grace.check_password(PASSWORD)


@pytest.mark.django_db
def test_the_command_refuses_it_and_writes_down_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    grace = make_user("grace")
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": "my-grace-password-77")
    with pytest.raises(CommandError):
        call_command("changepassword", "grace", stdout=StringIO(), stderr=StringIO())
    assert not AuditEntry.objects.exists()
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": "correct-horse-7-battery")
    call_command("changepassword", "grace", stdout=StringIO())
    grace.refresh_from_db()
    assert grace.check_password("correct-horse-7-battery")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.by, entry.name) == ("person.password_reset", "cli", "grace")


@pytest.mark.django_db
def test_a_superuser_made_by_the_command_is_an_admin_in_the_audit_log(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"username": "linus", "email": "l@example.com", "interactive": False, "verbosity": 0}
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "the-linus-password-1")
    with pytest.raises(CommandError):
        call_command("createsuperuser", **made)
    assert not User.objects.exists()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct-horse-7-battery")
    call_command("createsuperuser", **made)
    assert User.objects.get().is_admin
    assert AuditEntry.objects.get().action == "person.added"
