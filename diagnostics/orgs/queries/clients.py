"""Reads of OAuth clients: for each whether cobrowse could work, and the few facts that tell how sure that is."""

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
TIER_UNSAID = "unsaid"  # the tier of a client of which nobody said one, where a name is needed
CLIENT_STATUSES = (OAuthClient.Standing.BROKEN, OAuthClient.Standing.UNKNOWN, OAuthClient.Standing.WORKS)
TIERS = (
    OAuthClient.Tier.PRODUCTION,
    OAuthClient.Tier.UNSAID,
    OAuthClient.Tier.SANDBOX,
    OAuthClient.Tier.DEVELOPMENT,
)
KEPT = (ConfigurationSync.State.WHOLE, ConfigurationSync.State.PARTIAL)
OPEN = (ConfigurationSync.State.QUEUED, ConfigurationSync.State.READING, ConfigurationSync.State.WAITING)


@dataclass(frozen=True)
class ClientFilter:
    """Which clients, in which order, and which page of them. "" leaves all."""

    q: str = ""
    standing: str = ""
    tier: str = ""
    sort: str = "need"
    page: int = 1
    retired: bool = False


@dataclass(frozen=True)
class ClientRow:
    """`read_at` is when the reading that is in force ended. `since_at_least` is true where nobody looked before: it may
    have been so for longer."""

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
    """One page of the clients asked for. `counts` are by standing, of those that the other filters leave."""

    rows: list[ClientRow]
    counts: dict[str, int]
    found: int
    page: int
    pages: int


def client_page(asked: ClientFilter, viewer: User | None) -> ClientPage:
    """Five queries, however many clients there are. A page past the last one is the last one."""
    among = _narrowed(asked, viewer)
    counted = dict(among.order_by().values_list("standing").annotate(how_many=Count("id")))
    counts = {standing.value: counted.get(standing.value, 0) for standing in CLIENT_STATUSES}
    found = counts.get(asked.standing, 0) if asked.standing else sum(counts.values())
    pages = max(1, ceil(found / CLIENTS_A_PAGE))
    page = min(asked.page, pages)
    if asked.standing:
        among = among.filter(standing=asked.standing)
    ordered = among.order_by(*_order(asked.sort)).values_list("pk", flat=True)
    return ClientPage(
        _rows(list(ordered[(page - 1) * CLIENTS_A_PAGE : page * CLIENTS_A_PAGE])), counts, found, page, pages
    )


def _narrowed(asked: ClientFilter, viewer: User | None) -> QuerySet[OAuthClient]:
    clients = visible_clients(viewer).filter(retired_at__isnull=not asked.retired)
    if asked.tier:
        clients = clients.filter(tier="" if asked.tier == TIER_UNSAID else asked.tier)
    if asked.q:
        words = Q(name__icontains=asked.q) | Q(org_name__icontains=asked.q) | Q(region__icontains=asked.q)
        clients = clients.filter(words | Q(client_id__iexact=asked.q) | Q(org_id__iexact=asked.q))
    return clients


def _order(sort: str) -> list[str | Combinable]:
    by_name: list[str | Combinable] = [Lower("name"), "pk"]
    since = F("standing_since")
    if sort == "name":
        return by_name
    if sort == "since":
        return [since.asc(nulls_last=True), *by_name]
    return [_sort_rank("standing", CLIENT_STATUSES), _sort_rank("tier", TIERS), since.desc(nulls_last=True), *by_name]


def _sort_rank(field: str, order: tuple[str, ...]) -> Case:
    """The place of a value in an order of ours."""
    return Case(*(When(**{field: value}, then=Value(place)) for place, value in enumerate(order)))


def _rows(ids: list[int]) -> list[ClientRow]:
    """In the order of the ids. What is counted for each client is looked up for these alone."""
    newest = Run.objects.filter(client=OuterRef("pk")).order_by("-id")
    readings = ConfigurationSync.objects.filter(client=OuterRef("pk")).order_by("-id")
    clients = (
        OAuthClient.objects.filter(pk__in=ids)
        .defer("secret", "verification")
        .annotate(
            last_run_id=Subquery(newest.values("pk")[:1]),
            read_at=Subquery(readings.filter(state__in=KEPT).values("finished_at")[:1]),
            is_being_read=Exists(readings.filter(state__in=OPEN)),
        )
    )
    found = {client.pk: client for client in clients}
    runs = Run.objects.defer("inputs", "verdict", "environment", "marks").in_bulk(
        [client.last_run_id for client in found.values() if client.last_run_id]
    )
    first_looks = set(
        OrgChange.objects.filter(
            client__in=ids, about=OrgChange.About.STANDING, not_before=None, at=F("client__standing_since")
        ).values_list("client_id", flat=True)
    )
    return [
        ClientRow(client, runs.get(client.last_run_id), client.read_at, client.is_being_read, pk in first_looks)
        for pk in ids
        if (client := found.get(pk))
    ]
