"""Builds an index of a large table while rows go on being written, and begins anew where that was broken off."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


class BuildIndex(AddIndexConcurrently):
    """For migrations with `atomic = False`, which can stop between two of their operations.

    An index that is there already is left alone. One whose building was broken off is of no use, though it is kept up
    with every write: it is dropped, and built again.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        quoted = schema_editor.quote_name(self.index.name)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(IS_VALID, [quoted])
            found = cursor.fetchone()
            if found is not None and found[0]:
                return
            if found is not None:
                cursor.execute(f"DROP INDEX CONCURRENTLY {quoted}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
