"""There is always an active admin left, also when two of them act in the same moment."""

import threading

import pytest
from django.db import connection

from diagnostics.accounts import users as people
from diagnostics.accounts.models import User
from tests.factories import make_team_lead, make_user


@pytest.mark.django_db
def test_generated_passwords_are_long_and_differ() -> None:
    passwords = {people.generate_password("ada") for _ in range(50)}
    assert len(passwords) == 50
    assert min(map(len, passwords)) >= 16


@pytest.mark.django_db
def test_the_last_admin_stays() -> None:
    only, other = make_user("only"), make_user("other")
    people.deactivate(other, by=only)
    with pytest.raises(people.UserChangeRefused):
        people.change_role(only, User.Role.TEAM_LEAD, by=only)
    assert User.objects.get(username="only").is_admin


@pytest.mark.django_db
def test_a_team_lead_can_always_go() -> None:
    people.deactivate(make_team_lead(), by=make_user())
    assert not User.objects.get(username="tess").is_active


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one() -> None:
    pair = [make_user("first"), make_user("second")]
    together = threading.Barrier(2)

    def remove(other: User, by: User) -> None:
        try:
            together.wait(10)
            people.deactivate(other, by=by)
        except people.UserChangeRefused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=each) for each in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert User.objects.filter(is_active=True).count() == 1
