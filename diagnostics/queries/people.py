"""Reads of people."""

from diagnostics.models import User


def people() -> list[User]:
    """Everybody with an account, those who can sign in first."""
    return list(User.objects.order_by("-is_active", "username"))
