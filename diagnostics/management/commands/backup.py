"""Backs up the database to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from config.embedded import dumps
from config.migrations import missing_migrations
from diagnostics.accounts.audit import record
from diagnostics.management.base import ProductCommand
from diagnostics.operations import sealed_files
from diagnostics.operations.heartbeats import beat
from diagnostics.operations.queries.secrets import count_secrets
from diagnostics.operations.queries.system import server_major
from diagnostics.web.format import bytes_in_words

# Tables whose rows are left out: sessions, tokens and state of running processes.
EXCLUDED_TABLES = (
    "django_session",
    "usersessions_usersession",
    "diagnostics_accesstoken",
    "diagnostics_heartbeat",
    "diagnostics_tickpart",
)


class Command(ProductCommand):
    help = "Write the database to a file, without the encryption keys. Keep those elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"].absolute()
        if file.exists() and not options["overwrite"]:
            raise CommandError(f"{file} exists. Choose another name, or add --overwrite.")
        programs = matching_programs()
        try:
            dumps.dump(
                programs,
                dumps.Database.of(connection.settings_dict),
                file,
                [*EXCLUDED_TABLES, *cache_tables()],
                lambda draft: sealed_files.seal(draft, settings.FIELD_ENCRYPTION_KEYS[0]),
            )
        except dumps.DumpError as error:
            raise CommandError(f"No backup was made. {error}") from None
        size = file.stat().st_size
        self.stdout.write(f"Written and verified: {file}, {bytes_in_words(size)}.")
        key = sealed_files.key_id(settings.FIELD_ENCRYPTION_KEYS[0])
        self.stdout.write(f"Protected against changes with encryption key {key}; `restore` needs that key.")
        secrets = ""
        if not missing_migrations():  # otherwise the tables are those of an earlier version
            beat("backup", {"bytes": size})
            record("backup.made", name=file.name, after={"bytes": size})
            secrets = f"{count_secrets().total} "
        self.stdout.write(keys_notice(secrets))


def matching_programs() -> Path:
    try:
        return dumps.programs_for(server_major())
    except OperationalError as exc:
        raise CommandError(f"Can't reach the database: {str(exc).strip()}.") from None


def cache_tables() -> list[str]:
    return [str(cache["LOCATION"]) for cache in settings.CACHES.values() if "DatabaseCache" in cache["BACKEND"]]


def keys_notice(secrets: str) -> str:
    location = f"They are in {settings.DATA.keys}." if settings.MAKES_KEYS else "They are where you keep them."
    return (
        f"The encryption keys aren't in it. Without FIELD_ENCRYPTION_KEYS, the {secrets}stored secrets have to be entered "
        f"again. {location} Keep a copy of the keys, but not next to this file: anyone with both has the secrets.\n"
        "Sessions aren't in it. After a restore everyone signs in again."
    )
