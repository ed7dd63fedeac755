"""Queries for configuration syncs: the current one of each client, and what it found in each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.orgs import Org

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
    """Where an org's providers come from: the sync that found them, and the number of current ones by source."""

    sync_state: SyncState
    counts: dict[str, int]

    @property
    def lines(self) -> tuple[SourceSummary, SourceSummary, SourceSummary]:
        return (
            self._line(Provider.Source.DEPLOYMENT, "deployments", *self._deployments()),
            self._line(Provider.Source.GATEWAY, "gateway", *self._gateway()),
            self._line(
                Provider.Source.ON_CONVERSATION,
                "",
                None,
                "None seen yet. Diagnose a conversation to see which one it names.",
            ),
        )

    def _line(self, source: Provider.Source, part: str, is_available: bool | None, sentence: str) -> SourceSummary:
        count, problem = self.counts.get(source, 0), self._problem(part)
        if source == Provider.Source.ON_CONVERSATION and count:
            sentence = f"{count} seen on conversations (don't use these as providerId)."
        elif count:
            is_available, sentence = True, f"{count}. {problem}" if problem else str(count)
        elif problem:
            is_available, sentence = None, problem
        return SourceSummary(source, str(source.label), count, is_available, sentence)

    def _gateway(self) -> tuple[bool | None, str]:
        has_gateway = self.sync_state.client.gateway
        if has_gateway is None:
            return None, "Not checked yet."
        return has_gateway, "The gateway lists no provider." if has_gateway else "No provider gateway."

    def _deployments(self) -> tuple[bool | None, str]:
        if not self.sync_state.part("deployments"):
            return None, "Not synced yet."
        return False, "No web deployments. Cobrowse is set up in a web deployment."

    def _problem(self, name: str) -> str:
        """Return why a part wasn't read completely, or ""."""
        part = self.sync_state.part(name)
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


def sources_of(org: Org) -> OrgSources:
    """Return the sources of the org's providers. A provider that several clients found counts once."""
    states = sync_states_of(org.clients)
    newest = max(states, key=lambda state: state.current.pk if state.current else 0)
    current = Provider.objects.filter(client__in=org.pks, removed_at=None).order_by()
    counts = dict(current.values_list("source").annotate(count=Count("ref", distinct=True)))
    return OrgSources(newest, counts)
