"""Django's createsuperuser with password validation and an entry in the audit log."""

import os
from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.management.base import ProductCommand


class Command(ProductCommand, createsuperuser.Command):
    help = "Add an admin."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> str | None:
        password = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
        if not options["interactive"] and password:
            try:
                validate_password(password, User(username=options["username"] or ""))
            except ValidationError as error:
                raise CommandError(f"No user was added. {' '.join(error.messages)}") from None
        existing = set(User.objects.values_list("pk", flat=True))
        output: str | None = super().handle(*args, **options)
        for user in User.objects.exclude(pk__in=existing):
            user.role = User.Role.ADMIN
            user.save(update_fields=["role"])
            record("person.added", user, after={"role": user.role})
        return output
