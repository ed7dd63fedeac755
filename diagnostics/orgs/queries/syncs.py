"""Reads of readings: how old what is known of an org is, who had it read, and what it told or did not tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider

KEPT = (ConfigurationSync.State.WHOLE, ConfigurationSync.State.PARTIAL)


@dataclass(frozen=True)
class SyncState:
    """The reading that is in force for a client, and the newest one where that is open or told nothing."""

    client: OAuthClient
    kept: ConfigurationSync | None
    newest: ConfigurationSync | None

    @property
    def open(self) -> ConfigurationSync | None:
        return self.newest if self.newest is not None and self.newest.is_open else None

    @property
    def failed(self) -> ConfigurationSync | None:
        """The newest reading, where it came to nothing."""
        failed = self.newest is not None and self.newest.state == ConfigurationSync.State.FAILED
        return self.newest if failed else None

    @property
    def mark(self) -> str:
        """Differs whenever the page would."""
        newest = self.newest
        return f"{newest.pk}.{newest.state}.{newest.providers}.{newest.changes}" if newest else ""

    def part(self, name: str) -> dict[str, Any]:
        """How a part of the reading in force ended; {} where it is not known."""
        parts = self.kept.parts if self.kept is not None and isinstance(self.kept.parts, list) else []
        return next((each for each in parts if isinstance(each, dict) and each.get("part") == name), {})


@dataclass(frozen=True)
class SourceLine:
    """What an org told of one source. `offers` is None where it is not known whether the org has such a thing at all."""

    source: str
    count: int
    offers: bool | None
    sentence: str


NO_LIST = "No provider list: it is no part of the published API, where cobrowse is set up in web deployments."


@dataclass(frozen=True)
class OrgWord:
    """What one org told: its reading, and how many providers of each source are there now."""

    reading: SyncState
    counts: dict[str, int]

    @property
    def client(self) -> OAuthClient:
        return self.reading.client

    @property
    def lines(self) -> tuple[SourceLine, SourceLine, SourceLine]:
        return self._gateway(), self._deployments(), self._seen()

    @property
    def tells_nothing(self) -> bool:
        return not sum(self.counts.values())

    def _gateway(self) -> SourceLine:
        count, source = self.counts.get(Provider.Source.GATEWAY, 0), Provider.Source.GATEWAY
        if count:
            return SourceLine(source, count, True, f"{count} in its list.")
        said = self._trouble("gateway")
        if self.client.gateway is None:
            return SourceLine(source, 0, None, said or "Whether it has a provider list was not measured yet.")
        if self.client.gateway is False:
            return SourceLine(source, 0, False, NO_LIST)
        empty = "It has a provider gateway, and no provider of it is known."
        return SourceLine(source, 0, True, said or empty)

    def _deployments(self) -> SourceLine:
        count, source = self.counts.get(Provider.Source.DEPLOYMENT, 0), Provider.Source.DEPLOYMENT
        said = self._trouble("deployments")
        if count:
            return SourceLine(source, count, True, f"{count} read. {said}".strip())
        if said or not self.reading.part("deployments"):
            return SourceLine(source, 0, None, said or "Not read yet.")
        return SourceLine(source, 0, False, "The org has no web deployment, and cobrowse is set up in one.")

    def _seen(self) -> SourceLine:
        count, source = self.counts.get(Provider.Source.SEEN, 0), Provider.Source.SEEN
        if count:
            return SourceLine(source, count, True, f"{count} seen on conversations. They are no ids to send.")
        return SourceLine(source, 0, None, "None seen. A diagnosis of a conversation shows which it names.")

    def _trouble(self, name: str) -> str:
        """Why a part was not read whole, "" where it was."""
        part = self.reading.part(name)
        return "" if part.get("state") in (None, "whole", "absent") else str(part.get("sentence", ""))[:400]


def reading_of(client: OAuthClient) -> SyncState:
    return readings_of([client])[0]


def readings_of(clients: Sequence[OAuthClient]) -> list[SyncState]:
    """One for each client, in their order, by two queries."""
    newest = ConfigurationSync.objects.filter(client=OuterRef("pk")).order_by("-id")
    ids = {
        pk: pair
        for pk, *pair in OAuthClient.objects.filter(pk__in=[each.pk for each in clients]).values_list(
            "pk", Subquery(newest.values("pk")[:1]), Subquery(newest.filter(state__in=KEPT).values("pk")[:1])
        )
    }
    wanted = {pk for pair in ids.values() for pk in pair if pk}
    found = ConfigurationSync.objects.select_related("started_by").defer("rights", "progress").in_bulk(wanted)
    return [SyncState(each, found.get(ids[each.pk][1]), found.get(ids[each.pk][0])) for each in clients]


def org_lines(clients: Sequence[OAuthClient]) -> list[OrgWord]:
    """What each of these orgs told, by three queries however many they are."""
    counts: dict[int, dict[str, int]] = {}
    told = Provider.objects.filter(client__in=clients, gone_at=None).order_by()
    for pk, source, count in told.values_list("client", "source").annotate(count=Count("pk")):
        counts.setdefault(pk, {})[source] = count
    return [OrgWord(reading, counts.get(reading.client.pk, {})) for reading in readings_of(clients)]
