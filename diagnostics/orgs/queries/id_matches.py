"""Compares a providerId with the provider list of each org's gateway."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from diagnostics.accounts.models import User
from diagnostics.checks.provider_ids import Likeness, Match, match_id
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows

MAX_LISTED = 20_000
ELSEWHERE_SHOWN = 20
MATCH_PAGE = 40
SHOWN = ("name", "region", "environment", "org_id", "org_name", "gateway")


class MatchKind(StrEnum):
    """How an ID matches an org's provider list, in the order in which orgs are shown."""

    EXACT = "exact"
    OFF = "off"
    OTHER_CASE = "other_case"
    NAME = "name"
    NEAR = "near"
    GONE = "gone"
    NONE = "none"
    UNREAD = "unread"
    UNKNOWN = "unknown"
    NOT_USED = "not_used"


@dataclass(frozen=True)
class OrgMatch:
    """The result for one org. `nearest` is the ID to send, in the org's spelling, or "" if there is none.

    `also` are other clients of the same org with the same result.
    """

    client: OAuthClient
    kind: MatchKind
    nearest: str = ""
    provider_pk: int | None = None
    removed_at: datetime | None = None
    ids: tuple[str, ...] = ()
    also: tuple[OAuthClient, ...] = ()


@dataclass(frozen=True)
class Matches:
    """The results of all orgs, best first, and providers of other sources with exactly this ID."""

    orgs: list[OrgMatch]
    elsewhere: list[Provider]

    @property
    def counts(self) -> list[tuple[MatchKind, int]]:
        kinds = [match.kind for match in self.orgs]
        return [(kind, kinds.count(kind)) for kind in MatchKind if kind in kinds]


def find_matches(wanted: str, viewer: User | None) -> Matches:
    """Match the ID against every org that the viewer can see. Runs three queries."""
    clients = visible_clients(viewer).filter(retired_at=None).only(*SHOWN)
    listed = _listed_by_client(viewer)
    cache: dict[tuple[str, ...], Match] = {}
    found = [_org_match(wanted, client, listed.get(client.pk, []), cache) for client in clients.order_by("name")]
    providers = visible_rows(Provider.objects.exclude(source=Provider.Source.GATEWAY), viewer)
    other = providers.filter(ref=wanted.strip(), client__retired_at=None)
    elsewhere = other.select_related("client").defer("client__secret", "client__verification", "settings")
    order = list(MatchKind)
    orgs = sorted(_by_org(found), key=lambda match: (order.index(match.kind), match.client.name.lower()))
    return Matches(orgs, list(elsewhere[:ELSEWHERE_SHOWN]))


def _by_org(matches: list[OrgMatch]) -> list[OrgMatch]:
    """Merge equal results of clients of the same org and environment. A client of an unknown org stays separate."""
    groups: dict[tuple[object, ...], list[OrgMatch]] = {}
    for match in matches:
        client = match.client
        org = (client.region, client.org_id) if client.org_id else client.pk
        groups.setdefault((org, client.environment, match.kind, match.nearest, match.ids), []).append(match)
    return [
        replace(first, also=tuple(match.client for match in others)) if others else first
        for first, *others in groups.values()
    ]


def _listed_by_client(viewer: User | None) -> dict[int, list[Any]]:
    """Return the provider list of each client, as rows with the columns that matching needs."""
    rows = visible_rows(Provider.objects.filter(source=Provider.Source.GATEWAY), viewer)
    found: dict[int, list[Any]] = {}
    for row in rows.order_by().values_list("client_id", "pk", "ref", "name", "state", "removed_at", named=True)[
        :MAX_LISTED
    ]:
        found.setdefault(row.client_id, []).append(row)
    return found


def _org_match(wanted: str, client: OAuthClient, listed: list[Any], cache: dict[tuple[str, ...], Match]) -> OrgMatch:
    current = [provider for provider in listed if provider.removed_at is None]
    ids = tuple(sorted(provider.ref for provider in current))
    if not current:
        return _without_a_list(wanted, client, listed)
    if ids not in cache:
        cache[ids] = match_id(wanted, ids)
    match = cache[ids]
    named = next((provider for provider in current if provider.name.strip().lower() == wanted.strip().lower()), None)
    if named is not None and match.likeness in (Likeness.NEAR, Likeness.NONE):
        return OrgMatch(client, MatchKind.NAME, named.ref, named.pk, ids=ids)
    found = next((provider for provider in current if provider.ref == match.nearest), None)
    if found is None:
        removed = next((provider for provider in listed if provider.ref == wanted), None)
        if removed is None:
            return OrgMatch(client, MatchKind.NONE, ids=ids)
        return OrgMatch(client, MatchKind.GONE, "", removed.pk, removed.removed_at, ids)
    is_off = match.likeness == Likeness.EXACT and found.state in (Provider.State.OFF, Provider.State.INACTIVE)
    return OrgMatch(client, MatchKind.OFF if is_off else MatchKind(match.likeness.value), found.ref, found.pk, ids=ids)


def _without_a_list(wanted: str, client: OAuthClient, listed: list[Any]) -> OrgMatch:
    removed = next((provider for provider in listed if provider.ref == wanted), None)
    if removed is not None and client.gateway:
        return OrgMatch(client, MatchKind.GONE, "", removed.pk, removed.removed_at)
    return OrgMatch(
        client, {True: MatchKind.UNREAD, False: MatchKind.NOT_USED, None: MatchKind.UNKNOWN}[client.gateway]
    )
