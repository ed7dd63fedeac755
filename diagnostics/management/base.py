"""What all commands of the product have in common."""

from typing import Any

from django.core.management.base import BaseCommand

from diagnostics.accounts import actor as acting


class ProductCommand(BaseCommand):
    """Starts at once, and the audit log names the account of the machine that started it.

    Django's system checks import every page before a command does anything. `up`, the test command and
    `check --deploy` run them; a command does not.
    """

    requires_system_checks = []

    def execute(self, *args: Any, **options: Any) -> str | None:
        with acting.at_the_command_line():
            return super().execute(*args, **options)
