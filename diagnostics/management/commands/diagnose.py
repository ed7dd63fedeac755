"""Find out why a cobrowse session does not start, from a terminal. Stores nothing unless told to."""

import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import CommandError, CommandParser
from django.db import connection

from config.terminal import Terminated
from diagnostics.checks.outcomes import Outcome
from diagnostics.demo.registration import register_named
from diagnostics.demo.stand_in import stand_in_for
from diagnostics.engine import causes
from diagnostics.management.base import ProductCommand
from diagnostics.orgs.connection import diagnosis_of
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs, ParsedPaste, read_paste
from diagnostics.parsing.paste_file import STEP, read_file
from diagnostics.runs.export.junit import junit_xml
from diagnostics.runs.interruption import interrupt_run
from diagnostics.runs.models import Run
from diagnostics.runs.run_json import run_json
from diagnostics.runs.runs import LONGEST_RUN_SECONDS, create_run, execute_run
from diagnostics.web.refusals import ActionRefused

MAX_PIECES = 2_000  # of a file: 130 MB
OK, FAULT_OF_OURS, BAD_INPUT, CAUSE_FOUND, UNCLEAR = 0, 1, 2, 3, 4
OUTCOME_SIGNS = {"pass": "+", "warn": "!", "fail": "x", "skip": "-", "error": "?"}
OUTCOME_WORDS = {"fail": "Failed", "error": "Inconclusive", "warn": "Warning", "skip": "Skipped", "pass": "Passed"}
WORST_FIRST = ("fail", "error", "warn", "skip", "pass")
CERTAINTIES = {"proved": "proven", "likely": "likely", "undetermined": "undetermined"}


