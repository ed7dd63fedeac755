"""What models can't say: the audit log refuses to be changed, and the table of the cache that all web processes share."""

from typing import Any

from django.core.management.base import CommandError
from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % refused', TG_OP;
END
$$;
CREATE OR REPLACE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON diagnostics_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON diagnostics_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
ALLOW = """
DROP TRIGGER audit_no_truncate ON diagnostics_auditentry;
DROP TRIGGER audit_append_only ON diagnostics_auditentry;
DROP FUNCTION audit_refuse();
"""
CACHE = """
CREATE TABLE IF NOT EXISTS diagnostics_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS diagnostics_cache_expires ON diagnostics_cache (expires);
"""


def refuse_older_tables(apps: Any, schema_editor: Any) -> None:
    """Development versions before 0.1.0 had a first migration of the same name, and other tables."""
    if "diagnostics_issue" not in schema_editor.connection.introspection.table_names():
        raise CommandError(
            "This database was made by a development version before 0.1.0 and can't be upgraded. Start with an empty "
            "database or another data folder (--data-dir), or delete the old one."
        )


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0001_initial")]

    operations = [
        migrations.RunPython(refuse_older_tables, migrations.RunPython.noop),
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(CACHE, "DROP TABLE diagnostics_cache"),
    ]
