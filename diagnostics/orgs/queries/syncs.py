"""Queries for configuration syncs: the current one of each client, and what it found in each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider

STORED_STATES = (ConfigurationSync.State.COMPLETE, ConfigurationSync.State.PARTIAL)


@dataclass(frozen=True)
class SyncState:
    """A client's current sync (`kept`: the newest one that read something) and its newest sync."""

    client: OAuthClient
    kept: ConfigurationSync | None
    newest: ConfigurationSync | None

    @property
    def open(self) -> ConfigurationSync | None:
        return self.newest if self.newest is not None and self.newest.is_open else None

    @property
    def failed(self) -> ConfigurationSync | None:
        """The newest sync, if it failed."""
        is_failed = self.newest is not None and self.newest.state == ConfigurationSync.State.FAILED
        return self.newest if is_failed else None

    @property
    def mark(self) -> str:
        """A value that changes whenever the page would, for polling."""
        newest = self.newest
        return f"{newest.pk}.{newest.state}.{newest.providers}.{newest.changes}" if newest else ""

    def part(self, name: str) -> dict[str, Any]:
        """Return the result of a part of the current sync, or {} if it is unknown."""
        parts = self.kept.parts if self.kept is not None and isinstance(self.kept.parts, list) else []
        return next((part for part in parts if isinstance(part, dict) and part.get("part") == name), {})


@dataclass(frozen=True)
class SourceSummary:
    """A sentence about one source of providers in an org. `offers` is None if it is unknown whether the org has any."""

    source: str
    count: int
    offers: bool | None
    sentence: str


NO_LIST = "No provider list: it is no part of the published API, where cobrowse is set up in web deployments."


@dataclass(frozen=True)
class OrgSources:
    """An org's syncs and its number of current providers by source."""

    reading: SyncState
    counts: dict[str, int]

    @property
    def client(self) -> OAuthClient:
        return self.reading.client

    @property
    def lines(self) -> tuple[SourceSummary, SourceSummary, SourceSummary]:
        return self._gateway(), self._deployments(), self._seen()

    def _gateway(self) -> SourceSummary:
        count, source = self.counts.get(Provider.Source.GATEWAY, 0), Provider.Source.GATEWAY
        if count:
            return SourceSummary(source, count, True, f"{count} in its list.")
        problem = self._problem("gateway")
        if self.client.gateway is None:
            return SourceSummary(source, 0, None, problem or "Whether it has a provider list was not measured yet.")
        if self.client.gateway is False:
            return SourceSummary(source, 0, False, NO_LIST)
        empty = "It has a provider gateway, and no provider of it is known."
        return SourceSummary(source, 0, True, problem or empty)

    def _deployments(self) -> SourceSummary:
        count, source = self.counts.get(Provider.Source.DEPLOYMENT, 0), Provider.Source.DEPLOYMENT
        problem = self._problem("deployments")
        if count:
            return SourceSummary(source, count, True, f"{count} read. {problem}".strip())
        if problem or not self.reading.part("deployments"):
            return SourceSummary(source, 0, None, problem or "Not read yet.")
        return SourceSummary(source, 0, False, "The org has no web deployment, and cobrowse is set up in one.")

    def _seen(self) -> SourceSummary:
        count, source = self.counts.get(Provider.Source.SEEN, 0), Provider.Source.SEEN
        if count:
            return SourceSummary(source, count, True, f"{count} seen on conversations. They are no ids to send.")
        return SourceSummary(source, 0, None, "None seen. A diagnosis of a conversation shows which it names.")

    def _problem(self, name: str) -> str:
        """Return why a part wasn't read completely, or ""."""
        part = self.reading.part(name)
        return "" if part.get("state") in (None, "whole", "absent") else str(part.get("sentence", ""))[:400]


def sync_state_of(client: OAuthClient) -> SyncState:
    return sync_states_of([client])[0]


def sync_states_of(clients: Sequence[OAuthClient]) -> list[SyncState]:
    """Return the sync state of each client, in order. Runs two queries."""
    newest = ConfigurationSync.objects.filter(client=OuterRef("pk")).order_by("-id")
    ids = {
        pk: pair
        for pk, *pair in OAuthClient.objects.filter(pk__in=[client.pk for client in clients]).values_list(
            "pk", Subquery(newest.values("pk")[:1]), Subquery(newest.filter(state__in=STORED_STATES).values("pk")[:1])
        )
    }
    wanted = {pk for pair in ids.values() for pk in pair if pk}
    found = ConfigurationSync.objects.select_related("started_by").defer("permissions", "progress").in_bulk(wanted)
    return [SyncState(client, found.get(ids[client.pk][1]), found.get(ids[client.pk][0])) for client in clients]


def org_sources(clients: Sequence[OAuthClient]) -> list[OrgSources]:
    """Return what each client's org has, in order. Runs three queries."""
    counts: dict[int, dict[str, int]] = {}
    current = Provider.objects.filter(client__in=clients, removed_at=None).order_by()
    for pk, source, count in current.values_list("client", "source").annotate(count=Count("pk")):
        counts.setdefault(pk, {})[source] = count
    return [OrgSources(reading, counts.get(reading.client.pk, {})) for reading in sync_states_of(clients)]
