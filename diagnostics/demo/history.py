"""The story's runs: each take once, by the product itself, then copied to the days it happened on."""

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
from diagnostics.demo.stage import set_up
from diagnostics.demo.story import TODAY, Moment, Take
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.orgs.status import status_by
from diagnostics.orgs.status_rules import ClientStatus
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.runs import create_run, execute_run

Row = TypeVar("Row", Run, Finding, Exchange, ConfigurationSync, OrgChange)
MOMENT_IN_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
RECENT = timedelta(days=5)
# The demo org answers within a few milliseconds; a real one takes this many times longer.
SLOWNESS = (12.0, 30.0)


@dataclass(frozen=True)
class RecordedRun:
    """One take as the product stored it."""

    run: Run
    findings: list[Finding]
    exchanges: list[Exchange]
    stand: ClientStatus | None

    @classmethod
    def of(cls, run: Run) -> "RecordedRun":
        run.refresh_from_db()
        looked = status_by(run)
        return cls(run, list(run.findings.all()), list(run.exchanges.all()), looked[0] if looked else None)


def perform(take: Take, client: OAuthClient, running: Running) -> RecordedRun:
    """Run it as anybody would, with the org set up as it was then."""
    with set_up(client, running, take.state):
        inputs = inputs_of(take)
        kind = Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH
        run = create_run(client=client, kind=kind, inputs=inputs, user=None, source=Run.Source.DEMO, for_workers=False)
        execute_run(run.pk, "demo")
        return RecordedRun.of(run)


def inputs_of(take: Take) -> Inputs:
    if not take.scenario:
        return Inputs()
    told = scenario(take.scenario)
    # The answer that a scenario brings is of the fault that it shows today.
    answer = told.answer if take.state == TODAY else ""
    inputs, _ = Inputs.from_paste(told.call, answer, told.conversation_id)
    return inputs


class RunCopy:
    """An original moved to another day: its own correlation ids, its own pace, its own clock times."""

    def __init__(self, original: RecordedRun, moment: Moment, moved: dict[str, str]) -> None:
        self.original = original
        self.random = Random(moment.at.timestamp())  # noqa: S311  (a pace, no secret)
        self.slowness = self.random.uniform(*SLOWNESS)
        self.started = original.run.started_at or original.run.created_at
        self.at = moment.at
        ids = {exchange.correlation_id for exchange in original.exchanges} - {""}
        fresh = {each: str(uuid.UUID(int=self.random.getrandbits(128), version=4)) for each in sorted(ids)}
        self.words = {**moved, **fresh}

    def run(self) -> Run:
        run = copy_of(self.original.run)
        ended = run.finished_at or self.started
        run.created_at, run.rung_at, run.started_at = self.at, self.at, self.at
        run.finished_at = self.when(ended)
        run.is_remembered = False  # the copies are, in their order
        run.duration_ms = (run.duration_ms or 0) * self.slowness
        run.critical_path_ms = (run.critical_path_ms or 0) * self.slowness
        run.verdict = self.value(run.verdict)
        run.inputs, run.environment, run.marks = map(self.renamed, (run.inputs, run.environment, run.marks))
        return run

    def findings(self, run: Run) -> Iterator[Finding]:
        for each in self.original.findings:
            finding = copy_of(each)
            finding.run, finding.created_at = run, self.when(each.created_at)
            finding.subject = self.renamed(each.subject)  # as the verdict names it
            finding.sentence, finding.hint = self.text(each.sentence), self.text(each.hint)
            finding.evidence = self.value(each.evidence)
            yield finding

    def exchanges(self, run: Run) -> Iterator[Exchange]:
        for each in self.original.exchanges:
            exchange = copy_of(each)
            exchange.run, exchange.started_at = run, self.when(each.started_at)
            exchange.ms = each.ms * self.slowness
            exchange.url, exchange.body = self.text(each.url), self.text(each.body)
            exchange.correlation_id = self.text(each.correlation_id)
            exchange.request_headers = self.value(each.request_headers)
            answered = exchange.started_at + timedelta(milliseconds=exchange.ms)
            exchange.response_headers = dated(self.value(each.response_headers), answered)
            yield exchange

    def when(self, moment: datetime) -> datetime:
        return self.at + (moment - self.started) * self.slowness

    def text(self, text: str) -> str:
        text = HTTP_DATE.sub(self._moved_http, with_texts(text, self.words))
        return MOMENT_IN_TEXT.sub(self._moved, text)

    def value(self, value: Any) -> Any:
        return json.loads(self.text(json.dumps(value)))

    def renamed(self, value: Any) -> Any:
        """With the addresses of the orgs that are served, its times left as they are."""
        return with_texts(value, self.words)

    def _moved(self, found: re.Match[str]) -> str:
        """Times around the original's move with it; dates of old settings stay."""
        moment = datetime.fromisoformat(found[0])
        if abs(moment - self.started) > RECENT:
            return found[0]
        return (moment - self.started + self.at).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _moved_http(self, found: re.Match[str]) -> str:
        """The same for a time as HTTP writes it."""
        moment = parsedate_to_datetime(found[0])
        return found[0] if abs(moment - self.started) > RECENT else http_date(moment - self.started + self.at)


def with_texts(value: Any, words: dict[str, str]) -> Any:
    """Any JSON value, with each word in place of the one that stood there."""
    text = json.dumps(value)
    for old, new in words.items():
        text = text.replace(old, new)
    return json.loads(text)


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def dated(headers: list[list[str]], answered: datetime) -> list[list[str]]:
    """An answer bears the time at which it was given: its clock goes as ours does, whatever pace the copy has."""
    return [[name, http_date(answered) if name.lower() == "date" else value] for name, value in headers]


def copy_of(row: Row) -> Row:
    """An unsaved row with the same values."""
    names = [column.attname for column in row._meta.concrete_fields if not column.primary_key]
    return type(row)(**{name: getattr(row, name) for name in names})


def store(copies: list[RunCopy]) -> list[Run]:
    """In the order of time, so that a newer run has the higher number."""
    runs = Run.objects.bulk_create([copy.run() for copy in copies])
    pairs = list(zip(copies, runs, strict=True))
    Finding.objects.bulk_create([row for copy, run in pairs for row in copy.findings(run)], batch_size=500)
    Exchange.objects.bulk_create([row for copy, run in pairs for row in copy.exchanges(run)], batch_size=200)
    return runs
