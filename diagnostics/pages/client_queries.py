"""Queries for the client list: status, latest run and latest sync of each client."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

from diagnostics.accounts.models import User
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.orgs.visibility import visible_clients
from diagnostics.runs.models import Run
from diagnostics.web.regions import region_name

CLIENTS_A_PAGE = 25
NO_ENVIRONMENT = "unsaid"  # filter value for clients without an environment
CLIENT_STATUSES = (OAuthClient.Status.BROKEN, OAuthClient.Status.UNKNOWN, OAuthClient.Status.WORKS)
ENVIRONMENTS = (
    OAuthClient.Environment.PRODUCTION,
    OAuthClient.Environment.NOT_SET,
    OAuthClient.Environment.SANDBOX,
    OAuthClient.Environment.DEVELOPMENT,
)
STORED_STATES = (ConfigurationSync.State.COMPLETE, ConfigurationSync.State.PARTIAL)
OPEN = (ConfigurationSync.State.QUEUED, ConfigurationSync.State.READING, ConfigurationSync.State.WAITING)


@dataclass(frozen=True)
class ClientFilter:
    """Filters, sort order and page of the client list; "" means no filter."""

    q: str = ""
    status: str = ""
    environment: str = ""
    sort: str = "need"
    page: int = 1
    retired: bool = False


@dataclass(frozen=True)
class ClientRow:
    """A row of the client list. `read_at` is when the current sync ended.

    `since_at_least` is true if the status comes from the first check, so it may be older than it seems.
    """

    client: OAuthClient
    last_run: Run | None
    read_at: datetime | None
    is_being_read: bool
    since_at_least: bool

    @property
    def region_name(self) -> str:
        return region_name(self.client.region)


@dataclass(frozen=True)
class ClientPage:
    """A page of clients. `counts` are by status, ignoring the status filter."""

    rows: list[ClientRow]
    counts: dict[str, int]
    found: int
    page: int
    pages: int


def client_page(filters: ClientFilter, viewer: User | None) -> ClientPage:
    """Return a page of clients. A page number that is too high returns the last page. Runs five queries."""
    clients = _filtered(filters, viewer)
    counted = dict(clients.order_by().values_list("status").annotate(count=Count("id")))
    counts = {status.value: counted.get(status.value, 0) for status in CLIENT_STATUSES}
    found = counts.get(filters.status, 0) if filters.status else sum(counts.values())
    pages = max(1, ceil(found / CLIENTS_A_PAGE))
    page = min(filters.page, pages)
    if filters.status:
        clients = clients.filter(status=filters.status)
    ordered = clients.order_by(*_order(filters.sort)).values_list("pk", flat=True)
    return ClientPage(
        _rows(list(ordered[(page - 1) * CLIENTS_A_PAGE : page * CLIENTS_A_PAGE])), counts, found, page, pages
    )


def _filtered(filters: ClientFilter, viewer: User | None) -> QuerySet[OAuthClient]:
    clients = visible_clients(viewer).filter(retired_at__isnull=not filters.retired)
    if filters.environment:
        clients = clients.filter(environment="" if filters.environment == NO_ENVIRONMENT else filters.environment)
    if filters.q:
        by_text = Q(name__icontains=filters.q) | Q(org_name__icontains=filters.q) | Q(region__icontains=filters.q)
        clients = clients.filter(by_text | Q(client_id__iexact=filters.q) | Q(org_id__iexact=filters.q))
    return clients


def _order(sort: str) -> list[str | Combinable]:
    by_name: list[str | Combinable] = [Lower("name"), "pk"]
    since = F("status_since")
    if sort == "name":
        return by_name
    if sort == "since":
        return [since.asc(nulls_last=True), *by_name]
    return [
        _sort_rank("status", CLIENT_STATUSES),
        _sort_rank("environment", ENVIRONMENTS),
        since.desc(nulls_last=True),
        *by_name,
    ]


def _sort_rank(field: str, order: tuple[str, ...]) -> Case:
    """Return the position of the field's value in `order`."""
    return Case(*(When(**{field: value}, then=Value(position)) for position, value in enumerate(order)))


def _rows(ids: list[int]) -> list[ClientRow]:
    """Return the rows in the order of the IDs."""
    newest = Run.objects.filter(client=OuterRef("pk")).order_by("-id")
    syncs = ConfigurationSync.objects.filter(client=OuterRef("pk")).order_by("-id")
    clients = (
        OAuthClient.objects.filter(pk__in=ids)
        .defer("secret", "verification")
        .annotate(
            last_run_id=Subquery(newest.values("pk")[:1]),
            read_at=Subquery(syncs.filter(state__in=STORED_STATES).values("finished_at")[:1]),
            is_being_read=Exists(syncs.filter(state__in=OPEN)),
        )
    )
    found = {client.pk: client for client in clients}
    runs = Run.objects.defer("inputs", "verdict", "environment", "marks").in_bulk(
        [client.last_run_id for client in found.values() if client.last_run_id]
    )
    first_checks = set(
        OrgChange.objects.filter(
            client__in=ids, about=OrgChange.About.STATUS, not_before=None, at=F("client__status_since")
        ).values_list("client_id", flat=True)
    )
    return [
        ClientRow(client, runs.get(client.last_run_id), client.read_at, client.is_being_read, pk in first_checks)
        for pk in ids
        if (client := found.get(pk))
    ]
