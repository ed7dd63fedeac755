"""The audit log: the database itself refuses to change what it says."""

import pytest
from django.db import DatabaseError, connection, transaction

from diagnostics.models import AuditEntry

pytestmark = pytest.mark.django_db


def entry() -> AuditEntry:
    return AuditEntry.objects.create(actor="ada", by="web", action="client.added", name="Acme support")


def test_an_entry_cannot_be_changed() -> None:
    said = entry()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=said.pk).update(actor="eve")
    said.refresh_from_db()
    assert said.actor == "ada"


def test_an_entry_cannot_be_deleted() -> None:
    said = entry()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        said.delete()
    assert AuditEntry.objects.filter(actor="ada").exists()


def test_the_log_cannot_be_emptied() -> None:
    entry()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE diagnostics_auditentry ENABLE TRIGGER audit_no_truncate")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE diagnostics_auditentry")
    assert AuditEntry.objects.exists()
