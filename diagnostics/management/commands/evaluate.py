"""Runs evaluation cases through the engine and reports its accuracy."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.evaluation.cases import BadCases, read_cases
from diagnostics.evaluation.score import Score, evaluate
from diagnostics.management.base import ProductCommand, bad_input


class Command(ProductCommand):
    help = "Run worked cases through the engine, and count correct, related, wrong and undetermined causes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON list of cases")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cases = read_cases(Path(options["file"]).read_text(encoding="utf-8"))
        except BadCases as error:
            bad_input(str(error))
        except (OSError, UnicodeDecodeError) as error:
            bad_input(f"Can't read the file {options['file']}: {error}.")
        score = evaluate(cases)
        if options["json"]:
            self.stdout.write(json.dumps(score.to_json(), indent=2))
        else:
            self._print(score)

    def _print(self, score: Score) -> None:
        for result in score.cases:
            sign, expected = "+", ""
            if not result.is_right:
                sign = "x" if result.accuses_wrongly else "-"
                expected = f"   expected {' or '.join(result.case.right)}"
            self.stdout.write(f"{sign} {result.case.id}: {result.cause} ({result.certainty}){expected}")
        counts = score.to_json()
        for name in ("right_first", "right_family", "wrong_accusations", "undetermined"):
            self.stdout.write(f"{name.replace('_', ' ')}: {counts[name]} of {counts['cases']}")
