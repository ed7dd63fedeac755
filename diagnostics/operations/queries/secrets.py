"""Counts the stored secrets that the configured keys can decrypt."""

from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection

from diagnostics.orgs.models import AccessToken
from diagnostics.storage.model_fields import EncryptedTextField, fernet


@dataclass(frozen=True)
class SecretCounts:
    opened: int
    closed: int

    @property
    def total(self) -> int:
        return self.opened + self.closed


def count_secrets() -> SecretCounts:
    opened = closed = 0
    for value in _stored():
        try:
            opened += bool(fernet().decrypt(value.encode()))
        except InvalidToken:
            closed += 1
    return SecretCounts(opened, closed)


def _stored() -> list[str]:
    """All encrypted values, without access tokens, which are short-lived and can be requested again."""
    found: list[str] = []
    quote = connection.ops.quote_name
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField) and model is not AccessToken:
                with connection.cursor() as cursor:
                    column, table = quote(str(field.column)), quote(model._meta.db_table)
                    cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608 - names of ours
                    found += [value for (value,) in cursor.fetchall() if value]
    return found
