"""Django's changepassword with an entry in the audit log."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.management.base import ProductCommand


class Command(ProductCommand, changepassword.Command):
    help = "Set a new password for a user, and sign them out everywhere."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> str | None:
        output: str | None = super().handle(*args, **options)
        name = options["username"] or getpass.getuser()
        record("person.password_reset", User.objects.get(username=name))
        return output
