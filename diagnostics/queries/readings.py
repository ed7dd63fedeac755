"""Reads of readings: how old what is known of an org is, who had it read, and what it told or did not tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from diagnostics.models import OAuthClient, Provider, Snapshot

KEPT = (Snapshot.State.WHOLE, Snapshot.State.PARTIAL)


@dataclass(frozen=True)
class Reading:
    """The reading that is in force for a client, and the newest one where that is open or told nothing."""

    client: OAuthClient
    kept: Snapshot | None
    newest: Snapshot | None

    @property
    def open(self) -> Snapshot | None:
        return self.newest if self.newest is not None and self.newest.is_open else None

    @property
    def failed(self) -> Snapshot | None:
        """The newest reading, where it came to nothing."""
        failed = self.newest is not None and self.newest.state == Snapshot.State.FAILED
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
class OrgWord:
    """What one org told: its reading, and how many providers of each source are there now."""

    reading: Reading
    counts: dict[str, int]

    @property
    def client(self) -> OAuthClient:
        return self.reading.client


def reading_of(client: OAuthClient) -> Reading:
    return readings_of([client])[0]


def readings_of(clients: Sequence[OAuthClient]) -> list[Reading]:
    """One for each client, in their order, by two queries."""
    newest = Snapshot.objects.filter(client=OuterRef("pk")).order_by("-id")
    ids = {
        pk: pair
        for pk, *pair in OAuthClient.objects.filter(pk__in=[each.pk for each in clients]).values_list(
            "pk", Subquery(newest.values("pk")[:1]), Subquery(newest.filter(state__in=KEPT).values("pk")[:1])
        )
    }
    wanted = {pk for pair in ids.values() for pk in pair if pk}
    found = Snapshot.objects.select_related("started_by").defer("rights", "progress").in_bulk(wanted)
    return [Reading(each, found.get(ids[each.pk][1]), found.get(ids[each.pk][0])) for each in clients]


def org_words(clients: Sequence[OAuthClient]) -> list[OrgWord]:
    """What each of these orgs told, by three queries however many they are."""
    counts: dict[int, dict[str, int]] = {}
    told = Provider.objects.filter(client__in=clients, gone_at=None).order_by()
    for pk, source, count in told.values_list("client", "source").annotate(count=Count("pk")):
        counts.setdefault(pk, {})[source] = count
    return [OrgWord(reading, counts.get(reading.client.pk, {})) for reading in readings_of(clients)]
