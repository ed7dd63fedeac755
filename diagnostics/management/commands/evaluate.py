"""Run worked cases through the very engine and say how often it was right."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.evaluation.cases import BadCases, read_cases
from diagnostics.evaluation.score import Score, evaluate
from diagnostics.management.base import ProductCommand
from diagnostics.management.commands.diagnose import bad_input


class Command(ProductCommand):
    help = "Run worked cases through the engine: right first, right family, wrong accusations, undetermined."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON list of cases")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cases = read_cases(Path(options["file"]).read_text(encoding="utf-8"))
        except BadCases as trouble:
            bad_input(str(trouble))
        except (OSError, UnicodeDecodeError) as trouble:
            bad_input(f"The file {options['file']} could not be read: {trouble}.")
        score = evaluate(cases)
        if options["json"]:
            self.stdout.write(json.dumps(score.to_json(), indent=2))
        else:
            self._print(score)

    def _print(self, score: Score) -> None:
        for each in score.cases:
            mark = "+" if each.is_right else "x" if each.accuses_wrongly else "-"
            wanted = "" if each.is_right else f"   expected {' or '.join(each.case.right)}"
            self.stdout.write(f"{mark} {each.case.id}: {each.cause} ({each.certainty}){wanted}")
        told = score.to_json()
        total = told["cases"]
        for name in ("right_first", "right_family", "wrong_accusations", "undetermined"):
            self.stdout.write(f"{name.replace('_', ' ')}: {told[name]} of {total}")
