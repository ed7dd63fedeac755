"""Creates the first admin account, for an installation that does not use `up`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from diagnostics.accounts import users
from diagnostics.accounts.models import User
from diagnostics.management.base import ProductCommand, bad_input

EXISTS = 3


class Command(ProductCommand):
    help = "Create the first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act", required=True)
        create = actions.add_parser("create", help="create the first admin and print the password, once")
        create.add_argument("name", nargs="?", default="admin", help="username (default %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        try:
            User._meta.get_field("username").clean(name, None)
        except ValidationError as error:
            bad_input(f"No user was added. {' '.join(error.messages)}")
        try:
            with transaction.atomic():  # committed only after the password is printed
                password = users.add_first_admin(name)
                self.stdout.write(f"Username: {name}")
                self.stdout.write(f"Password: {password}")
                self.stdout.flush()
        except users.UserChangeRefused as refused:
            raise CommandError(str(refused), returncode=EXISTS) from None
        self.stderr.write("This password is shown once. Change it after you sign in.")
