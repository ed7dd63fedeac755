"""Queries of runs for list rows, and the parts of one run."""

from dataclasses import dataclass
from math import ceil

from django.db.models import QuerySet

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.rate_limit_waits import wait_of_run

RECENT = 8
HEAVY = ("client__secret", "client__verification", "inputs", "verdict", "environment", "search_keys", "planned")


@dataclass(frozen=True)
class RunState:
    """The progress of an open run, as few values for polling."""

    status: str
    findings: int
    wait_s: int = 0  # for the rate limit of its org

    def __str__(self) -> str:
        return f"{self.status}.{self.findings}.{self.wait_s}"


def runs_for_lists(*, keep: str = "") -> QuerySet[Run]:
    """Runs with the columns of a list row; large columns are deferred, except `keep`."""
    return Run.objects.select_related("client", "started_by").defer(*(name for name in HEAVY if name != keep))


def recent_runs(viewer: User | None, client: OAuthClient | None = None) -> list[Run]:
    runs = visible_rows(runs_for_lists(), viewer).order_by("-created_at", "-id")
    return list((runs if client is None else runs.filter(client=client))[:RECENT])


def findings_of(run: Run) -> list[Finding]:
    return list(run.findings.order_by("position"))


def exchanges_of(run: Run) -> list[Exchange]:
    """Without headers and bodies, which are shown one exchange at a time."""
    return list(run.exchanges.defer("request_headers", "response_headers", "body").order_by("position"))


def state_of(run: Run) -> RunState:
    return RunState(run.status, run.findings.count(), ceil(wait_of_run(run)))
