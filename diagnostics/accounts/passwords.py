"""Password rules beside Django's own: a password and the username must not contain each other."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError

# A shorter username is part of many good passwords by chance.
SHORTEST_USERNAME = 3


class UsernameValidator:
    """Refuses a password that contains the username, or that the username contains.

    Compared without case, accents of compatibility forms, or punctuation, and also with the username reversed.
    """

    def validate(self, password: str, user: Any = None) -> None:
        if contains_username(password, str(getattr(user, "username", "") or "")):
            raise ValidationError(
                "This password contains your username, or is a part of it. Choose one without it.",
                code="password_contains_username",
            )

    def get_help_text(self) -> str:
        return "Your password can’t contain your username."


def contains_username(password: str, username: str) -> bool:
    """True if either contains the other, in either direction of reading."""
    typed, name = _letters(password), _letters(username)
    if not typed or len(name) < SHORTEST_USERNAME:
        return False
    return any(each in typed or typed in each for each in (name, name[::-1]))


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if each.isalnum())
