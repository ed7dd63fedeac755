"""Reads of runs: pages of the list, and what belongs to one run."""

from dataclasses import dataclass

from django.db.models import QuerySet

from diagnostics.models import Exchange, Finding, OAuthClient, Run

PAGE_SIZE = 40
RECENT = 8


@dataclass(frozen=True)
class RunPage:
    """One page of runs, newest first. `older` is the id to go on before, None on the last page."""

    runs: list[Run]
    older: int | None
    is_first: bool


@dataclass(frozen=True)
class RunState:
    """How far an open run is, in the few values that a poll needs."""

    status: str
    findings: int

    def __str__(self) -> str:
        return f"{self.status}.{self.findings}"


def runs_for_lists() -> QuerySet[Run]:
    """Runs with what a row shows; inputs, verdict and secret stay in the database."""
    return Run.objects.select_related("client", "started_by").defer(
        "client__secret", "client__verification", "inputs", "verdict"
    )


def run_page(
    *, client: OAuthClient | None = None, cause: str = "", status: str = "", before: int | None = None
) -> RunPage:
    runs = runs_for_lists().order_by("-id")
    if client is not None:
        runs = runs.filter(client=client)
    if cause:
        runs = runs.filter(cause=cause)
    if status:
        runs = runs.filter(status=status)
    if before is not None:
        runs = runs.filter(id__lt=before)
    found = list(runs[: PAGE_SIZE + 1])
    older = found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None
    return RunPage(found[:PAGE_SIZE], older, is_first=before is None)


def recent_runs(client: OAuthClient | None = None) -> list[Run]:
    return run_page(client=client).runs[:RECENT]


def findings_of(run: Run) -> list[Finding]:
    return list(run.findings.order_by("position"))


def exchanges_of(run: Run) -> list[Exchange]:
    """Without headers and bodies, which are read one exchange at a time."""
    return list(run.exchanges.defer("request_headers", "response_headers", "body").order_by("position"))


def state_of(run: Run) -> RunState:
    return RunState(run.status, run.findings.count())
