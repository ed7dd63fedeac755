"""Model fields that encrypt or redact their values."""

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
    """Return the cipher for FIELD_ENCRYPTION_KEYS: it encrypts with the first key and decrypts with any."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class UnreadableSecret(ImproperlyConfigured):
    """A stored secret was encrypted with a key that is no longer among FIELD_ENCRYPTION_KEYS."""


if TYPE_CHECKING:
    # Only django-stubs makes these classes generic.
    _Field = models.Field[str, str]
    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    _Field = object
    _CharField = models.CharField
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Text encrypted with the newest key and decrypted with any. The only lookup is isnull.

    Raises UnreadableSecret if no key decrypts the stored value.
    """

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
    """Redacts in `get_prep_value`, which saves, updates, bulk operations and lookups all call."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.get_prep_value(value)
            setattr(model_instance, self.attname, value)  # the instance then has the stored value
        return value

    def deconstruct(self) -> Any:
        """Deconstruct as the plain Django field, so that migrations don't depend on this class."""
        name, _, args, kwargs = super().deconstruct()
        kind = "TextField" if isinstance(self, models.TextField) else "CharField"
        return name, f"django.db.models.{kind}", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        # A mask can be longer than the text it replaces: cut it to fit the column.
        return Redactor().text(value)[: self.max_length] if isinstance(value, str) else value


class RedactedCharField(_Redacted, _CharField):
    """A line of user-written text. Secrets and personal data are masked before saving and before lookups."""


class RedactedTextField(_Redacted, _TextField):
    """User-written text. Secrets and personal data are masked before saving and before lookups."""


class RedactedJSONField(models.JSONField):
    """A JSON value that may contain user-written text, redacted before saving."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return Redactor().value(value) if isinstance(value, dict | list | tuple | str) else value
