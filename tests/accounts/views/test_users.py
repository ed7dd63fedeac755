"""People: added with a password shown once, changed, deactivated; an admin always remains."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from diagnostics.accounts import users as people
from diagnostics.accounts.models import User
from tests.factories import make_team_lead, make_user

pytestmark = pytest.mark.django_db


def shown_password(page: bytes) -> str:
    found = re.search(rb'<code id="password">([^<]+)</code>', page)
    assert found
    return found[1].decode()


def test_an_added_person_can_sign_in_with_the_password_shown(as_admin: Client, client: Client) -> None:
    answer = as_admin.post("/settings/users/add/", {"username": "grace", "role": "team_lead"})
    password = shown_password(answer.content)
    assert client.login(username="grace", password=password)
    assert User.objects.get(username="grace").role == User.Role.TEAM_LEAD


def test_the_password_is_shown_once_and_not_cached(as_admin: Client) -> None:
    answer = as_admin.post("/settings/users/add/", {"username": "grace", "role": "admin"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert shown_password(answer.content) not in as_admin.get("/settings/users/").content.decode()


@pytest.mark.parametrize("username", ["ada", "ADA", "", "two words"])
def test_a_bad_username_adds_nobody(as_admin: Client, username: str) -> None:
    answer = as_admin.post("/settings/users/add/", {"username": username, "role": "admin"})
    assert b"errorlist" in answer.content
    assert User.objects.count() == 1


def test_a_role_can_be_changed(as_admin: Client, tess: User) -> None:
    as_admin.post(f"/settings/users/{tess.pk}/role/", {"role": "admin"})
    tess.refresh_from_db()
    assert tess.role == User.Role.ADMIN


def test_an_unknown_role_changes_nothing(as_admin: Client, tess: User) -> None:
    as_admin.post(f"/settings/users/{tess.pk}/role/", {"role": "root"})
    tess.refresh_from_db()
    assert tess.role == User.Role.TEAM_LEAD


def test_nobody_takes_the_admin_role_from_themselves(as_admin: Client, ada: User) -> None:
    make_user("bea")
    as_admin.post(f"/settings/users/{ada.pk}/role/", {"role": "team_lead"})
    ada.refresh_from_db()
    assert ada.is_admin


def test_a_reset_password_ends_the_old_one_and_its_sessions(as_admin: Client, as_lead: Client, tess: User) -> None:
    password = shown_password(as_admin.post(f"/settings/users/{tess.pk}/password/").content)
    tess.refresh_from_db()
    assert tess.check_password(password)
    assert as_lead.get("/").status_code == 302


def test_deactivating_asks_first_and_then_ends_the_session(as_admin: Client, as_lead: Client, tess: User) -> None:
    assert as_admin.get(f"/settings/users/{tess.pk}/deactivate/").status_code == 200
    assert as_lead.get("/").status_code == 200
    as_admin.post(f"/settings/users/{tess.pk}/deactivate/")
    assert as_lead.get("/").status_code == 302


def test_nobody_deactivates_themselves(as_admin: Client, ada: User) -> None:
    as_admin.post(f"/settings/users/{ada.pk}/deactivate/")
    ada.refresh_from_db()
    assert ada.is_active


def test_a_deactivated_person_can_come_back(as_admin: Client) -> None:
    gone = make_team_lead("gone", is_active=False)
    as_admin.post(f"/settings/users/{gone.pk}/activate/")
    gone.refresh_from_db()
    assert gone.is_active


def test_an_admin_who_was_removed_meanwhile_changes_nobody() -> None:
    """Two admins remove each other: the second finds that they are none any more, so one always remains."""
    first, second = make_user("first"), make_user("second")
    people.deactivate(second, by=first)
    with pytest.raises(people.UserChangeRefused):
        people.deactivate(first, by=second)


def test_the_list_asks_as_often_for_many_people_as_for_one(
    as_admin: Client, queries_of: Callable[[Client, str], int]
) -> None:
    alone = queries_of(as_admin, "/settings/users/")
    for number in range(5):
        make_team_lead(f"person{number}")
    assert queries_of(as_admin, "/settings/users/") == alone
