"""Queries for configuration syncs: the current one of each client, and what it found in each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.orgs import Org

# Source of providers -> the part of a sync that reads it.
PARTS = {Provider.Source.DEPLOYMENT: "deployments", Provider.Source.GATEWAY: "gateway"}
STORED_STATES = (ConfigurationSync.State.COMPLETE, ConfigurationSync.State.PARTIAL)


@dataclass(frozen=True)
class SyncState:
    """A client's current sync (the newest one that read something) and its newest sync."""

    client: OAuthClient
    current: ConfigurationSync | None
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
        parts = self.current.parts if self.current is not None and isinstance(self.current.parts, list) else []
        return next((part for part in parts if isinstance(part, dict) and part.get("part") == name), {})


@dataclass(frozen=True)
class SourceSummary:
    """A sentence about one source of providers in an org. `is_available` is None if it isn't known whether the org has it."""

    source: str
    title: str
    count: int
    is_available: bool | None
    sentence: str


@dataclass(frozen=True)
class OrgSources:
    """Where an org's providers come from: the sync that found them, and a line about each source."""

    sync_state: SyncState
    lines: list[SourceSummary]


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


def sources_of(org: Org) -> OrgSources:
    """Return the sources of the org's providers. A provider that several clients found counts once."""
    states = sync_states_of(org.clients)
    newest = max(states, key=lambda state: state.current.pk if state.current else 0)
    current = Provider.objects.filter(client__in=org.pks, removed_at=None).order_by()
    counts = dict(current.values_list("source").annotate(count=Count("ref", distinct=True)))
    sources = (Provider.Source.DEPLOYMENT, Provider.Source.GATEWAY, Provider.Source.ON_CONVERSATION)
    return OrgSources(newest, [_source_summary(source, counts.get(source, 0), newest) for source in sources])


def _source_summary(source: Provider.Source, count: int, state: SyncState) -> SourceSummary:
    part = state.part(PARTS.get(source, ""))
    # Why it wasn't read completely.
    problem = "" if part.get("state") in (None, "whole", "absent") else str(part.get("sentence", ""))[:400]
    is_available: bool | None = None
    if source == Provider.Source.ON_CONVERSATION:
        sentence = "None seen yet. Diagnose a conversation to see which one it names."
        if count:
            sentence = f"{count} seen on conversations (don't use these as providerId)."
    elif count:
        is_available, sentence = True, f"{count}. {problem}" if problem else str(count)
    elif problem:
        sentence = problem
    elif source == Provider.Source.GATEWAY:
        is_available = state.client.gateway
        sentences = {None: "Not checked yet.", True: "The gateway lists no provider.", False: "No provider gateway."}
        sentence = sentences[is_available]
    elif part:
        is_available, sentence = False, "No web deployments. Cobrowse is set up in a web deployment."
    else:
        sentence = "Not synced yet."
    return SourceSummary(source, str(source.label), count, is_available, sentence)
