"""Bounded queries for the impact page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Lower

from diagnostics.accounts.models import User
from diagnostics.genesys.documents.grants import RoleGrant, covering
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, Provider
from diagnostics.orgs.orgs import Org
from diagnostics.orgs.permissions.synced import GRANTS_PART, ClientPermissions
from diagnostics.orgs.queries.providers import mark_of
from diagnostics.orgs.queries.syncs import STORED_STATES
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.runs.models import Run, Watch
from diagnostics.runs.queries.runs import runs_for_lists

CLIENTS_A_PAGE = 25
MAX_RUNS_COUNTED = 1_000
MAX_DEPLOYMENTS_COUNTED = 5_000
RUNS_SHOWN = 8
DEPLOYMENTS_SHOWN = 12
ROWS_PER_DEPLOYMENT = 10  # one for each client that sees it; with more clients, fewer deployments are shown
MATCHES_SHOWN = 12
NAMES_SHOWN = 8
SCHEDULES_SHOWN = 12
DEFERRED = ("client__secret", "client__verification", "settings", "search_text")
NO_HIDDEN_ROLES = "[]"  # as JSON text


@dataclass(frozen=True)
class Impact:
    """The deployments, active schedules, watches and runs of some clients. Counts stop at the maximum plus one."""

    deployments: int
    deployments_on: int
    shown_deployments: Sequence[Provider]
    synced_clients: int
    next_sync_at: datetime | None
    watches: int
    schedules: int
    shown_schedules: Sequence[Schedule]
    runs: Sequence[Run]
    run_count: int

    @property
    def deployments_are_counted(self) -> bool:
        return self.deployments <= MAX_DEPLOYMENTS_COUNTED

    @property
    def runs_are_counted(self) -> bool:
        return self.run_count <= MAX_RUNS_COUNTED


@dataclass(frozen=True)
class UnknownClients:
    """Clients that may hold a permission: never synced, refused, or with roles that the org doesn't show."""

    count: int
    names: tuple[str, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.names)


def active_clients(viewer: User | None, org: Org | None = None) -> QuerySet[OAuthClient]:
    """Return the active clients that the viewer can see, of one org or of all. The other queries are limited to these."""
    clients = visible_clients(viewer).filter(retired_at=None).defer("secret", "verification")
    return clients if org is None else clients.filter(pk__in=org.pks)


def clients_with_permission(permission: str, clients: QuerySet[OAuthClient]) -> QuerySet[OAuthClient]:
    """Return the clients that held the permission, including by wildcard, at their latest sync."""
    held = HeldPermission.objects.filter(client=OuterRef("pk"), permission__in=covering(permission))
    return clients.filter(Exists(held)).order_by("name")


def client_page(clients: QuerySet[OAuthClient], number: str | None) -> Page[OAuthClient]:
    return Paginator(clients, CLIENTS_A_PAGE).get_page(number)


def permissions_of_clients(clients: Sequence[OAuthClient], permissions: Iterable[str]) -> dict[int, ClientPermissions]:
    """Return which of the permissions each client holds. Runs two queries.

    `grants` is None for a client whose grants were never read, and empty for one that holds none of the permissions.
    """
    wanted = {policy for permission in permissions for policy in covering(permission)}
    ids = [client.pk for client in clients]
    grants: dict[int, list[RoleGrant]] = {pk: [] for pk in ids}
    rows = HeldPermission.objects.filter(client__in=ids, permission__in=wanted)
    for held in rows.order_by("role", "division_name"):
        policy, none = frozenset({held.permission}), frozenset[str]()
        policies, conditional = (none, policy) if held.is_conditional else (policy, none)
        grants[held.client_id].append(RoleGrant(held.role, held.division, held.division_name, policies, conditional))
    results = _with_latest_sync(OAuthClient.objects.filter(pk__in=ids)).values_list("pk", "grants_result", "hidden")
    return {
        pk: ClientPermissions(
            grants=tuple(grants[pk]) if grants[pk] or result == "ok" else None,
            unread_roles=() if hidden in (None, NO_HIDDEN_ROLES) else ("(not shown)",),
        )
        for pk, result, hidden in results
    }


