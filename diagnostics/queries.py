"""Reads: lists, counts, and what belongs to one run or client. No list's number of queries grows with its rows."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from diagnostics.genesys import regions
from diagnostics.models import Exchange, Finding, OAuthClient, Run, User

PAGE_SIZE = 40
RECENT = 8


@dataclass(frozen=True)
class RunPage:
    """One page of runs, newest first. `older` is the id to go on before, None on the last page."""

    runs: list[Run]
    older: int | None
    is_first: bool


@dataclass(frozen=True)
class ClientRow:
    client: OAuthClient
    last_run: Run | None

    @property
    def region_name(self) -> str:
        return region_name(self.client.region)


@dataclass(frozen=True)
class RunState:
    """How far an open run is, in the few values that a poll needs."""

    status: str
    findings: int

    def __str__(self) -> str:
        return f"{self.status}.{self.findings}"


def region_name(key: str) -> str:
    """A region that is no longer configured shows its key."""
    try:
        return regions.region(key).name
    except KeyError:
        return key


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


def client_rows(*, retired: bool = False) -> list[ClientRow]:
    """Clients by name with the run that was started last for each."""
    newest = Run.objects.filter(client=OuterRef("pk")).order_by("-id").values("pk")[:1]
    clients = list(
        OAuthClient.objects.filter(retired_at__isnull=not retired)
        .defer("secret", "verification")
        .annotate(last_run_id=Subquery(newest))
        .order_by("name")
    )
    runs = Run.objects.defer("inputs", "verdict").in_bulk(
        [client.last_run_id for client in clients if client.last_run_id]
    )
    return [ClientRow(client, runs.get(client.last_run_id)) for client in clients]


def findings_of(run: Run) -> list[Finding]:
    return list(run.findings.order_by("position"))


def exchanges_of(run: Run) -> list[Exchange]:
    """Without headers and bodies, which are read one exchange at a time."""
    return list(run.exchanges.defer("request_headers", "response_headers", "body").order_by("position"))


def state_of(run: Run) -> RunState:
    return RunState(run.status, run.findings.count())


def people() -> list[User]:
    """Everybody with an account, those who can sign in first."""
    return list(User.objects.order_by("-is_active", "username"))
