"""Password validators, with messages in our words."""

import unicodedata
from typing import Any

from django.contrib.auth import password_validation as rules
from django.core.exceptions import ValidationError

# Good passwords often contain a shorter username by chance.
SHORTEST_USERNAME = 3


class SimilarityValidator(rules.UserAttributeSimilarityValidator):
    def get_error_message(self) -> str:
        return "This password is too similar to your %(verbose_name)s."


class LengthValidator(rules.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return f"This password is too short. Use at least {self.min_length} characters."


class CommonPasswordValidator(rules.CommonPasswordValidator):
    def get_error_message(self) -> str:
        return "This password is on lists of common passwords. Choose a different one."


class NumericValidator(rules.NumericPasswordValidator):
    def get_error_message(self) -> str:
        return "This password has only digits. Add letters."


class UsernameValidator:
    """Rejects a password that contains the username or its reverse, or is contained in it.

    The comparison ignores case, punctuation and Unicode compatibility forms (NFKC).
    """

    def validate(self, password: str, user: Any = None) -> None:
        if contains_username(password, str(getattr(user, "username", "") or "")):
            raise ValidationError(
                "This password contains your username, or is part of it. Choose a different one.",
                code="password_contains_username",
            )

    def get_help_text(self) -> str:
        return "Don’t include your username."


def contains_username(password: str, username: str) -> bool:
    """Return whether either contains the other, with the username forward or reversed."""
    typed, name = _letters(password), _letters(username)
    if not typed or len(name) < SHORTEST_USERNAME:
        return False
    return any(text in typed or typed in text for text in (name, name[::-1]))


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
