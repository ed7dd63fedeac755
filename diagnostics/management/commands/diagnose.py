"""Diagnoses why a cobrowse session does not start. Stores nothing without --save."""

import json
import sys
import time
from math import ceil
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandParser
from django.db import connection

from config.terminal import Terminated
from diagnostics.batches.batches import create_batch
from diagnostics.checks.outcomes import Outcome
from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.demo.registration import register_named
from diagnostics.engine.batch_review import BatchReview, review_batch
from diagnostics.engine.rules import CERTAINTY_LABELS
from diagnostics.management import batch_output
from diagnostics.management.base import ProductCommand, bad_input, client_named
from diagnostics.management.batch_output import exit_code
from diagnostics.management.input_files import read_or_exit
from diagnostics.orgs.connection import diagnosis_of
from diagnostics.orgs.contracts import contract_for
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.rate_limits import ClientPace
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs, ParsedPaste, read_paste
from diagnostics.runs.as_it_was import verdict_of
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import LONGEST_RUN_SECONDS, execute_run
from diagnostics.runs.export.junit import junit_xml
from diagnostics.runs.interruption import interrupt_run
from diagnostics.runs.models import Run
from diagnostics.runs.rate_limit_waits import wait_of_run
from diagnostics.runs.run_json import json_of_stored_run, run_json
from diagnostics.web.refusals import ActionRefused

WORST_FIRST = ("fail", "error", "warn", "skip", "pass")


