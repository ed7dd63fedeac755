"""Which old verdicts would be different now: today's checks over what is stored, from a terminal. Stores nothing."""

import json
import sys
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils import timezone

from diagnostics.demo.stand_in import stand_in_for
from diagnostics.management.base import ProductCommand
from diagnostics.management.commands.diagnose import bad_input, client_named
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.reevaluate import OldRun, rejudge_all
from diagnostics.runs.reevaluation import Changed

MOST = 100
SAME, OTHER = 0, 3


class Command(ProductCommand):
    help = "Judge stored runs anew, offline, and say which verdicts would be different now. Exit code 3 where there are any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", default="", help="only runs of this client")
        parser.add_argument("--since", default="", help="only runs from this day on, such as 2026-11-01")
        parser.add_argument("--limit", type=int, default=MOST, help="at most so many, the newest first (%(default)s)")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["limit"] <= 1_000_000:
            bad_input("--limit is a number from 1 to 1,000,000.")
        narrowed = self._narrowed(options)
        looked = untold = 0
        others: list[OldRun] = []
        for old in rejudge_all(narrowed, options["limit"]):
            looked, untold = looked + 1, untold + bool(old.rejudged.trouble)
            if old.rejudged.differs:
                others.append(old)
                if not options["json"]:
                    self._print(old)
        if options["json"]:
            told = {
                "schema_version": 1,
                "looked_at": looked,
                "not_judged": untold,
                "differing": list(map(_as_dict, others)),
            }
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self.stdout.write(
                f"{looked} looked at, {len(others)} with a different verdict, {untold} could not be judged."
            )
        sys.exit(OTHER if others else SAME)

    def _narrowed(self, options: dict[str, Any]) -> RunFilter:
        client = client_named(options["client"]) if options["client"] else None
        for region in (
            [client.region]
            if client
            else OAuthClient.objects.order_by("region").values_list("region", flat=True).distinct()
        ):
            stand_in_for(region)  # a demo region is known only while it is served; it is not asked
        wanted = {"client": str(client.pk) if client else "", "from": options["since"]}
        narrowed = RunFilter.read(wanted, timezone.now(), ZoneInfo("UTC"), viewer=None)
        if narrowed.problems:
            bad_input(narrowed.problems[0].replace("from:", "--since:"))
        return narrowed

    def _print(self, old: OldRun) -> None:
        run, found = old.run, old.rejudged
        self.stdout.write(f"Run {run.pk}, {run.client.name}, {run.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        self.stdout.write(
            f"  then {found.cause[0] or 'none'} ({found.certainty[0]}), now {found.cause[1]} ({found.certainty[1]})"
        )
        for each in found.reasons:
            subject = f" [{each.subject}]" if each.subject else ""
            was, now = (said.code if said else "-" for said in (each.was, each.now))
            self.stdout.write(f"    {each.check_id}{subject}: {was} -> {now} ({each.why})")


def _as_dict(old: OldRun) -> dict[str, Any]:
    found = old.rejudged
    return {
        "run": old.run.pk,
        "client": old.run.client.name,
        "created_at": old.run.created_at.isoformat(),
        "then": {"cause": found.cause[0], "certainty": found.certainty[0]},
        "now": {"cause": found.cause[1], "certainty": found.certainty[1], "sentence": found.sentence},
        "engine": list(found.engine),
        "contract": list(found.contract),
        "changes": [_change(each) for each in found.changes],
        "carried": list(found.carried),
    }


def _change(each: Changed) -> dict[str, Any]:
    return {
        "check": each.check_id,
        "subject": each.subject,
        "was": {"outcome": each.was.outcome, "code": each.was.code} if each.was else None,
        "now": {"outcome": each.now.outcome, "code": each.now.code} if each.now else None,
        "why": each.why,
    }
