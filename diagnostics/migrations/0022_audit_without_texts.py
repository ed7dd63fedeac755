"""The audit log keeps no text that somebody wrote, only that one was written: rows of before this rule are rewritten once.

The log is append-only, so the database's guard is lifted for this one statement's time, within the same transaction.
"""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from diagnostics.redact import Redactor

TEXTS = frozenset({"note", "notes", "text", "reason", "mute_reason", "pause_reason", "accepted_reason", "words", "comment"})
A_BATCH = 500


def remove_texts(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    entries = apps.get_model("diagnostics", "AuditEntry").objects
    schema_editor.execute("ALTER TABLE diagnostics_auditentry DISABLE TRIGGER audit_append_only")
    changed = []
    for entry in entries.only("name", "before", "after").iterator(A_BATCH):
        now = (Redactor().text(entry.name)[:300], _without_texts(entry.before), _without_texts(entry.after))
        if now != (entry.name, entry.before, entry.after):
            entry.name, entry.before, entry.after = now
            changed.append(entry)
    entries.bulk_update(changed, ["name", "before", "after"], batch_size=A_BATCH)
    schema_editor.execute("ALTER TABLE diagnostics_auditentry ENABLE TRIGGER audit_append_only")


def _without_texts(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without_texts(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return f"[text, {len(value)} characters]" if name in TEXTS else Redactor().text(value)


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0021_turns")]

    operations = [migrations.RunPython(remove_texts, migrations.RunPython.noop)]
