"""Run a benchmark on this machine."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

import config.celery  # noqa: F401 - binds the tasks to the Celery app
from diagnostics.evaluation.bench import BENCHES, BenchOptions
from diagnostics.management.base import ProductCommand
from diagnostics.management.bench_click import click
from diagnostics.management.bench_footprint import footprint
from diagnostics.management.bench_processes import web_server, workers

ALL = {**BENCHES, "click": click, "footprint": footprint}


class Command(ProductCommand):
    help = "Measure performance, as ratios to a comparison from the same run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(ALL))
        parser.add_argument(
            "--latency", type=milliseconds, default=100.0, help="of each response, such as 100ms or 0.1s"
        )
        parser.add_argument(
            "-n", "--times", type=number_from(1, 10_000), default=20, help="number of runs (default %(default)s)"
        )
        stored = number_from(100, 10_000_000)
        help = "number of stored runs (default %(default)s)"
        parser.add_argument("--runs", type=stored, default=BenchOptions.runs, help=help)
        parser.add_argument(
            "--whole",
            action="store_true",
            help="fleet: 2,000 schedules every 5 minutes, not 400 every minute; batch: slow texts too",
        )
        parser.add_argument(
            "--broker", default="", metavar="URL", help="click: an unused broker, in place of the embedded one"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        bench_options = BenchOptions(
            options["latency"],
            options["times"],
            options["runs"],
            options["whole"],
            workers,
            web_server,
            options["broker"],
        )
        rows = ALL[options["name"]](bench_options)
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2))
            return
        width = max(len(row.name) for row in rows)
        for row in rows:
            goal = "" if row.holds is None else f"{row.goal}: {'holds' if row.holds else 'DOES NOT HOLD'}"
            self.stdout.write(f"{row.name:<{width}}  {row.value:>10} {row.unit:<6} {goal}".rstrip())


def milliseconds(text: str) -> float:
    """Parse a duration such as 100ms or 0.1s; a number without a unit is in milliseconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)?", text.strip())
    if match is None or float(match[1]) > 10_000:
        raise ArgumentTypeError(f"{text!r} isn't a latency; use 100ms or 0.1s")
    return float(match[1]) * (1000 if match[2] == "s" else 1)


def number_from(least: int, most: int) -> Callable[[str], int]:
    """A type of an argument."""

    def parse(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"it must be a number from {least} to {most}")
        return int(text)

    return parse
