"""The base class of the commands, and what several of them share: exit codes and lookups."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from diagnostics.accounts import actor as acting
from diagnostics.genesys.regions import Region, find_region, nearest_regions
from diagnostics.orgs.models import OAuthClient

OK, INTERNAL_ERROR, BAD_INPUT, CAUSE_FOUND, UNCLEAR = 0, 1, 2, 3, 4
OUTCOME_SIGNS = {"pass": "+", "warn": "!", "fail": "x", "skip": "-", "error": "?"}


class ProductCommand(BaseCommand):
    """A command that skips Django's system checks, and whose audit entries name the system user.

    The system checks import every page, which would delay each command. `up`, the tests and `check --deploy` run them.
    """

    requires_system_checks = []

    def execute(self, *args: Any, **options: Any) -> str | None:
        with acting.command_line_actor():
            return super().execute(*args, **options)


def bad_input(message: str) -> NoReturn:
    raise CommandError(message, returncode=BAD_INPUT)


def client_named(name: str) -> OAuthClient:
    """The client with that name, ignoring case. Exits with BAD_INPUT if there is none."""
    client = OAuthClient.objects.filter(name__iexact=name).defer("secret").first()
    if client is None:
        known = ", ".join(OAuthClient.objects.filter(retired_at=None).values_list("name", flat=True)[:10])
        bad_input(f"Unknown client {name!r}. Clients: {known or 'none yet; register one with `client add`'}.")
    return client


def region_named(text: str) -> Region:
    """The region, in any spelling. Exits with BAD_INPUT if there is none."""
    if (region := find_region(text)) is not None:
        return region
    near = ", ".join(region.key for region in nearest_regions(text))
    bad_input(f"Unknown region {text[:60]!r}.{f' Did you mean one of: {near}?' if near else ''}")
