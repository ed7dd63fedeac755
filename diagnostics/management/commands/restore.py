"""Replaces the database's content with a backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from config.embedded import dumps
from config.migrations import missing_migrations
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.management.base import ProductCommand
from diagnostics.management.commands.backup import EXCLUDED_TABLES, cache_tables, matching_programs
from diagnostics.operations import sealed_files
from diagnostics.operations.queries.secrets import count_secrets
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.row_limits import prepare_limited_role
from diagnostics.runs.models import Run

# Tables that have rows in an empty installation.
GENERATED_TABLES = {"django_migrations", "django_content_type", "auth_permission", *EXCLUDED_TABLES}
COUNT_OTHER_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)
TABLE_PREFIX = "diagnostics"
UNVERIFIED = 3


class Command(ProductCommand):
    help = "Replace the content of the database with a backup. Refuses if there are rows, unless --replace is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete the existing rows")
        parser.add_argument(
            "--unverified",
            action="store_true",
            help="accept a file whose origin can't be verified",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"].absolute()
        if not file.is_file():
            raise CommandError(f"File not found: {file}.")
        self._verify(file, accept=options["unverified"])
        programs = matching_programs()
        try:
            archive = dumps.read_archive(programs, file)
            self._check(archive, file, replace=options["replace"])
            database = dumps.Database.of(connection.settings_dict)
            connections.close_all()
            dumps.restore(programs, database, file, archive, product_tables())
        except dumps.DumpError as error:
            raise CommandError(f"Nothing changed. {error}") from None
        finally:
            connections.close_all()
        self._finish(file)

    def _verify(self, file: Path, *, accept: bool) -> None:
        """Check that the file is unchanged since `backup` wrote it, before anything parses it."""
        reason = verification_error(file)
        if not reason:
            return
        if not accept:
            raise CommandError(f"Nothing changed. {reason}", returncode=UNVERIFIED)
        self.stderr.write(f"Restoring an unverified file. {reason}")

    def _check(self, archive: dumps.BackupContents, file: Path, *, replace: bool) -> None:
        """Raise DumpError if the backup or the database does not allow a restore."""
        if ("public", "diagnostics_run") not in archive.tables:
            raise dumps.DumpError(f"{file} isn't a backup of Cobrowse Doctor.")
        known = {name for app, name in MigrationLoader(None).graph.nodes if app == TABLE_PREFIX}
        if unknown := sorted(name for app, name in archive.migrations if app == TABLE_PREFIX and name not in known):
            raise dumps.DumpError(f"It was made by a newer version (with {unknown[-1]}). Install that version first.")
        with connection.cursor() as cursor:
            cursor.execute(COUNT_OTHER_CONNECTIONS)
            (others,) = cursor.fetchone()
        if others:
            raise dumps.DumpError(
                f"{others} other connections use the database. Stop `up`, or the workers, beat and the web server."
            )
        if not replace and (filled := tables_with_rows()):
            raise dumps.DumpError(f"The database has rows, in {', '.join(filled[:5])}. --replace deletes them.")

    def _finish(self, file: Path) -> None:
        if missing := missing_migrations():
            self.stdout.write(f"The backup is of an earlier version. {len(missing)} migrations were applied.")
            call_command("migrate", verbosity=0, interactive=False)
        prepare_limited_role()  # a backup holds no privileges
        record("backup.restored", name=file.name)
        rows = ((OAuthClient, "clients"), (Run, "runs"), (User, "people"))
        self.stdout.write(f"Restored: {', '.join(f'{model.objects.count()} {word}' for model, word in rows)}.")
        found = count_secrets()
        self.stdout.write(f"{found.opened} of {found.total} stored secrets can be decrypted with the current keys.")
        if found.closed:
            raise CommandError(
                "The keys of the others are missing. Add those of the installation that made the backup to "
                "FIELD_ENCRYPTION_KEYS (or to the file field_encryption_keys in the data folder's keys), or enter these "
                "secrets again.",
                returncode=4,
            )


def verification_error(file: Path) -> str:
    """Why the file cannot be verified, and what to do; "" if it is unchanged."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    try:
        sealed_files.verify(file, keys)
    except sealed_files.UnsealedFile:
        return (
            f"{file} has no authentication code: it was cut, made by another program, or made by an earlier version. "
            "If you know where it comes from, add --unverified."
        )
    except sealed_files.WrongKey as wrong:
        available = ", ".join(sealed_files.key_id(key) for key in keys) or "none"
        return (
            f"{file} was made with encryption key {wrong.id}, which is missing (available: {available}). Add it to "
            "FIELD_ENCRYPTION_KEYS. Without it the file can't be verified, and its secrets can't be read; "
            "--unverified restores the rest."
        )
    except sealed_files.AlteredFile:
        return f"{file} was changed or damaged after `backup` wrote it. Use another copy."
    except OSError as error:
        return f"{file} can't be read: {error.strerror}."
    return ""


def product_tables() -> list[str]:
    """The product's tables in the database, including those that are newer than the backup."""
    expected = {*connection.introspection.django_table_names(), "django_migrations", *cache_tables()}
    return sorted(expected & set(connection.introspection.table_names()))


def tables_with_rows() -> list[str]:
    quote = connection.ops.quote_name
    filled = []
    with connection.cursor() as cursor:
        for table in product_tables():
            if table not in GENERATED_TABLES and table not in cache_tables():
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {quote(table)})")  # noqa: S608 - our own table names
                if cursor.fetchone() == (True,):
                    filled.append(table)
    return filled
