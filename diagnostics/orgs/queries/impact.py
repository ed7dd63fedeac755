"""Reads of what hangs on a permission or on a provider. Each is bounded, whatever there is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Lower

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, Provider
from diagnostics.orgs.permissions.synced import GRANTS_READ, Given, Rights, covering
from diagnostics.orgs.queries.providers import mark_of
from diagnostics.orgs.queries.syncs import KEPT
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.runs.models import Run, Watch
from diagnostics.runs.queries.runs import runs_for_lists

CLIENTS_A_PAGE = 25
MOST_RUNS_COUNTED = 1_000
MOST_DEPLOYMENTS_COUNTED = 5_000
RUNS_SHOWN = 8
DEPLOYMENTS_SHOWN = 12
MATCHES_SHOWN = 12
NAMES_SHOWN = 8
SCHEDULES_SHOWN = 12
HEAVY = ("client__secret", "client__verification", "settings", "words")
NOTHING_HIDDEN = "[]"  # the list of roles that were not shown, as JSON


@dataclass(frozen=True)
class Impact:
    """What belongs to some clients: deployments, what runs for them by itself, and past runs. `schedules` are those that
    are not paused. Counts stop one beyond the most that are counted."""

    deployments: int
    deployments_on: int
    shown_deployments: Sequence[Provider]
    clients_read: int
    next_reading_at: datetime | None
    watches: int
    schedules: int
    shown_schedules: Sequence[Schedule]
    runs: Sequence[Run]
    run_count: int

    @property
    def deployments_are_counted(self) -> bool:
        return self.deployments <= MOST_DEPLOYMENTS_COUNTED

    @property
    def runs_are_counted(self) -> bool:
        return self.run_count <= MOST_RUNS_COUNTED


@dataclass(frozen=True)
class Untold:
    """Clients of which it is not known whether they hold something: never read, refused, or with roles not shown."""

    count: int
    names: tuple[str, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.names)


def holders_of(permission: str, viewer: User | None) -> QuerySet[OAuthClient]:
    """Clients in use that hold the permission, wildcards counted, by the last reading of each."""
    held = HeldPermission.objects.filter(client=OuterRef("pk"), permission__in=covering(permission))
    return _in_use(viewer).filter(Exists(held)).order_by("name")


def client_page(clients: QuerySet[OAuthClient], number: str | None) -> Page[OAuthClient]:
    return Paginator(clients, CLIENTS_A_PAGE).get_page(number)


def held_rights(clients: Sequence[OAuthClient], permissions: Iterable[str]) -> dict[int, Rights]:
    """What each of these clients holds of these permissions, by two queries. A client whose grants were not read is
    told apart from one that holds none of them."""
    wanted = {policy for each in permissions for policy in covering(each)}
    ids = [client.pk for client in clients]
    given: dict[int, list[Given]] = {pk: [] for pk in ids}
    rows = HeldPermission.objects.filter(client__in=ids, permission__in=wanted)
    for each in rows.order_by("role", "division_name"):
        policy, none = frozenset({each.permission}), frozenset[str]()
        free, narrowed = (none, policy) if each.condition else (policy, none)
        given[each.client_id].append(Given(each.role, each.division, each.division_name, free, narrowed))
    told = _with_reading(OAuthClient.objects.filter(pk__in=ids)).values_list("pk", "said", "hidden")
    return {
        pk: Rights(
            grants=tuple(given[pk]) if given[pk] or said == "ok" else None,
            unread_roles=() if hidden in (None, NOTHING_HIDDEN) else ("(not shown)",),
        )
        for pk, said, hidden in told
    }


def holder_counts(permissions: Sequence[str], viewer: User | None) -> dict[str, int]:
    """How many clients in use hold each of them."""
    policies = {each: covering(each) for each in permissions}
    wanted = {policy for found in policies.values() for policy in found}
    rows = visible_rows(
        HeldPermission.objects.filter(permission__in=wanted, client__retired_at=None), viewer
    ).order_by()
    holders: dict[str, set[int]] = {}
    for policy, client in rows.values_list("permission", "client_id").distinct():
        holders.setdefault(policy, set()).add(client)
    return {name: len(set().union(*(holders.get(each, set()) for each in found))) for name, found in policies.items()}


def untold_holders(permission: str, viewer: User | None) -> Untold:
    held = HeldPermission.objects.filter(client=OuterRef("pk"), permission__in=covering(permission))
    others = _with_reading(_in_use(viewer).filter(~Exists(held)))
    veiled = Q(hidden__isnull=False) & ~Q(hidden=NOTHING_HIDDEN)
    unread = others.filter(Q(said=None) | ~Q(said="ok") | veiled)
    names = list(unread.order_by("name").values_list("name", flat=True))
    return Untold(len(names), tuple(names[:NAMES_SHOWN]))


def _with_reading(clients: QuerySet[OAuthClient]) -> QuerySet[Any]:
    """With `said` of the grants and the `hidden` roles of each client's newest reading, as JSON text, None without one."""
    newest = ConfigurationSync.objects.filter(client=OuterRef("pk"), state__in=KEPT).exclude(rights={}).order_by("-id")
    said = newest.annotate(said=KeyTextTransform(GRANTS_READ, KeyTransform("read", "rights")))
    hidden = newest.annotate(hidden=KeyTextTransform("unread_roles", "rights"))
    return clients.annotate(said=Subquery(said.values("said")[:1]), hidden=Subquery(hidden.values("hidden")[:1]))


