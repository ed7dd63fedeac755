"""Downloads a region's live API contract and puts it in force if it is valid."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.management.base import ProductCommand, bad_input, region_named
from diagnostics.orgs.contracts import refresh_contract, start_refresh
from diagnostics.orgs.models import ContractVersion

REFUSED = 4


class Command(ProductCommand):
    help = (
        "Read a region's own API reference (public and large, needs no token) and use it for that region. Exit code 0: "
        "in use, 4: not usable, so the current one stays, 2: bad input."
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
        serve_demo_region(text)
        region = region_named(text)
        version = start_refresh(region.key, None)
        if version is None:
            bad_input(f"The API reference of {region.key} is being read. Try again when that has finished.")
        return version
