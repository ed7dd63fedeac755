"""Downloads a region's live API contract and puts it in force if it is valid."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.demo.stand_in import stand_in_for
from diagnostics.genesys.regions import find_region, nearest_regions
from diagnostics.management.base import ProductCommand, bad_input
from diagnostics.orgs.contracts import refresh_contract, start_refresh
from diagnostics.orgs.models import ContractVersion

REFUSED = 4


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
        status = "is in force" if version.state == ContractVersion.State.STORED else "was in force already"
        self.stdout.write(f"{version.version} with {version.operations:,} operations {status} for {version.region}.")

    def _start(self, text: str) -> ContractVersion:
        stand_in_for(text)
        region = find_region(text)
        if region is None:
            near = ", ".join(region.key for region in nearest_regions(text))
            advice = f" Did you mean one of: {near}?" if near else ""
            bad_input(f"No region is called {text[:60]!r}.{advice}")
        version = start_refresh(region.key, None)
        if version is None:
            bad_input(f"The contract of {region.key} is being read already. Wait for it to end.")
        return version
