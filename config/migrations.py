"""Finds migrations that are not applied.

Compares names only. Django's executor imports every migration, which takes longer than most commands.
"""

import pkgutil
from functools import lru_cache
from pathlib import Path

from django.apps import apps
from django.db import ProgrammingError, connection


def missing_migrations() -> list[str]:
    """The missing migrations as "app.name", sorted. Raises django.db.Error if the database cannot be read."""
    return sorted(f"{app}.{name}" for app, name in migrations_on_disk() - applied_migrations())


@lru_cache(maxsize=1)
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(
        (config.label, module.name)
        for config in apps.get_app_configs()
        for module in pkgutil.iter_modules([str(Path(config.path) / "migrations")])
        if module.name[0] not in "_~"
    )


def newest_migration(app: str) -> str:
    return max(name for label, name in migrations_on_disk() if label == app)


def applied_migrations() -> set[tuple[str, str]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            return set(cursor.fetchall())
    except ProgrammingError:  # the table does not exist yet
        return set()
