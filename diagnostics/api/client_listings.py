"""Endpoints that read the OAuth clients of an org and register some of them."""

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from ninja import Router, Status

from diagnostics import tasks
from diagnostics.accounts.rate_limits import TooManyRequests
from diagnostics.api import schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_manage
from diagnostics.api.problems import Problem, ProblemError, too_many
from diagnostics.api.requests import Id, ListingRegistration
from diagnostics.api.responses import filled
from diagnostics.api.starts import add_poll_headers, refusal
from diagnostics.orgs.client_import import ImportResult
from diagnostics.orgs.client_listing import ListedRow, is_reading, register_listed, rows_of, start_listing
from diagnostics.orgs.models import ClientListing, OAuthClient
from diagnostics.orgs.visibility import find_active_client
from diagnostics.web.refusals import ActionRefused

router = Router(tags=["Clients and providers"])


@router.get(
    "/clients/{client_id}/listing",
    response={200: schemas.ClientListingSchema, 403: Problem},
    url_name="client-listing",
    summary="List the OAuth clients of an org",
)
def listing(request: AuthenticatedRequest, client_id: Id) -> schemas.ClientListingSchema:
    """As this client last read them from its org. Poll it while `state` is reading. Needs a token that may manage clients."""
    require_may_manage(request)
    return _listing(find_active_client(client_id, request.user))


@router.post(
    "/clients/{client_id}/listing",
    response={202: schemas.ClientListingSchema},
    url_name="client-listing-read",
    summary="Read the OAuth clients of an org",
)
def read_listing(
    request: AuthenticatedRequest, response: HttpResponse, client_id: Id
) -> Status[schemas.ClientListingSchema]:
    """Sends a few GET requests to the org, in the background. The client needs the permission `oauth:client:view`."""
    require_may_manage(request)
    client = find_active_client(client_id, request.user)
    try:
        with transaction.atomic():
            if start_listing(client):
                transaction.on_commit(lambda: tasks.send(tasks.read_client_listing, client.pk))
    except TooManyRequests as busy:
        raise too_many("too_many_listings", busy) from None
    except ActionRefused as refused:
        raise refusal(refused) from None
    address = request.build_absolute_uri(reverse("api:client-listing", args=[client.pk]))
    add_poll_headers(response, address, is_new=True)
    return Status(202, _listing(client))


@router.post(
    "/clients/{client_id}/listing/registrations",
    response=schemas.ListingRegistrationResult,
    url_name="client-listing-register",
    summary="Register OAuth clients of an org",
)
def register(
    request: AuthenticatedRequest, client_id: Id, payload: ListingRegistration
) -> schemas.ListingRegistrationResult:
    """Registers clients of the list, in the region and org of this client, and says what is wrong with the others.

    A secret can't be read from the org: give it here or later. Clients with a secret are verified in the background.
    """
    require_may_manage(request)
    client = find_active_client(client_id, request.user)
    found = ClientListing.objects.select_related("client").filter(client=client, state=ClientListing.State.READ).first()
    if found is None:
        raise ProblemError(
            409, "listing_unread", "The OAuth clients of this org haven't been read. Read the list first."
        )
    chosen = {each.client_id: each.secret for each in payload.clients}
    with transaction.atomic():
        results = register_listed(found, chosen, request.user)
        added = [result.client for result in results.values() if result.client is not None]
        for pk in (each.pk for each in added if each.has_secret):
            transaction.on_commit(lambda pk=pk: tasks.send(tasks.verify_client, pk))  # type: ignore[misc]
    rows = {row.listed.client_id: row for row in rows_of(found)}
    items = [_result(each, results.get(each), rows.get(each)) for each in chosen]
    waiting = sum(not each.has_secret for each in added)
    return schemas.ListingRegistrationResult(items=items, registered=len(added), without_secret=waiting)


def _listing(client: OAuthClient) -> schemas.ClientListingSchema:
    found = ClientListing.objects.select_related("client").filter(client=client).first()
    if found is None:
        return schemas.ClientListingSchema(state="unread", error="", read_at=None, is_cut=False, items=[])
    state, error = found.state, found.error
    if state == ClientListing.State.READING and not is_reading(found):
        state, error = ClientListing.State.FAILED, "The reading was interrupted. Start it again."
    items = [
        filled(
            schemas.ListedClientSchema,
            row.listed,
            grant=row.listed.grant_name,
            registered=row.registered.pk if row.registered else None,
        )
        for row in (rows_of(found) if state == ClientListing.State.READ else [])
    ]
    return filled(schemas.ClientListingSchema, found, state=state, error=error, items=items)


def _result(client_id: str, result: ImportResult | None, row: ListedRow | None) -> schemas.RegisteredClient:
    if result is not None:
        name, client, errors = result.name, result.client, list(result.errors)
    elif row is None:
        name, client, errors = "", None, ["client_id: not in the list. Read the list again."]
    elif row.registered:
        name, client = row.registered.name, row.registered
        errors = [f"client_id: already registered as {name}."]
    else:
        name, client, errors = row.listed.name, None, [f"client_id: {row.listed.unusable}"]
    return schemas.RegisteredClient(client_id=client_id, name=name, client=client.pk if client else None, errors=errors)