class Command(ProductCommand):
    help = "Find out why a cobrowse session won't start. Only read requests are sent to the org."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", default="", help="name of the registered OAuth client")
        parser.add_argument(
            "--batch",
            default="",
            metavar="FILE",
            help="log, HAR, Postman run or list of calls, - for standard input: group the failing calls, and with a client "
            "diagnose each group",
        )
        parser.add_argument("--conversation", default="", help="conversation ID")
        parser.add_argument("--call", default="", help="file with the failing call, - for standard input")
        parser.add_argument("--answer", default="", help="file with the response, - for standard input")
        parser.add_argument("--note", default="", help="notes, such as: works again since noon")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--junit", default="", metavar="FILE", help="write the result as JUnit XML too")
        parser.add_argument("--save", action="store_true", help="store the run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"]:
            self._handle_batch(options)
        if not options["client"]:
            bad_input("Name a client with --client, or a file with many calls with --batch.")
        junit = _writable(options["junit"])
        client = _client(options["client"])
        paste = self._read_paste(options)
        inputs = paste.inputs
        kind = Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH
        try:
            report = _run_and_save(client, kind, inputs) if options["save"] else _run(client, kind, inputs)
        except ActionRefused as error:
            bad_input(str(error))
        if junit:
            junit.write_text(junit_xml(report, name=f"diagnose {client.name}"), encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._print(report, paste)
        sys.exit(exit_code(report))

    def _handle_batch(self, options: dict[str, Any]) -> NoReturn:
        alone = ("conversation", "call", "answer", "note", "junit")
        if given := [f"--{name}" for name in alone if options[name]]:
            bad_input(f"--batch doesn't go with {', '.join(given)}.")
        if options["save"] and not options["client"]:
            bad_input("--save needs a --client.")
        client = _client(options["client"]) if options["client"] else None
        text = _read(options["batch"], "--batch")
        review = review_batch(text, contract_for, [client.company_gateway] if client and client.company_gateway else [])
        if not review.calls:
            bad_input("No calls were found in the file of --batch. `parse FILE` shows what is understood of it.")
        try:
            batch, reports = self._diagnose_groups(client, review, options["save"]) if client else (None, [])
        except ActionRefused as error:
            bad_input(str(error))
        if options["json"]:
            self.stdout.write(json.dumps(batch_output.as_json(review, reports, batch), indent=2))
        else:
            for line in batch_output.lines_of(review, reports):
                self.stdout.write(line)
        sys.exit(batch_output.batch_exit_code(review, reports))

    def _diagnose_groups(
        self, client: OAuthClient, review: BatchReview, save: bool
    ) -> tuple[int | None, list[dict[str, Any]]]:
        """The diagnosis of each group, one after the other. With `save`, also the ID of the stored batch."""
        batch = create_batch(client, review, None, source=Run.Source.CLI, for_workers=False) if save else None
        reports = []
        for position, group in enumerate(review.groups, 1):
            print(f"Group {position} of {len(review.groups)}", file=sys.stderr)
            kind = Run.Kind.DIAGNOSIS
            report = _run_and_save(client, kind, group.inputs) if save else _run(client, kind, group.inputs)
            reports.append(report)
            if batch is not None:
                batch.groups.filter(position=position).update(run=report["run"])
        return batch.pk if batch else None, reports

    def _read_paste(self, options: dict[str, Any]) -> ParsedPaste:
        if options["call"] == "-" and options["answer"] == "-":
            bad_input("Only one of --call and --answer can come from standard input.")
        call, answer = _read(options["call"], "--call"), _read(options["answer"], "--answer")
        try:
            return read_paste(call, answer, options["conversation"], options["note"])
        except Unreadable as error:
            bad_input(str(error))

    def _print(self, report: dict[str, Any], paste: ParsedPaste) -> None:
        verdict = report["verdict"]
        for note in paste.notes:
            self.stdout.write(f"  {note.kind}: {note.what}")
        for other in paste.choices:
            if other.index != paste.chosen:
                self.stdout.write(f"  Not used: {other.index + 1}. {other.label}")
        self.stdout.write(f"\n{_cause_of(verdict)}\n{verdict['sentence']}")
        if verdict["remedy"]:
            self.stdout.write(f"\nHow to fix it: {verdict['remedy']}")
        if verdict["also"]:
            self.stdout.write(f"Other problems: {', '.join(verdict['also'])}")
        if as_of := verdict.get("as_of"):
            self.stdout.write("\n".join([f"\n{as_of['sentence']}", *as_of.get("changes", ())]))
            if today := as_of.get("today"):
                self.stdout.write(f"\nToday: {_cause_of(today)}\n{today['sentence']}")
        self.stdout.write("")
        for finding in sorted(report["findings"], key=lambda finding: WORST_FIRST.index(finding["outcome"])):
            subject = f" [{finding['subject']}]" if finding["subject"] else ""
            outcome = Outcome(finding["outcome"]).label
            self.stdout.write(f"  {outcome:<12} {finding['check']}{subject}: {finding['sentence']}")
        self.stdout.write(f"\n{len(report['exchanges'])} requests in {report['duration_ms']:.0f} ms.")
        if report["run"]:
            self.stdout.write(f"Saved as run {report['run']}.")


def _cause_of(verdict: dict[str, Any]) -> str:
    return f"{verdict['cause']} ({CERTAINTY_LABELS[verdict['certainty']].lower()})"


def _client(name: str) -> OAuthClient:
    register_named(name)
    client = client_named(name)
    if client.is_retired:
        bad_input(f"The client {client.name} is retired. `client list` shows the others.")
    serve_demo_region(client.region)
    return client


def _writable(name: str) -> Path | None:
    """The file for the JUnit XML, checked before the run starts; None if the option is not set."""
    if not name:
        return None
    try:
        Path(name).open("a").close()
    except OSError as error:
        bad_input(f"Can't write the file of --junit: {error.strerror or error}.")
    return Path(name)


def _read(name: str, option: str) -> str:
    if not name:
        return ""
    text = read_or_exit(name, f"the file of {option}")
    if not text.strip():
        bad_input(f"The input of {option} is empty.")
    return text


def _run(client: OAuthClient, kind: str, inputs: Inputs) -> dict[str, Any]:
    """Keeps to the rate limit that workers share. Starts again after a 429 if waiting makes sense."""
    started, waits = time.perf_counter(), 0
    while True:
        with ClientPace(client, is_background=False) as pace:
            while wait_s := pace.start():
                _wait_for_org(wait_s)
            diagnosis = diagnosis_of(client, kind, inputs, pace=pace)
            exchanges = [exchange for step in diagnosis.steps() for exchange in step.exchanges]
        if pace.refusal is None or not pace.refusal.is_waited_for(waits):
            break
        _wait_for_org(pace.refusal.wait_s)
        waits += 1
    return run_json(
        run=None,
        verdict=verdict_of(diagnosis, client),
        findings=[finding.as_dict() for finding in diagnosis.findings],
        exchanges=[exchange.as_dict() for exchange in exchanges],
        duration_ms=(time.perf_counter() - started) * 1000,
        critical_path_ms=diagnosis.critical_path_ms,
    )


def _wait_for_org(wait_s: float) -> None:
    print(f"Waiting for the org's rate limit, {ceil(wait_s)} s", file=sys.stderr)
    time.sleep(max(wait_s, 0.1))


def _run_and_save(client: OAuthClient, kind: str, inputs: Inputs) -> dict[str, Any]:
    run = create_run(client=client, kind=kind, inputs=inputs, user=None, source=Run.Source.CLI, for_workers=False)
    try:
        execute_run(run.pk, "cli")
    except (KeyboardInterrupt, Terminated):
        connection.close()  # a statement may have been interrupted
        interrupt_run(run.pk)
        print(f"Run {run.pk} was interrupted. Its findings so far are kept.", file=sys.stderr)
        raise
    deadline = time.monotonic() + LONGEST_RUN_SECONDS
    run.refresh_from_db()
    while run.is_open and time.monotonic() < deadline:  # it waits for the rate limit, or a worker has claimed it
        if wait_s := wait_of_run(run):
            _wait_for_org(wait_s)
            deadline = time.monotonic() + LONGEST_RUN_SECONDS
        else:
            time.sleep(0.2)
        execute_run(run.pk, "cli")
        run.refresh_from_db()
    return json_of_stored_run(run)
