"""Read a region's own contract now, and keep it if it is one."""

import sys
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser

from diagnostics.demo.stand_in import stand_in_for
from diagnostics.genesys.regions import find_region, nearest_regions
from diagnostics.management.base import ProductCommand
from diagnostics.orgs.contracts import refresh_contract, start_refresh
from diagnostics.orgs.models import ContractVersion

OK, BAD_INPUT, REFUSED = 0, 2, 4


class Command(ProductCommand):
    help = (
        "Read the live contract document of a region (public, large, no token needed) and put it in force there. "
        "Exit code 0 read, 4 not usable, so that the one in force stays, 2 bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="the region, in any spelling")

    def handle(self, *args: Any, **options: Any) -> None:
        version = self._start(options["region"])
        refresh_contract(version.pk)
        version.refresh_from_db()
        if version.state == ContractVersion.State.REFUSED:
            self.stderr.write(version.error)
            sys.exit(REFUSED)
        news = "is in force" if version.state == ContractVersion.State.KEPT else "was in force already"
        self.stdout.write(f"{version.version} with {version.operations:,} operations {news} for {version.region}.")

    def _start(self, text: str) -> ContractVersion:
        stand_in_for(text)
        where = find_region(text)
        if where is None:
            near = ", ".join(each.key for each in nearest_regions(text))
            _refuse(f"No region is known as {text[:60]!r}. Near come {near}.")
        version = start_refresh(where.key, None)
        if version is None:
            _refuse(f"The contract of {where.key} is being read already. Wait for it to end.")
        return version


def _refuse(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=BAD_INPUT)
