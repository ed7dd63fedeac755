"""A command whose acts are somebody's: the audit log names the account of the machine that started it."""

from typing import Any

from django.core.management.base import BaseCommand

from diagnostics import acting


class SignedCommand(BaseCommand):
    """For every command that writes on a person's behalf."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with acting.at_the_command_line():
            return super().execute(*args, **options)
