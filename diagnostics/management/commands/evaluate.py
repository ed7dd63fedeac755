"""Runs evaluation cases through the engine and reports its accuracy, or that of its predictions."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from diagnostics.demo.seed import seed
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.cases import BadCases, Case, read_cases
from diagnostics.evaluation.past_failures import counted, judge_failures, past_failures
from diagnostics.evaluation.score import CALIBRATED, Score, evaluate
from diagnostics.evaluation.usage import evaluate_usage
from diagnostics.evaluation.what_if import PredictionScore, predict_cases
from diagnostics.management.base import ProductCommand, bad_input
from diagnostics.reference import accuracy


class Command(ProductCommand):
    help = (
        "Run worked cases through the engine, and report how often it is right and how far its certainty can be trusted. "
        "With --what-if, count how often the prediction for the change that fixes a case equals a real run after it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", metavar="file", help="JSON list of cases")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--what-if", action="store_true", help="compare predictions with real runs")
        what.add_argument("--pastes", action="store_true", help="judge each case by its pasted text alone")
        what.add_argument("--as-it-was", action="store_true", help="40 failures at known times of the demo's history")
        what.add_argument("--usage", action="store_true", help="the failing calls in the demo's API usage")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--keep", action="store_true", help="add the figures to those of the page Accuracy")
        parser.add_argument("--unseen", action="store_true", help="with --keep: nobody tuned the engine to these cases")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_it_was"]:
            self._print_past(options["json"])
            return
        if options["usage"]:
            self._print_usage(options["json"])
            return
        if not options["files"]:
            bad_input("Name at least one file with cases, or use --as-it-was or --usage.")
        cases = [case for file in options["files"] for case in _cases_in(file)]
        if options["pastes"] and not any(case.paste for case in cases):
            bad_input("None of these cases has a pasted text.")
        score = predict_cases(cases) if options["what_if"] else evaluate(cases, by_paste=options["pastes"])
        if options["keep"] and isinstance(score, Score) and not options["pastes"]:
            _keep(score, options["files"], options["unseen"])
        if options["json"]:
            self.stdout.write(json.dumps(score.to_json(), indent=2))
        elif isinstance(score, PredictionScore):
            self._print_predictions(score)
        else:
            self._print(score)

    def _print_past(self, as_json: bool) -> None:
        with own_database("as_it_was"):
            seed()
            result = counted(judge_failures(list(past_failures(timezone.now()))))
        if as_json:
            self.stdout.write(json.dumps(result, indent=2))
            return
        for each in result.pop("results"):
            expected = "" if each["right"] else f"   expected {each['expected']}, today {each['today']}"
            sign, where = "+" if each["right"] else "x", f"{each['client']}, {each['state']}"
            self.stdout.write(f"{sign} {each['at']} {where}: {each['cause']} ({each['basis']}){expected}")
        for name, count in result.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {count}")

    def _print_usage(self, as_json: bool) -> None:
        result = evaluate_usage()
        if as_json:
            self.stdout.write(json.dumps(result, indent=2))
            return
        for line in result["results"]:
            self.stdout.write(f"{'+' if line['right'] else 'x'} {line['client']}: {line['call']}: {line['cause']}")
        self.stdout.write(f"found: {result['found']} of {result['seeded']}")
        self.stdout.write(f"invented: {result['invented']}")
        self.stdout.write(f"silent: {result['silent']} of {result['healthy']} clients without a seeded call")

    def _print(self, score: Score) -> None:
        for result in score.cases:
            sign, expected = "+", ""
            if not result.is_right:
                sign = "x" if result.accuses_wrongly else "-"
                expected = f"   expected {' or '.join(result.case.right)}"
            self.stdout.write(f"{sign} {result.case.id}: {result.cause} ({result.certainty}){expected}")
        counts = score.to_json()
        for name in ("right_first", "right_family", "wrong_accusations", "proved_and_wrong", "undetermined"):
            self.stdout.write(f"{name.replace('_', ' ')}: {counts[name]} of {counts['cases']}")
        self.stdout.write(f"healthy orgs accused: {counts['healthy_accused']} of {counts['healthy']}")
        if counts["brier"] is not None:
            self.stdout.write(f"Brier score of the certainty: {counts['brier']} (calibrated up to {CALIBRATED})")

    def _print_predictions(self, score: PredictionScore) -> None:
        for each in score.predicted:
            if not each.is_equal:
                self.stdout.write(
                    f"x {each.case.id}: {each.change.sentence} Predicted {each.prediction.cause} "
                    f"({each.prediction.certainty}), the real run {each.cause} ({each.certainty})"
                )
        for name, value in score.to_json().items():
            if name != "results":
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")


def _cases_in(file: str) -> tuple[Case, ...]:
    try:
        return read_cases(Path(file).read_text(encoding="utf-8"))
    except BadCases as error:
        bad_input(str(error))
    except (OSError, UnicodeDecodeError) as error:
        bad_input(f"Can't read the file {file}: {error}.")


def _keep(score: Score, files: list[str], unseen: bool) -> None:
    if len(files) > 1:
        bad_input("--keep takes one file, because the page has a line for each.")
    try:
        accuracy.keep(accuracy.Figures(ENGINE_VERSION, Path(files[0]).stem, unseen, **score.counts()))
    except OSError as error:
        bad_input(f"Can't write the figures to {accuracy.FILE}: {error}.")