def count_clients_with_permissions(permissions: Sequence[str], clients: QuerySet[OAuthClient]) -> dict[str, int]:
    """Count the clients that hold each permission."""
    policies = {permission: covering(permission) for permission in permissions}
    wanted = {policy for found in policies.values() for policy in found}
    rows = HeldPermission.objects.filter(permission__in=wanted, client__in=_pks(clients)).order_by()
    holders: dict[str, set[int]] = {}
    for policy, client in rows.values_list("permission", "client_id").distinct():
        holders.setdefault(policy, set()).add(client)
    return {
        permission: len(set().union(*(holders.get(policy, set()) for policy in found)))
        for permission, found in policies.items()
    }


def clients_with_unknown_permission(permission: str, clients: QuerySet[OAuthClient]) -> UnknownClients:
    held = HeldPermission.objects.filter(client=OuterRef("pk"), permission__in=covering(permission))
    others = _with_latest_sync(clients.filter(~Exists(held)))
    has_hidden_roles = Q(hidden__isnull=False) & ~Q(hidden=NO_HIDDEN_ROLES)
    unread = others.filter(Q(grants_result=None) | ~Q(grants_result="ok") | has_hidden_roles)
    names = list(unread.order_by("name").values_list("name", flat=True))
    return UnknownClients(len(names), tuple(names[:NAMES_SHOWN]))


def _with_latest_sync(clients: QuerySet[OAuthClient]) -> QuerySet[Any]:
    """Annotate `grants_result` and the `hidden` roles (JSON text) of each client's newest sync, None without one."""
    newest = (
        ConfigurationSync.objects.filter(client=OuterRef("pk"), state__in=STORED_STATES)
        .exclude(permissions={})
        .order_by("-id")
    )
    result = newest.annotate(result=KeyTextTransform(GRANTS_PART, KeyTransform("read", "permissions")))
    hidden = newest.annotate(hidden=KeyTextTransform("unread_roles", "permissions"))
    return clients.annotate(
        grants_result=Subquery(result.values("result")[:1]), hidden=Subquery(hidden.values("hidden")[:1])
    )


def deployment_counts(clients: Iterable[OAuthClient]) -> dict[int, tuple[int, int]]:
    """Count each client's web deployments, and those with cobrowse on."""
    rows = _deployments().filter(client__in=[client.pk for client in clients]).order_by().values_list("client_id")
    return {pk: (count, on) for pk, count, on in rows.annotate(count=Count("pk"), on=_count_on("pk"))}


def impact_of(clients: QuerySet[OAuthClient], runs: QuerySet[Run]) -> Impact:
    """Count what depends on the clients. A deployment that several clients of an org found counts once. Runs eight queries."""
    ids = clients.order_by().values("pk")
    deployments = _deployments().filter(client__in=ids)
    limited = deployments.order_by()[: MAX_DEPLOYMENTS_COUNTED + 1]
    counted = limited.aggregate(count=Count("ref", distinct=True), on=_count_on("ref", distinct=True))
    times = clients.order_by().aggregate(synced=Count("next_sync_at"), next=Min("next_sync_at"))
    active = Schedule.objects.filter(client__in=ids, paused_at=None).exclude(next_run_at=None)
    rows = deployments.select_related("client").defer(*DEFERRED).order_by(Lower("name"), "id")
    shown: dict[str, Provider] = {}
    for row in rows[: DEPLOYMENTS_SHOWN * ROWS_PER_DEPLOYMENT]:
        shown.setdefault(row.ref, row)
    return Impact(
        deployments=counted["count"],
        deployments_on=counted["on"],
        shown_deployments=list(shown.values())[:DEPLOYMENTS_SHOWN],
        synced_clients=times["synced"],
        next_sync_at=times["next"],
        watches=Watch.objects.filter(state=Watch.State.WATCHING, run__client__in=ids).count(),
        schedules=active.count(),
        shown_schedules=list(
            active.select_related("client").defer("client__secret", "inputs").order_by("next_run_at")[:SCHEDULES_SHOWN]
        ),
        runs=list(runs.order_by("-id")[:RUNS_SHOWN]),
        run_count=runs.order_by("-id")[: MAX_RUNS_COUNTED + 1].count(),
    )


