"""Reads for the paste box: a wanted providerId against what each org's gateway lists."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from diagnostics.accounts.models import User
from diagnostics.checks.provider_ids import Likeness, Match, match_id
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows

MOST_LISTED = 20_000
ELSEWHERE_SHOWN = 20
MATCH_PAGE = 40
SHOWN = ("name", "region", "tier", "org_id", "org_name", "gateway")


class Word(StrEnum):
    """What is said of an id for one org, the order in which the orgs are shown."""

    EXACT = "exact"
    OFF = "off"
    OTHER_CASE = "other_case"
    NAME = "name"
    NEAR = "near"
    GONE = "gone"
    NONE = "none"
    UNREAD = "unread"
    UNKNOWN = "unknown"
    NOT_TAKEN = "not_taken"


@dataclass(frozen=True)
class OrgMatch:
    """The answer for one org. `nearest` is the id to send, in the org's own spelling, "" where there is none.

    `also` are further clients of the same org that know the same; the org is asked through each of them.
    """

    client: OAuthClient
    word: Word
    nearest: str = ""
    provider_pk: int | None = None
    gone_at: datetime | None = None
    ids: tuple[str, ...] = ()
    also: tuple[OAuthClient, ...] = ()

    @property
    def rank(self) -> int:
        return list(Word).index(self.word)


@dataclass(frozen=True)
class Matches:
    """All orgs, the best answer first, and the same string where another source knows it."""

    orgs: list[OrgMatch]
    elsewhere: list[Provider]

    @property
    def counts(self) -> list[tuple[Word, int]]:
        words = [each.word for each in self.orgs]
        return [(word, words.count(word)) for word in Word if word in words]


@dataclass(frozen=True)
class Listed:
    pk: int
    ref: str
    name: str
    state: str
    gone_at: datetime | None


def matches(wanted: str, viewer: User | None, client: OAuthClient | None = None) -> Matches:
    """By three queries, however many orgs there are."""
    clients = visible_clients(viewer).filter(retired_at=None).only(*SHOWN)
    if client is not None:
        clients = clients.filter(pk=client.pk)
    listed = _listed_by_client(client, viewer)
    memory: dict[tuple[str, ...], Match] = {}
    told = [_org_match(wanted, each, listed.get(each.pk, []), memory) for each in clients.order_by("name")]
    known = visible_rows(Provider.objects.exclude(source=Provider.Source.GATEWAY), viewer)
    other = known.filter(ref=wanted.strip(), client__retired_at=None)
    if client is not None:
        other = other.filter(client=client)
    elsewhere = other.select_related("client").defer("client__secret", "client__verification", "settings")
    orgs = sorted(_by_org(told), key=lambda each: (each.rank, each.client.name.lower()))
    return Matches(orgs, list(elsewhere[:ELSEWHERE_SHOWN]))


def _by_org(told: list[OrgMatch]) -> list[OrgMatch]:
    """Clients of one org, used for the same, that were answered alike are one line; an org not known yet is its own."""
    groups: dict[tuple[object, ...], list[OrgMatch]] = {}
    for each in told:
        org = (each.client.region, each.client.org_id) if each.client.org_id else each.client.pk
        groups.setdefault((org, each.client.tier, each.word, each.nearest, each.ids), []).append(each)
    return [
        replace(first, also=tuple(each.client for each in others)) if others else first
        for first, *others in groups.values()
    ]


def _listed_by_client(client: OAuthClient | None, viewer: User | None) -> dict[int, list[Listed]]:
    rows = visible_rows(Provider.objects.filter(source=Provider.Source.GATEWAY), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    told = rows.order_by().values_list("client_id", "pk", "ref", "name", "state", "gone_at")[:MOST_LISTED]
    found: dict[int, list[Listed]] = {}
    for client_pk, pk, ref, name, state, gone_at in told:
        found.setdefault(client_pk, []).append(Listed(pk, ref, name, state, gone_at))
    return found


def _org_match(
    wanted: str, client: OAuthClient, listed: list[Listed], memory: dict[tuple[str, ...], Match]
) -> OrgMatch:
    there = [each for each in listed if each.gone_at is None]
    ids = tuple(sorted(each.ref for each in there))
    if not there:
        return _without_a_list(wanted, client, listed)
    if ids not in memory:
        memory[ids] = match_id(wanted, ids)
    match = memory[ids]
    named = next((each for each in there if each.name.strip().lower() == wanted.strip().lower()), None)
    if named is not None and match.likeness in (Likeness.NEAR, Likeness.NONE):
        return OrgMatch(client, Word.NAME, named.ref, named.pk, ids=ids)
    found = next((each for each in there if each.ref == match.nearest), None)
    if found is None:
        gone = next((each for each in listed if each.ref == wanted), None)
        return (
            OrgMatch(client, Word.GONE, "", gone.pk, gone.gone_at, ids)
            if gone
            else OrgMatch(client, Word.NONE, ids=ids)
        )
    is_off = match.likeness == Likeness.EXACT and found.state in (Provider.State.OFF, Provider.State.INACTIVE)
    return OrgMatch(client, Word.OFF if is_off else Word(match.likeness.value), found.ref, found.pk, ids=ids)


def _without_a_list(wanted: str, client: OAuthClient, listed: list[Listed]) -> OrgMatch:
    gone = next((each for each in listed if each.ref == wanted), None)
    if gone is not None and client.gateway:
        return OrgMatch(client, Word.GONE, "", gone.pk, gone.gone_at)
    return OrgMatch(client, {True: Word.UNREAD, False: Word.NOT_TAKEN, None: Word.UNKNOWN}[client.gateway])