class Command(ProductCommand):
    help = "Find out why a cobrowse session does not start. Everything sent to the org is a read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, help="name of the registered OAuth client")
        parser.add_argument("--conversation", default="", help="conversation id")
        parser.add_argument("--call", default="", help="file with the failing call, - for standard input")
        parser.add_argument("--answer", default="", help="file with the answer it got, - for standard input")
        parser.add_argument("--note", default="", help="what you know of it, such as: works again since noon")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--junit", default="", metavar="FILE", help="write the result as JUnit XML too")
        parser.add_argument("--save", action="store_true", help="keep the run in the history")

    def handle(self, *args: Any, **options: Any) -> None:
        junit = _writable(options["junit"])
        register_named(options["client"])
        client = client_named(options["client"])
        if client.is_retired:
            bad_input(f"The client {client.name} is retired. Choose another; `client list` shows them.")
        reading = self._inputs(options)
        inputs = reading.inputs
        stand_in_for(client.region)
        kind = Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH
        try:
            report = _saved(client, kind, inputs) if options["save"] else _unsaved(client, kind, inputs)
        except ActionRefused as trouble:
            bad_input(str(trouble))
        if junit:
            junit.write_text(junit_xml(report, name=f"diagnose {client.name}"), encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._print(report, reading)
        sys.exit(exit_code(report))

    def _inputs(self, options: dict[str, Any]) -> ParsedPaste:
        if options["call"] == "-" and options["answer"] == "-":
            bad_input("Only one of --call and --answer can come from standard input.")
        call, answer = _read(options["call"], "--call"), _read(options["answer"], "--answer")
        try:
            return read_paste(call, answer, options["conversation"], options["note"])
        except Unreadable as trouble:
            bad_input(str(trouble))

    def _print(self, report: dict[str, Any], reading: ParsedPaste) -> None:
        verdict = report["verdict"]
        for note in reading.notes:
            self.stdout.write(f"  {note.kind}: {note.what}")
        for other in reading.choices:
            if other.index != reading.chosen:
                self.stdout.write(f"  Not used: {other.index + 1}. {other.label}")
        self.stdout.write(f"\n{verdict['cause']} ({CERTAINTIES[verdict['certainty']]})\n{verdict['sentence']}")
        if verdict["remedy"]:
            self.stdout.write(f"\nHow to fix it: {verdict['remedy']}")
        if verdict["also"]:
            self.stdout.write(f"Other problems: {', '.join(verdict['also'])}")
        self.stdout.write("")
        for each in sorted(report["findings"], key=lambda finding: WORST_FIRST.index(finding["outcome"])):
            subject = f" [{each['subject']}]" if each["subject"] else ""
            self.stdout.write(f"  {OUTCOME_WORDS[each['outcome']]:<12} {each['check']}{subject}: {each['sentence']}")
        took, requests = report["duration_ms"], len(report["exchanges"])
        self.stdout.write(f"\n{requests} requests in {took:.0f} ms.")
        if report["run"]:
            self.stdout.write(f"Saved as run {report['run']}.")


def client_named(name: str) -> OAuthClient:
    """The client of that name in any case; ends the command with exit code 2 where there is none."""
    client = OAuthClient.objects.filter(name__iexact=name).defer("secret").first()
    if client is None:
        known = ", ".join(OAuthClient.objects.filter(retired_at=None).values_list("name", flat=True)[:10])
        bad_input(f"No client is called {name!r}. Known are: {known or 'none yet; `client add` registers one'}.")
    return client


def bad_input(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=BAD_INPUT)


def exit_code(report: dict[str, Any]) -> int:
    """0 nothing wrong, 3 a cause was found, 4 undetermined or warnings only."""
    cause = report["verdict"]["cause"]
    if cause == causes.NONE:
        warned = any(each["outcome"] == Outcome.WARN for each in report["findings"])
        return UNCLEAR if warned else OK
    return UNCLEAR if cause == causes.UNDETERMINED else CAUSE_FOUND


def _writable(name: str) -> Path | None:
    """The file for the JUnit XML, known to be writable before anything is asked; None where none is wanted."""
    if not name:
        return None
    try:
        Path(name).open("a").close()
    except OSError as trouble:
        bad_input(f"The file of --junit could not be written: {trouble.strerror or trouble}.")
    return Path(name)


def _read(name: str, option: str) -> str:
    if not name:
        return ""
    try:
        text = read_file(_pieces(sys.stdin.buffer)) if name == "-" else _file(Path(name))
    except OSError as trouble:
        bad_input(f"The file of {option} could not be read: {trouble.strerror or trouble}.")
    except Unreadable as trouble:
        bad_input(str(trouble))
    if not text.strip():
        bad_input(f"{option} was given, but there is nothing in it.")
    return text


def _file(path: Path) -> str:
    with path.open("rb") as file:
        return read_file(_pieces(file))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return islice(iter(partial(file.read, STEP), b""), MAX_PIECES)


def _unsaved(client: OAuthClient, kind: str, inputs: Inputs) -> dict[str, Any]:
    started = time.perf_counter()
    diagnosis = diagnosis_of(client, kind, inputs)
    exchanges = [exchange for step in diagnosis.steps() for exchange in step.exchanges]
    return run_json(
        run=None,
        verdict=diagnosis.verdict(),
        findings=[each.as_dict() for each in diagnosis.findings],
        exchanges=[each.as_dict() for each in exchanges],
        duration_ms=(time.perf_counter() - started) * 1000,
        critical_path_ms=diagnosis.critical_path_ms,
    )


def _saved(client: OAuthClient, kind: str, inputs: Inputs) -> dict[str, Any]:
    run = create_run(client=client, kind=kind, inputs=inputs, user=None, source=Run.Source.CLI, for_workers=False)
    try:
        execute_run(run.pk, "cli")
    except (KeyboardInterrupt, Terminated):
        connection.close()  # a statement may have been cut off
        interrupt_run(run.pk)
        print(f"Run {run.pk} was interrupted. What it found so far is kept.", file=sys.stderr)
        raise
    deadline = time.monotonic() + LONGEST_RUN_SECONDS
    run.refresh_from_db()
    while run.is_open and time.monotonic() < deadline:  # a worker was quicker than we
        time.sleep(0.2)
        run.refresh_from_db()
    return run_json(
        run=run.pk,
        verdict=run.verdict,
        findings=[each.as_dict() for each in run.findings.all()],
        exchanges=[each.as_dict() for each in run.exchanges.all()],
        duration_ms=run.duration_ms or 0.0,
        critical_path_ms=run.critical_path_ms or 0.0,
    )