def runs_with_permission(permission: str, viewer: User | None, org: Org | None) -> QuerySet[Run]:
    """Return runs whose call needed the permission, or whose client lacked it."""
    runs = visible_rows(runs_for_lists(), viewer)
    return (runs if org is None else runs.filter(client__in=org.pks)).filter(
        search_keys__contains=[f"permission:{permission.lower()}"]
    )


def runs_with_provider(provider: Provider, clients: QuerySet[OAuthClient]) -> QuerySet[Run]:
    return runs_for_lists().filter(
        search_keys__contains=[mark_of(provider)], client__in=clients.order_by().values("pk")
    )


def clients_with_provider(provider: Provider, viewer: User | None) -> QuerySet[OAuthClient]:
    """Return active clients of the provider's org that found the provider, including its own client."""
    same = Provider.objects.filter(client=OuterRef("pk"), source=provider.source, ref=provider.ref)
    return active_clients(viewer).filter(Exists(same), _same_org(provider.client)).order_by("name")


def providers_by_client(provider: Provider, clients: Iterable[OAuthClient]) -> dict[int, Provider]:
    """Return each client's row of the same provider."""
    rows = Provider.objects.filter(
        client__in=[client.pk for client in clients], source=provider.source, ref=provider.ref
    )
    return {row.client_id: row for row in rows.defer("settings")}


def providers_with_same_id(provider: Provider, viewer: User | None) -> list[Provider]:
    """Return unrelated providers with the same ID: of other orgs, or of another source."""
    rows = visible_rows(Provider.objects.filter(ref=provider.ref, client__retired_at=None, removed_at=None), viewer)
    others = rows.exclude(_same_org(provider.client, "client__"), source=provider.source)
    return list(
        others.select_related("client")
        .defer("client__secret", "settings")
        .order_by("client__name", "pk")[:MATCHES_SHOWN]
    )


def search_permissions(text: str, clients: QuerySet[OAuthClient]) -> list[str]:
    """Return the held policies, in lower case, that contain all terms."""
    rows = HeldPermission.objects.filter(client__in=_pks(clients)).order_by("permission")
    for term in text.lower().split():
        rows = rows.filter(permission__contains=term)
    return list(rows.values_list("permission", flat=True).distinct()[:MATCHES_SHOWN])


def search_providers(text: str, clients: QuerySet[OAuthClient]) -> list[Provider]:
    rows = Provider.objects.filter(client__in=_pks(clients), removed_at=None)
    for term in text.split():
        rows = rows.filter(search_text__contains=Lower(Value(term)))
    return list(rows.select_related("client").defer(*DEFERRED).order_by("pk")[:MATCHES_SHOWN])


def _pks(clients: QuerySet[OAuthClient]) -> QuerySet[Any]:
    return clients.order_by().values("pk")


def _same_org(client: OAuthClient, prefix: str = "") -> Q:
    """Match the client and clients of the same org. If the org is unknown, match only the client."""
    same = Q(**{f"{prefix}pk": client.pk})
    return same | Q(**{f"{prefix}org_id": client.org_id}) if client.org_id else same


def _deployments() -> QuerySet[Provider]:
    return Provider.objects.filter(source=Provider.Source.DEPLOYMENT, removed_at=None)


def _count_on(field: str, *, distinct: bool = False) -> Any:
    return Count(F(field), filter=Q(state=Provider.State.ON), distinct=distinct)