def deployment_counts(clients: Iterable[OAuthClient]) -> dict[int, tuple[int, int]]:
    """By client: its web deployments, and those of them with cobrowse on."""
    rows = _deployments().filter(client__in=[each.pk for each in clients]).order_by().values_list("client_id")
    return {pk: (count, on) for pk, count, on in rows.annotate(count=Count("pk"), on=_count_on("pk"))}


def impact_of(clients: QuerySet[OAuthClient], runs: QuerySet[Run]) -> Impact:
    """Eight queries. The same deployment told by several clients of one org counts once."""
    ids = clients.order_by().values("pk")
    there = _deployments().filter(client__in=ids)
    some = there.order_by()[: MOST_DEPLOYMENTS_COUNTED + 1]
    counted = some.aggregate(count=Count("ref", distinct=True), on=_count_on("ref", distinct=True))
    times = clients.order_by().aggregate(read=Count("next_reading_at"), next=Min("next_reading_at"))
    going = Schedule.objects.filter(client__in=ids, paused_at=None).exclude(next_run_at=None)
    shown = there.select_related("client").defer(*HEAVY)
    return Impact(
        deployments=counted["count"],
        deployments_on=counted["on"],
        shown_deployments=list(shown.order_by(Lower("name"), "id")[:DEPLOYMENTS_SHOWN]),
        clients_read=times["read"],
        next_reading_at=times["next"],
        watches=Watch.objects.filter(state=Watch.State.WATCHING, run__client__in=ids).count(),
        schedules=going.count(),
        shown_schedules=list(
            going.select_related("client").defer("client__secret", "inputs").order_by("next_run_at")[:SCHEDULES_SHOWN]
        ),
        runs=list(runs.order_by("-id")[:RUNS_SHOWN]),
        run_count=runs.order_by("-id")[: MOST_RUNS_COUNTED + 1].count(),
    )


def runs_needing(permission: str, viewer: User | None) -> QuerySet[Run]:
    """Runs whose call asked for it, or whose client lacked it."""
    return visible_rows(runs_for_lists(), viewer).filter(marks__contains=[f"permission:{permission.lower()}"])


def runs_meeting(provider: Provider, clients: QuerySet[OAuthClient]) -> QuerySet[Run]:
    return runs_for_lists().filter(marks__contains=[mark_of(provider)], client__in=clients.order_by().values("pk"))


def knowing(provider: Provider, viewer: User | None) -> QuerySet[OAuthClient]:
    """Clients in use of the same org whose own reading told the same provider, the one that was asked for among them."""
    same = Provider.objects.filter(client=OuterRef("pk"), source=provider.source, ref=provider.ref)
    return _in_use(viewer).filter(Exists(same), _same_org(provider.client)).order_by("name")


def synced_by(provider: Provider, clients: Iterable[OAuthClient]) -> dict[int, Provider]:
    """The same provider as each of these clients told it."""
    rows = Provider.objects.filter(client__in=[each.pk for each in clients], source=provider.source, ref=provider.ref)
    return {each.client_id: each for each in rows.defer("settings")}


def namesakes(provider: Provider, viewer: User | None) -> list[Provider]:
    """Providers of other orgs, or of another source, with the same id: they share the word and nothing else."""
    rows = visible_rows(Provider.objects.filter(ref=provider.ref, client__retired_at=None, gone_at=None), viewer)
    others = rows.exclude(_same_org(provider.client, "client__"), source=provider.source)
    return list(
        others.select_related("client")
        .defer("client__secret", "settings")
        .order_by("client__name", "pk")[:MATCHES_SHOWN]
    )


def permissions_like(words: str, viewer: User | None) -> list[str]:
    """Policies that clients hold with these words in them, as the readings keep them."""
    rows = visible_rows(HeldPermission.objects.filter(client__retired_at=None), viewer).order_by("permission")
    for word in words.lower().split():
        rows = rows.filter(permission__contains=word)
    return list(rows.values_list("permission", flat=True).distinct()[:MATCHES_SHOWN])


def providers_like(words: str, viewer: User | None) -> list[Provider]:
    rows = visible_rows(Provider.objects.filter(client__retired_at=None, gone_at=None), viewer)
    for word in words.split():
        rows = rows.filter(words__contains=Lower(Value(word)))
    return list(rows.select_related("client").defer(*HEAVY).order_by("pk")[:MATCHES_SHOWN])


def _in_use(viewer: User | None) -> QuerySet[OAuthClient]:
    return visible_clients(viewer).filter(retired_at=None).defer("secret", "verification")


def _same_org(client: OAuthClient, prefix: str = "") -> Q:
    """Where the org is not known, a client is only known to share it with itself."""
    same = Q(**{f"{prefix}pk": client.pk})
    return same | Q(**{f"{prefix}org_id": client.org_id}) if client.org_id else same


def _deployments() -> QuerySet[Provider]:
    return Provider.objects.filter(source=Provider.Source.DEPLOYMENT, gone_at=None)


def _count_on(field: str, *, distinct: bool = False) -> Any:
    return Count(F(field), filter=Q(state=Provider.State.ON), distinct=distinct)
