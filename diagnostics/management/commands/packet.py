"""Creates the support packet of a run, for a case with the vendor."""

import logging
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from diagnostics.accounts.audit import record
from diagnostics.management.base import ProductCommand, bad_input
from diagnostics.product import version
from diagnostics.redaction.leak_scan import kinds_of
from diagnostics.runs.export.packet import LeakFound, packet_of, redacted_run
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import UnreadableSecret

audit = logging.getLogger("diagnostics.audit")


class Command(ProductCommand):
    help = "Create the support packet of a run: a ZIP file with a page, JSON, a HAR and curl commands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, help="ID of the run")
        parser.add_argument("--output", default="", metavar="FILE", help="file to write, - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = Run.objects.select_related("client").defer("client__secret")
        # A number that no primary key can have would be an error of the database.
        run = runs.filter(pk=options["run"]).first() if 0 < options["run"] < 2**63 else None
        if run is None:
            bad_input(f"Unknown run {options['run']}.")
        if run.is_open:
            bad_input(f"Run {run.pk} is in progress. Try again when it has finished.")
        redacted = redacted_run(run)
        try:
            packet = packet_of(redacted, version())
        except LeakFound as leaky:
            audit.warning("run %s was not exported: %s", run.pk, leaky)
            kinds = "; ".join(kinds_of(leaky.leaks))
            raise CommandError(
                f"No packet was created: the scan found {kinds}. Run the diagnosis again and take that run."
            ) from None
        except UnreadableSecret as error:
            raise CommandError(f"No packet was created: the scan can't look for the client's secret. {error}") from None
        record("run.exported", run, after={"as": "packet"}, name=f"{run} of {run.client.name}")
        audit.info("run %s was exported on the command line at %s", run.pk, redacted.made_at.isoformat())
        self._write(packet.zipped(), options["output"] or f"{packet.name}.zip")

    def _write(self, content: bytes, output: str) -> None:
        if output == "-":
            sys.stdout.buffer.write(content)
            return
        try:
            Path(output).write_bytes(content)
        except OSError as error:
            bad_input(f"Can't write {output}: {error.strerror}.")
        self.stdout.write(f"Written to {output}. The scan found no secrets or personal data.")
