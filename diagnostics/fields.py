"""A text column that rests encrypted."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: stored secrets cannot be read or written.")
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """The keys in force, newest first."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class UnreadableSecret(ImproperlyConfigured):
    """A stored secret was encrypted with a key that is no longer among FIELD_ENCRYPTION_KEYS."""


if TYPE_CHECKING:
    # Only the type checker's Django can be subscripted.
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Encrypts with the newest key, decrypts with any; a wrong key fails loudly. Allows no look-up but isnull."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else fernet().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if value is None:
            return None
        try:
            return fernet().decrypt(value.encode()).decode()
        except InvalidToken:
            raise UnreadableSecret(
                "A stored secret does not open with any of FIELD_ENCRYPTION_KEYS. Add the key it was written with, "
                "then run `manage.py reencrypt`."
            ) from None

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it allows no look-up but isnull, not {lookup_name}.")
        return super().get_lookup(lookup_name)
