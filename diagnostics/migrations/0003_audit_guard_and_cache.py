"""What models can't say: the audit log refuses to be changed, and the table of the cache that all web processes share."""

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


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0002_tables")]

    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(CACHE, "DROP TABLE diagnostics_cache"),
    ]
