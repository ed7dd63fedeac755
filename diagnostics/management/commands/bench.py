"""Measure the product's promises on this machine."""

import json
import re
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

import config.celery  # noqa: F401 - the tasks it sends belong to this app
from diagnostics.evaluation.bench import BENCHES, BenchOptions, BenchRow
from diagnostics.management.base import ProductCommand
from diagnostics.management.crew import crew, web_server


class Command(ProductCommand):
    help = "Measure a promise, as ratios with their comparison from the same run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        parser.add_argument(
            "--latency", type=milliseconds, default=100.0, help="of every answer, such as 100ms or 0.1s"
        )
        parser.add_argument("-n", "--times", type=times, default=20, help="how many runs (default %(default)s)")
        parser.add_argument(
            "--runs",
            type=runs,
            default=BenchOptions.runs,
            help="how many runs the database holds (default %(default)s)",
        )
        parser.add_argument(
            "--whole", action="store_true", help="fleet: 2,000 schedules every 5 minutes, not 400 every minute"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = BenchOptions(options["latency"], options["times"], options["runs"], options["whole"], crew, web_server)
        rows = BENCHES[options["name"]](asked)
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2))
            return
        width = max(len(row.name) for row in rows)
        for row in rows:
            self.stdout.write(f"{row.name:<{width}}  {row.value:>10} {row.unit:<6} {_promise(row)}".rstrip())


def _promise(row: BenchRow) -> str:
    if row.holds is None:
        return ""
    return f"{row.goal}: {'holds' if row.holds else 'DOES NOT HOLD'}"


def milliseconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)?", text.strip())
    if found is None or float(found[1]) > 10_000:
        raise ArgumentTypeError(f"{text!r} is no latency; write 100ms or 0.1s")
    return float(found[1]) * (1000 if found[2] == "s" else 1)


def times(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError("it must be a number from 1 to 10000")
    return int(text)


def runs(text: str) -> int:
    if not text.isdigit() or not 100 <= int(text) <= 10_000_000:
        raise ArgumentTypeError("it must be a number from 100 to 10000000")
    return int(text)
