"""Reads the OAuth clients that an org lists, because a person asked, and registers those that the person chooses.

A client that may not read the list says which permission enables it. Nothing is read in the background.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import Limit, enforce_limit
from diagnostics.genesys.documents.oauth_clients import (
    MOST_PAGES,
    PERMISSION,
    ListedClient,
    read_clients,
)
from diagnostics.genesys.response import UnreadableResponse
from diagnostics.orgs.client_import import ImportResult, import_clients
from diagnostics.orgs.clients import refuse_unusable
from diagnostics.orgs.connection import delete_token, genesys_client_of, store_token
from diagnostics.orgs.models import ClientListing, OAuthClient
from diagnostics.orgs.rate_limits import ClientPace
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.storage.locks import lock_until_commit
from diagnostics.web.refusals import ActionRefused

READINGS = Limit(("client.listing_started",), 20, "read the OAuth clients of an org {} times")
MAX_READING_TIME = timedelta(seconds=90)
MAX_NAME = 120
State = ClientListing.State


@dataclass(frozen=True)
class ListedRow:
    """A listed client, and ours with the same client ID, None if it isn't registered."""

    listed: ListedClient
    registered: OAuthClient | None

    @property
    def is_new(self) -> bool:
        return self.registered is None and not self.listed.unusable


@transaction.atomic
def start_listing(client: OAuthClient) -> bool:
    """Mark the list as being read, for a worker. Returns False if it is being read.

    Raises TooOften, or ActionRefused if the client can't send requests.
    """
    refuse_unusable(client)
    listing, is_new = ClientListing.objects.select_for_update().get_or_create(client=client)
    if not is_new and is_reading(listing):
        return False
    enforce_limit(READINGS, acting.current_actor().person())
    ClientListing.objects.filter(pk=listing.pk).update(
        state=State.READING, entries=[], is_cut=False, error="", started_at=DATABASE_NOW, read_at=None
    )
    delete_token(client)  # it keeps the permissions that it was issued with
    record("client.listing_started", client)
    return True


def is_reading(listing: ClientListing) -> bool:
    """False once a worker should have finished, for instance because it is gone."""
    return listing.state == State.READING and listing.started_at > database_now() - MAX_READING_TIME


def read_listing(client_id: int) -> None:
    """Read the list and store it. Safe to call twice."""
    listing = ClientListing.objects.select_related("client").filter(client_id=client_id, state=State.READING).first()
    if listing is None:
        return
    client = listing.client
    pace = ClientPace(client, is_background=False, patience_s=MAX_READING_TIME.total_seconds() / 3)
    try:
        genesys, _ = genesys_client_of(client, max_calls=MOST_PAGES + 3, pace=pace)
    except ActionRefused as refused:
        _end(listing, State.FAILED, str(refused))
        return
    try:
        with pace:
            pace.start()
            found = read_clients(genesys.get_uncached)
    finally:
        genesys.close()
    store_token(client, genesys.issued)
    if not isinstance(found, UnreadableResponse):
        entries = sorted(map(asdict, found.clients), key=lambda entry: entry["name"].lower())
        _end(listing, State.READ, entries=entries, is_cut=found.is_cut, read_at=DATABASE_NOW)
    elif found.response.status == 403:
        _end(
            listing,
            State.DENIED,
            f"{client.name} can't read the org's OAuth clients. Add {PERMISSION} to one of its roles.",
        )
    else:
        _end(listing, State.FAILED, f"The org's OAuth clients couldn't be read: {found.response.summary}.")


def _end(listing: ClientListing, state: str, error: str = "", **values: object) -> None:
    current = ClientListing.objects.filter(pk=listing.pk, state=State.READING, started_at=listing.started_at)
    current.update(state=state, error=error, **values)


def rows_of(listing: ClientListing) -> list[ListedRow]:
    """What can be registered first."""
    entries = [ListedClient.from_dict(entry) for entry in listing.entries]
    same = OAuthClient.objects.filter(
        region=listing.client.region, client_id__in=[each.client_id for each in entries], retired_at=None
    )
    registered = {client.client_id: client for client in same.defer("secret", "verification")}
    rows = [ListedRow(each, registered.get(each.client_id)) for each in entries]
    return sorted(rows, key=lambda row: (not row.is_new, row.registered is not None))


@transaction.atomic
def register_listed(listing: ClientListing, chosen: Mapping[str, str], user: User | None) -> dict[str, ImportResult]:
    """Register the chosen clients of the list that can be, as clients of the same org. Returns the results by client ID.

    `chosen` has their secrets by client ID, "" for a client that waits for one.
    """
    source = listing.client
    lock_until_commit(f"client listing {listing.pk}")
    rows = [row.listed for row in rows_of(listing) if row.is_new and row.listed.client_id in chosen]
    results = import_clients(
        [
            {
                "name": _free_name(listed, source),
                "region": source.region,
                "client_id": listed.client_id,
                "secret": chosen[listed.client_id],
                "environment": source.environment,
                "company_gateway": source.company_gateway,
            }
            for listed in rows
        ],
        user,
    )
    added = [result.client.pk for result in results if result.client]
    OAuthClient.objects.filter(pk__in=added).update(org_id=source.org_id, org_name=source.org_name)
    return dict(zip((listed.client_id for listed in rows), results, strict=True))


def _free_name(listed: ListedClient, source: OAuthClient) -> str:
    """The name in the org, with the client ID if another client has it already."""
    name = listed.name or listed.client_id
    if OAuthClient.objects.filter(name__iexact=name).exists():
        name = f"{name[: MAX_NAME - len(listed.client_id) - 3]} ({listed.client_id})"
    return name[:MAX_NAME]
