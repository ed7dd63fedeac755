"""Writes to people: adding, roles, passwords, deactivation. There is always an active admin left."""

import secrets

from allauth.mfa.models import Authenticator
from django.db import connection, transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.passwords import contains_username

# Without letters and digits that are mistaken for one another when a password is read out or copied by hand.
ALPHABET = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679"
PASSWORD_LENGTH = 16  # about 91 bits


class UserChangeRefused(Exception):
    """The change would lock people out. str() is the sentence for the screen."""


def generate_password(username: str) -> str:
    """A random password that, like one a person chooses, does not contain the username."""
    while True:
        password = "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH))
        if not contains_username(password, username):
            return password


@transaction.atomic
def add_user(username: str, role: str) -> tuple[User, str]:
    """The new person and their password, which is kept nowhere else in clear."""
    password = generate_password(username)
    user = User.objects.create_user(username, password=password, role=role)
    record("person.added", user, after={"role": role})
    return user, password


@transaction.atomic
def add_first_admin(username: str) -> str:
    """The password of the new admin, kept nowhere else in clear. Raises Refused where there is an active admin already,
    or somebody has that name. Two at once create one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('first admin', 0))")
    admin = User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("pk").first()
    if admin is not None:
        raise UserChangeRefused(
            f"No account was created: {admin.username} is an admin already. Admins add people on the page People. "
            f"If the password is lost, run: manage.py changepassword {admin.username}"
        )
    if User.objects.filter(username=username).exists():
        raise UserChangeRefused(
            f"No account was created: somebody has the username {username} already. Choose another one."
        )
    password = generate_password(username)
    user = User.objects.create_superuser(username, password=password, role=User.Role.ADMIN)
    record("person.added", user, after={"role": user.role})
    return password


@transaction.atomic
def reset_password(user: User) -> str:
    """A new password; every session of that person ends with it."""
    password = generate_password(user.username)
    user.set_password(password)
    user.save(update_fields=["password"])
    record("person.password_reset", user)
    return password


@transaction.atomic
def change_role(user: User, role: str, *, by: User) -> None:
    if role != User.Role.ADMIN:
        _keep_an_admin(user, by, "take away the admin role")
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    record("person.role_changed", user, before={"role": before}, after={"role": role}, person=by)


@transaction.atomic
def limit_orgs(user: User, orgs: list[str] | None, *, by: User) -> None:
    """From now on the person sees only these orgs, by their ids; None lifts the limit."""
    before = {"limited": user.is_limited, "orgs": list(user.only_orgs)}
    user.is_limited, user.only_orgs = orgs is not None, sorted(set(orgs or ()))
    user.save(update_fields=["is_limited", "only_orgs"])
    after = {"limited": user.is_limited, "orgs": user.only_orgs}
    record("person.orgs_changed", user, before=before, after=after, person=by)


@transaction.atomic
def reset_second_factor(user: User, *, by: User) -> None:
    """App, passkeys and recovery codes are gone; what is left is the password, or single sign-on."""
    Authenticator.objects.filter(user=user).delete()
    record("person.second_factor_reset", user, person=by)


@transaction.atomic
def deactivate(user: User, *, by: User) -> None:
    """Ends the person's sessions and their sign-in. What they started keeps their name."""
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
    """Locks the admins' rows, so that two of them cannot remove each other in the same moment."""
    admins = list(User.objects.select_for_update().filter(role=User.Role.ADMIN, is_active=True).order_by("pk"))
    if user.pk == by.pk:
        raise UserChangeRefused(
            f"You cannot {act} for yourself. Ask another admin to do it."
            if "role" in act
            else "You cannot deactivate yourself. Ask another admin to do it."
        )
    if by.pk not in {admin.pk for admin in admins}:
        raise UserChangeRefused("You are no longer an admin, so nothing was changed. Reload the page.")
    if {admin.pk for admin in admins} <= {user.pk}:
        raise UserChangeRefused("This is the last active admin. Make someone else an admin first.")
