"""Failures at known times of the demo's four weeks, and whether they are judged by the configuration of that time.

What was true at a time comes from the story alone (`demo.story`), not from what syncs kept of it.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

from diagnostics.demo import story
from diagnostics.demo.scenarios import scenario
from diagnostics.engine import causes
from diagnostics.engine.as_it_was import CHANGED
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run

NO_CAUSE = ""
# Client, scenario with the call -> the cause in each state of the client's org; a state that isn't listed has none.
CAUSES: dict[tuple[str, str], dict[str, str]] = {
    (story.PUBLISHED_CLIENT, "healthy-web"): {"role removed": "authz.permission_missing"},
    (story.PRODUCTION_CLIENT, "production-fails"): {
        "version 4, off": "config.cobrowse_disabled",
        story.TODAY: "config.cobrowse_disabled",
    },
    (story.GATEWAY_CLIENT, "gateway-provider-case"): {
        "scope lost": "authz.scope_missing",
        story.TODAY: "provider.mismatch",
    },
    (story.GATEWAY_CLIENT, "gateway-healthy"): {
        "old provider id": "provider.mismatch",
        "scope lost": "authz.scope_missing",
    },
    (story.SANDBOX_CLIENT, "sandbox-works"): {},
}
SHARES = (12, 12, 6, 6, 4)  # failures of each of them
AFTER_A_CHANGE = timedelta(hours=5)  # an org is synced every six hours
MISSING = (
    "Unable to perform the requested action. You must have at least one of the following permissions assigned: "
    "[conversation:cobrowse:add, conversation:cobrowseVoice:add]"
)


@dataclass(frozen=True)
class PastFailure:
    """A failed call. `cause` is that by the org's state at the time, NO_CAUSE if the configuration was right."""

    client: str
    scenario: str
    at: datetime
    state: str
    cause: str

    def inputs(self, *, dated: bool = True) -> Inputs:
        status, code, message = (404, "not.found", "The requested resource was not found.")
        if self.cause == "authz.permission_missing":
            status, code, message = (403, "missing.any.permissions", MISSING)
        date = f"Date: {format_datetime(self.at, usegmt=True)}\n" if dated else ""
        answer = f'HTTP/1.1 {status} Failed\n{date}\n{{"message": "{message}", "code": "{code}", "status": {status}}}'
        found, _ = Inputs.from_paste(scenario(self.scenario).call, answer)
        return found


@dataclass(frozen=True)
class PastVerdict:
    """`today` is the cause that the same paste without a time gets."""

    failure: PastFailure
    cause: str
    basis: str
    today: str

    @property
    def is_right(self) -> bool:
        return self.cause == self.failure.cause

    @property
    def is_by_today(self) -> bool:
        """A verdict between two syncs that differ names both states, so it isn't today's."""
        return not self.is_right and self.cause == self.today and self.basis != CHANGED

    def to_json(self) -> dict[str, Any]:
        failure = self.failure
        known = {"client": failure.client, "at": failure.at.isoformat(), "state": failure.state}
        return {
            **known,
            "expected": failure.cause or causes.NONE,
            "cause": self.cause or causes.NONE,
            "today": self.today or causes.NONE,
            "basis": self.basis,
            "right": self.is_right,
        }


def past_failures(today: datetime) -> Iterator[PastFailure]:
    """The same ones for the same day.

    A third is from any time, a third from a state that isn't today's, and a third from the hours after a change, when the
    next sync may not have found it yet.
    """
    random = Random(14)  # noqa: S311  (not a secret)
    for ((client, call), known), share in zip(CAUSES.items(), SHARES, strict=True):
        for number in range(share):
            while True:
                at = story.midnight(today, 27) + timedelta(minutes=round(random.uniform(0, 26.8 * 1440)))
                step = story.step_at(client, at, today)
                is_fresh = step.days is not None and at - story.start_of(step, today) < AFTER_A_CHANGE
                kinds = True, step.state != story.TODAY, is_fresh and step.state in known
                if kinds[number % 3] or len(story.STEPS[client]) == 1:
                    break
            yield PastFailure(client, call, at, step.state, known.get(step.state, NO_CAUSE))


def judge_failures(failures: list[PastFailure]) -> list[PastVerdict]:
    """Runs each against the demo orgs, with the history in the database."""
    clients = {client.name: client for client in OAuthClient.objects.filter(name__in=story.CLIENTS)}
    today: dict[tuple[str, str], str] = {}
    found = []
    for failure in failures:
        key = failure.scenario, failure.cause
        if key not in today:
            today[key] = _cause_of(_run(clients[failure.client], failure.inputs(dated=False)))
        run = _run(clients[failure.client], failure.inputs())
        basis = run.verdict.get("as_of", {}).get("basis", "")
        found.append(PastVerdict(failure, _cause_of(run), basis, today[key]))
    return found


def _run(client: OAuthClient, inputs: Inputs) -> Run:
    run = create_run(
        client=client, kind=Run.Kind.DIAGNOSIS, inputs=inputs, user=None, source=Run.Source.CLI, for_workers=False
    )
    while run.is_open:
        execute_run(run.pk, "evaluate")
        run.refresh_from_db()
        if run.is_open:
            time.sleep(1)  # for the org's rate limit
    return run


def _cause_of(run: Run) -> str:
    return NO_CAUSE if run.cause in (causes.NONE, causes.UNDETERMINED) else run.cause


def counted(verdicts: list[PastVerdict]) -> dict[str, Any]:
    differing = [each for each in verdicts if each.failure.cause != each.today]
    return {
        "failures": len(verdicts),
        "right": sum(each.is_right for each in verdicts),
        "state_differs_from_today": len(differing),
        "judged_by_today_where_it_differs": sum(each.is_by_today for each in differing),
        "basis": dict(Counter(each.basis for each in verdicts)),
        "results": [each.to_json() for each in verdicts],
    }
