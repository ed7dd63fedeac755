"""The table behind the cache that all web processes share: attempts to sign in are counted there."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0019_run_links")]

    operations = [
        migrations.RunSQL(
            "CREATE TABLE IF NOT EXISTS diagnostics_cache ("
            "cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);"
            "CREATE INDEX IF NOT EXISTS diagnostics_cache_expires ON diagnostics_cache (expires);",
            "DROP TABLE diagnostics_cache",
        )
    ]
