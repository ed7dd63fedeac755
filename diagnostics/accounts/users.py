"""Add users and change their roles, passwords and access. At least one active admin always remains."""

import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Exists, OuterRef

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.passwords import contains_username
from diagnostics.storage.locks import lock_until_commit

# Without characters that look or sound alike.
ALPHABET = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679"
PASSWORD_LENGTH = 16  # about 91 bits


class UserChangeRefused(Exception):
    """The change isn't allowed, for example because no admin would remain. str() is the message for the user."""


def generate_password(username: str) -> str:
    """Return a random password that doesn't contain the username."""
    while True:
        password = "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))
        if not contains_username(password, username):
            return password


def users_for_list() -> list[Any]:
    """All users, active ones first, annotated with `has_second_factor`."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return list(User.objects.annotate(has_second_factor=Exists(factors)).order_by("-is_active", "username"))


@transaction.atomic
def add_user(username: str, role: str) -> tuple[User, str]:
    """Return the new user and their password, which is stored only as a hash."""
    password = generate_password(username)
    user = User.objects.create_user(username, password=password, role=role)
    record("person.added", user, after={"role": role})
    return user, password


@transaction.atomic
def add_first_admin(username: str) -> str:
    """Create the first admin and return their password. An advisory lock keeps concurrent calls from creating two.

    Raises UserChangeRefused if an active admin exists or the username is in use.
    """
    lock_until_commit("first admin")
    admin = User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("pk").first()
    if admin is not None:
        raise UserChangeRefused(
            f"No user was added: {admin.username} is an admin already. Admins add users in Settings, under Users. If the "
            f"password is lost, run: manage.py changepassword {admin.username}"
        )
    if User.objects.filter(username=username).exists():
        raise UserChangeRefused(f"No user was added: the username {username} is taken. Choose a different one.")
    password = generate_password(username)
    user = User.objects.create_superuser(username, password=password, role=User.Role.ADMIN)
    record("person.added", user, after={"role": user.role})
    return password


@transaction.atomic
def reset_password(user: User) -> str:
    """Set and return a new password. Changing it ends all of the user's sessions."""
    password = generate_password(user.username)
    user.set_password(password)
    user.save(update_fields=["password"])
    record("person.password_reset", user)
    return password


@transaction.atomic
def change_role(user: User, role: str, *, by: User) -> None:
    if role != User.Role.ADMIN:
        _keep_an_admin(user, by, "take the admin role from")
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    record("person.role_changed", user, before={"role": before}, after={"role": role}, person=by)


@transaction.atomic
def limit_orgs(user: User, orgs: list[str] | None, *, by: User) -> None:
    """Limit the user to orgs with these IDs. None lifts the limit."""
    before = {"limited": user.is_limited, "orgs": list(user.only_orgs)}
    user.is_limited, user.only_orgs = orgs is not None, sorted(set(orgs or ()))
    user.save(update_fields=["is_limited", "only_orgs"])
    after = {"limited": user.is_limited, "orgs": user.only_orgs}
    record("person.orgs_changed", user, before=before, after=after, person=by)


@transaction.atomic
def reset_second_factor(user: User, *, by: User) -> None:
    """Delete the authenticator app, passkeys and recovery codes. The password and single sign-on still work."""
    Authenticator.objects.filter(user=user).delete()
    record("person.second_factor_reset", user, person=by)


@transaction.atomic
def deactivate(user: User, *, by: User) -> None:
    """Prevent the user from signing in and end their sessions. Their runs keep their name."""
    _keep_an_admin(user, by, "deactivate")
    user.is_active = False
    user.save(update_fields=["is_active"])
    record("person.deactivated", user, person=by)


@transaction.atomic
def activate(user: User) -> None:
    user.is_active = True
    user.save(update_fields=["is_active"])
    record("person.activated", user)


def _keep_an_admin(user: User, by: User, act: str) -> None:
    """Raise UserChangeRefused if the change would leave no admin. Locks the admins' rows, so two can't remove each other."""
    admins = list(User.objects.select_for_update().filter(role=User.Role.ADMIN, is_active=True).order_by("pk"))
    if user.pk == by.pk:
        raise UserChangeRefused(f"You can't {act} yourself. Ask another admin.")
    if by.pk not in {admin.pk for admin in admins}:
        raise UserChangeRefused("Nothing changed: you're no longer an admin.")
    if {admin.pk for admin in admins} <= {user.pk}:
        raise UserChangeRefused("This is the only active admin. Make someone else an admin first.")
