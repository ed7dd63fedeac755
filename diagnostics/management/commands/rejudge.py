"""Re-evaluates stored runs and lists the verdicts that would be different now. Stores nothing."""

import json
import sys
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import CommandParser
from django.utils import timezone

from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.management.base import ProductCommand, bad_input, client_named
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.reevaluate import ReevaluatedRun, reevaluate_all
from diagnostics.runs.reevaluation.verdicts import FindingDifference

DEFAULT_LIMIT = 100
SAME, DIFFERENT = 0, 3


class Command(ProductCommand):
    help = "Re-evaluate stored runs, offline, and list the verdicts that differ. Exit code 3 if any does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", default="", help="only runs of this client")
        parser.add_argument("--since", default="", help="only runs since this day, such as 2026-11-01")
        parser.add_argument(
            "--limit",
            type=int,
            default=DEFAULT_LIMIT,
            help="maximum number of runs, newest first (default %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["limit"] <= 1_000_000:
            bad_input("--limit must be from 1 to 1,000,000.")
        run_filter = self._run_filter(options)
        total = failed = 0
        different: list[ReevaluatedRun] = []
        for old in reevaluate_all(run_filter, options["limit"]):
            total += 1
            failed += bool(old.result.problem)
            if old.result.differs:
                different.append(old)
                if not options["json"]:
                    self._print(old)
        if options["json"]:
            report = {
                "schema_version": 1,
                "looked_at": total,
                "not_judged": failed,
                "differing": [_as_dict(old) for old in different],
            }
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self.stdout.write(f"{total} re-evaluated, {len(different)} with a different verdict, {failed} failed.")
        sys.exit(DIFFERENT if different else SAME)

    def _run_filter(self, options: dict[str, Any]) -> RunFilter:
        client = client_named(options["client"]) if options["client"] else None
        clients = OAuthClient.objects.filter(pk=client.pk) if client else OAuthClient.objects.all()
        for region in clients.order_by("region").values_list("region", flat=True).distinct():
            serve_demo_region(region)  # makes the regions of the demo orgs known; sends nothing
        query = {"client": str(client.pk) if client else "", "from": options["since"]}
        run_filter = RunFilter.read(query, timezone.now(), ZoneInfo("UTC"), viewer=None)
        if run_filter.problems:
            bad_input(run_filter.problems[0].replace("from:", "--since:"))
        return run_filter

    def _print(self, old: ReevaluatedRun) -> None:
        run, result = old.run, old.result
        self.stdout.write(f"Run {run.pk}, {run.client.name}, {run.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        self.stdout.write(
            f"  then {result.cause[0] or 'none'} ({result.certainty[0]}), now {result.cause[1]} ({result.certainty[1]})"
        )
        for change in result.reasons:
            subject = f" [{change.subject}]" if change.subject else ""
            was, now = (finding.code if finding else "-" for finding in (change.was, change.now))
            self.stdout.write(f"    {change.check_id}{subject}: {was} -> {now} ({change.why})")


def _as_dict(old: ReevaluatedRun) -> dict[str, Any]:
    result = old.result
    return {
        "run": old.run.pk,
        "client": old.run.client.name,
        "created_at": old.run.created_at.isoformat(),
        "then": {"cause": result.cause[0], "certainty": result.certainty[0]},
        "now": {"cause": result.cause[1], "certainty": result.certainty[1], "sentence": result.sentence},
        "engine": list(result.engine),
        "contract": list(result.contract),
        "changes": [_change_as_dict(change) for change in result.changes],
        "carried": list(result.carried),
    }


def _change_as_dict(change: FindingDifference) -> dict[str, Any]:
    return {
        "check": change.check_id,
        "subject": change.subject,
        "was": {"outcome": change.was.outcome, "code": change.was.code} if change.was else None,
        "now": {"outcome": change.now.outcome, "code": change.now.code} if change.now else None,
        "why": change.why,
    }
