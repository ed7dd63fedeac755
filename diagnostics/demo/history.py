"""The runs of the demo's history: each is executed once by the product and then copied to its days in the past."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from random import Random
from typing import Any, TypeVar

from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.demo.stage import org_in_state
from diagnostics.demo.story import TODAY, Moment, StoryRun
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.orgs.status_rules import ClientStatus
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.close import status_from_run
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Exchange, Finding, Run

Row = TypeVar("Row", Run, Finding, Exchange, ConfigurationSync, OrgChange)
MOMENT_IN_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
RECENT = timedelta(days=5)
# The demo org responds within a few milliseconds. A real org takes this many times longer (lower and upper bound).
SLOWNESS = (12.0, 30.0)


@dataclass(frozen=True)
class RecordedRun:
    """A run of the story as the product stored it. `status` is the org's status according to it."""

    run: Run
    findings: list[Finding]
    exchanges: list[Exchange]
    status: ClientStatus | None

    @classmethod
    def of(cls, run: Run) -> "RecordedRun":
        run.refresh_from_db()
        observed = status_from_run(run)
        return cls(run, list(run.findings.all()), list(run.exchanges.all()), observed[0] if observed else None)


def perform(story_run: StoryRun, client: OAuthClient, running: Running) -> RecordedRun:
    """Execute the run with the org in the state that it had at the time."""
    with org_in_state(client, running, story_run.state):
        inputs = inputs_of(story_run)
        kind = Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH
        run = create_run(client=client, kind=kind, inputs=inputs, user=None, source=Run.Source.DEMO, for_workers=False)
        execute_run(run.pk, "demo")
        return RecordedRun.of(run)


def inputs_of(story_run: StoryRun) -> Inputs:
    if not story_run.scenario:
        return Inputs()
    demo = scenario(story_run.scenario)
    # The response of a scenario only fits the org's state of today.
    answer = demo.answer if story_run.state == TODAY else ""
    inputs, _ = Inputs.from_paste(demo.call, answer, demo.conversation_id)
    return inputs


class RunCopy:
    """A copy of a recorded run at another time, with its own correlation IDs, durations and timestamps."""

    def __init__(self, original: RecordedRun, moment: Moment, hosts: dict[str, str]) -> None:
        self.original = original
        self.random = Random(moment.at.timestamp())  # noqa: S311  (not a secret)
        self.slowness = self.random.uniform(*SLOWNESS)
        self.started = original.run.started_at or original.run.created_at
        self.at = moment.at
        ids = {exchange.correlation_id for exchange in original.exchanges} - {""}
        new_ids = {old_id: str(uuid.UUID(int=self.random.getrandbits(128), version=4)) for old_id in sorted(ids)}
        self.replacements = {**hosts, **new_ids}

    def run(self) -> Run:
        run = copy_of(self.original.run)
        finished_at = run.finished_at or self.started
        run.created_at, run.message_sent_at, run.started_at = self.at, self.at, self.at
        run.finished_at = self.when(finished_at)
        run.is_recorded_in_issues = False  # so that issues are updated from the copies in order
        run.duration_ms = (run.duration_ms or 0) * self.slowness
        run.critical_path_ms = (run.critical_path_ms or 0) * self.slowness
        run.verdict = self.value(run.verdict)
        run.inputs, run.environment, run.search_keys = map(self.renamed, (run.inputs, run.environment, run.search_keys))
        return run

    def findings(self, run: Run) -> Iterator[Finding]:
        for original in self.original.findings:
            finding = copy_of(original)
            finding.run, finding.created_at = run, self.when(original.created_at)
            finding.subject = self.renamed(original.subject)  # must match the anchors in the verdict
            finding.sentence, finding.hint = self.text(original.sentence), self.text(original.hint)
            finding.evidence = self.value(original.evidence)
            yield finding

    def exchanges(self, run: Run) -> Iterator[Exchange]:
        for original in self.original.exchanges:
            exchange = copy_of(original)
            exchange.run, exchange.started_at = run, self.when(original.started_at)
            exchange.ms = original.ms * self.slowness
            exchange.url, exchange.body = self.text(original.url), self.text(original.body)
            exchange.correlation_id = self.text(original.correlation_id)
            exchange.request_headers = self.value(original.request_headers)
            responded_at = exchange.started_at + timedelta(milliseconds=exchange.ms)
            exchange.response_headers = dated(self.value(original.response_headers), responded_at)
            yield exchange

    def when(self, moment: datetime) -> datetime:
        return self.at + (moment - self.started) * self.slowness

    def text(self, text: str) -> str:
        text = HTTP_DATE.sub(self._moved_http, with_texts(text, self.replacements))
        return MOMENT_IN_TEXT.sub(self._moved, text)

    def value(self, value: Any) -> Any:
        return json.loads(self.text(json.dumps(value)))

    def renamed(self, value: Any) -> Any:
        """The value with the hosts of the served orgs, and with unchanged times."""
        return with_texts(value, self.replacements)

    def _moved(self, found: re.Match[str]) -> str:
        """Moves times around the original run with it, but not the dates of old settings."""
        moment = datetime.fromisoformat(found[0])
        if abs(moment - self.started) > RECENT:
            return found[0]
        return (moment - self.started + self.at).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _moved_http(self, found: re.Match[str]) -> str:
        """The same for a date in HTTP format."""
        moment = parsedate_to_datetime(found[0])
        return found[0] if abs(moment - self.started) > RECENT else http_date(moment - self.started + self.at)


def with_texts(value: Any, replacements: dict[str, str]) -> Any:
    """Replaces texts in any JSON value."""
    text = json.dumps(value)
    for old, new in replacements.items():
        text = text.replace(old, new)
    return json.loads(text)


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def dated(headers: list[list[str]], responded_at: datetime) -> list[list[str]]:
    """Sets the Date header to the time of the response, so that the org's clock isn't reported as wrong."""
    return [[name, http_date(responded_at) if name.lower() == "date" else value] for name, value in headers]


def copy_of(row: Row) -> Row:
    """An unsaved row with the same values."""
    names = [column.attname for column in row._meta.concrete_fields if not column.primary_key]
    return type(row)(**{name: getattr(row, name) for name in names})


def store_copies(copies: list[RunCopy]) -> list[Run]:
    """Stores the copies, which must be in order of time, so that a newer run has a higher ID."""
    runs = Run.objects.bulk_create([copy.run() for copy in copies])
    pairs = list(zip(copies, runs, strict=True))
    Finding.objects.bulk_create([row for copy, run in pairs for row in copy.findings(run)], batch_size=500)
    Exchange.objects.bulk_create([row for copy, run in pairs for row in copy.exchanges(run)], batch_size=200)
    return runs
