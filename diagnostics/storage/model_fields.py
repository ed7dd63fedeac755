"""Columns that encrypt what they hold, and columns that redact it."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models

from diagnostics.redaction.redactor import Redactor


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
    _Field = models.Field[str, str]
    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    _Field = object
    _CharField = models.CharField
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


class _Redacted(_Field):
    """Redacts in the one place that a save, an update, a bulk operation and a look-up all pass."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.get_prep_value(value)
            setattr(model_instance, self.attname, value)  # what is shown after saving is what was stored
        return value

    def deconstruct(self) -> Any:
        """As the plain field: the column is the same, so that no migration depends on this class."""
        name, _, args, kwargs = super().deconstruct()
        kind = "TextField" if isinstance(self, models.TextField) else "CharField"
        return name, f"django.db.models.{kind}", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        # A mask may be longer than what it replaces: cut to fit the column.
        return Redactor().text(value)[: self.max_length] if isinstance(value, str) else value


class RedactedCharField(_Redacted, _CharField):
    """One line that somebody wrote. Secrets and personal data in it are masked before it is stored or searched for."""


class RedactedTextField(_Redacted, _TextField):
    """Text that somebody wrote. Secrets and personal data in it are masked before it is stored or searched for."""


class RedactedJSONField(models.JSONField):
    """A JSON value that may hold somebody's words, redacted before it is stored."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return Redactor().value(value) if isinstance(value, dict | list | tuple | str) else value
