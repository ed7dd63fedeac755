"""Endpoints for clients and the providers in their orgs."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse
from ninja import Query, Router, Status

from diagnostics import tasks
from diagnostics.accounts.rate_limits import TooManyRequests
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_manage
from diagnostics.api.paging import HEAVY_CLIENT_COLUMNS, matching, page_of
from diagnostics.api.problems import too_many, wrong, wrong_form
from diagnostics.api.requests import (
    ClientChange,
    ClientImport,
    ClientParameters,
    Id,
    NewClient,
    ProviderParameters,
    Secret,
)
from diagnostics.orgs.client_import import import_clients
from diagnostics.orgs.clients import change_client, create_client, replace_secret, retire_client, start_verification
from diagnostics.orgs.forms.clients import NAME_IN_USE, ClientForm
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import find_active_client, find_client, find_provider, visible_clients, visible_rows
from diagnostics.runs.filters import UNSET

router = Router(tags=["Clients and providers"], by_alias=True)


@router.get("/clients", response=schemas.Clients, url_name="clients", summary="List clients")
def clients(request: AuthenticatedRequest, filters: Query[ClientParameters]) -> schemas.Clients:
    """Clients that are visible to you, newest first."""
    rows = visible_clients(request.user).defer("secret", "verification")
    if filters.q:
        rows = rows.filter(Q(name__icontains=filters.q) | Q(org_name__icontains=filters.q))
    environment = "" if filters.environment == UNSET else filters.environment
    is_active = filters.retired == "no"
    rows = matching(rows, status=filters.status, environment=environment, retired_at__isnull=is_active)
    found, next_url = page_of(request, rows, filters)
    return schemas.Clients(items=[responses.client(request, row) for row in found], next=next_url)


@router.get("/clients/{client_id}", response=schemas.ClientSchema, url_name="client", summary="One client")
def client(request: AuthenticatedRequest, client_id: Id) -> schemas.ClientSchema:
    """One client, including retired ones."""
    return responses.client(request, find_client(client_id, request.user))


@router.post("/clients", response={201: schemas.ClientSchema}, url_name="client-add", summary="Register a client")
def add_client(request: AuthenticatedRequest, payload: NewClient) -> Status[schemas.ClientSchema]:
    """Registers a client and verifies it in the background: poll it until `state` is verified or failed."""
    require_may_manage(request)
    values = _cleaned(payload, None)
    try:
        with transaction.atomic():
            client = create_client(**values, secret=payload.secret, user=request.user)
            if payload.secret:
                _verify(client)
    except IntegrityError:
        raise wrong(NAME_IN_USE, ("body.name", NAME_IN_USE)) from None
    return Status(201, responses.client(request, client))


@router.post(
    "/client-imports", response=schemas.ClientImportResult, url_name="client-import", summary="Register many clients"
)
def add_clients(request: AuthenticatedRequest, payload: ClientImport) -> schemas.ClientImportResult:
    """Registers each valid client, and says what is wrong with the others. They are verified a few at a time."""
    require_may_manage(request)
    results = import_clients([given.dict() for given in payload.clients], request.user)
    added = [result.client for result in results if result.client is not None]
    verifying = [client.pk for client in added if client.has_secret]
    for pk in verifying:
        tasks.send(tasks.verify_client, pk)
    items = [
        schemas.ImportedClient(
            name=result.name, client=result.client.pk if result.client else None, errors=list(result.errors)
        )
        for result in results
    ]
    return schemas.ClientImportResult(items=items, registered=len(added), without_secret=len(added) - len(verifying))


@router.patch("/clients/{client_id}", response=schemas.ClientSchema, url_name="client-edit", summary="Change a client")
def edit_client(request: AuthenticatedRequest, client_id: Id, payload: ClientChange) -> schemas.ClientSchema:
    """A new region or client ID makes the client unverified, and verifies it again."""
    require_may_manage(request)
    client = find_active_client(client_id, request.user)
    before, values = (client.region, client.client_id), _cleaned(payload, client)
    try:
        with transaction.atomic():
            change_client(client, **values)
            if (client.region, client.client_id) != before and client.has_secret:
                _verify(client)
    except IntegrityError:
        raise wrong(NAME_IN_USE, ("body.name", NAME_IN_USE)) from None
    return responses.client(request, client)


@router.put(
    "/clients/{client_id}/secret", response=schemas.ClientSchema, url_name="client-secret", summary="Replace a secret"
)
def edit_secret(request: AuthenticatedRequest, client_id: Id, payload: Secret) -> schemas.ClientSchema:
    """Stores a new secret, which no answer contains, and verifies the client."""
    require_may_manage(request)
    client = find_active_client(client_id, request.user)
    with transaction.atomic():
        replace_secret(client, payload.secret)
        _verify(client)
    return responses.client(request, client)


@router.delete("/clients/{client_id}", response={204: None}, url_name="client-retire", summary="Retire a client")
def remove_client(request: AuthenticatedRequest, client_id: Id) -> HttpResponse:
    """Deletes the secret and prevents new runs. Runs stay readable."""
    require_may_manage(request)
    retire_client(find_active_client(client_id, request.user))
    return HttpResponse(status=204)


def _cleaned(payload: ClientChange, client: OAuthClient | None) -> dict[str, str]:
    """The arguments for create_client or change_client, checked as in the form of the page."""
    names = ("name", "region", "client_id", "environment", "company_gateway")
    given = {name: getattr(payload, name) for name in names}
    data = {name: getattr(client, name, "") if value is None else value for name, value in given.items()}
    form = ClientForm(data, client=client)
    if not form.is_valid():
        raise wrong_form(form)
    return form.arguments()


def _verify(client: OAuthClient) -> None:
    try:
        is_started = start_verification(client)
    except TooManyRequests as busy:
        raise too_many("too_many_verifications", busy) from None
    if is_started:
        transaction.on_commit(lambda: tasks.send(tasks.verify_client, client.pk))


@router.get("/providers", response=schemas.Providers, url_name="providers", summary="List providers")
def providers(request: AuthenticatedRequest, filters: Query[ProviderParameters]) -> schemas.Providers:
    """Providers of all visible clients that aren't retired."""
    rows = visible_rows(Provider.objects.select_related("client").filter(client__retired_at=None), request.user)
    rows = rows.defer(*HEAVY_CLIENT_COLUMNS, "settings", "search_text")
    if filters.q:
        rows = rows.filter(search_text__contains=filters.q.lower())
    is_current = None if filters.removed is None else filters.removed == "no"
    exact = {"client": filters.client, "source": filters.source, "state": filters.state}
    rows = matching(rows, **exact, removed_at__isnull=is_current)
    found, next_url = page_of(request, rows, filters)
    return schemas.Providers(items=[responses.provider(request, row) for row in found], next=next_url)


@router.get("/providers/{provider_id}", response=schemas.ProviderInFull, url_name="provider", summary="One provider")
def provider(request: AuthenticatedRequest, provider_id: Id) -> schemas.ProviderInFull:
    """One provider, with all settings of the active version if it is a web deployment."""
    return responses.provider_in_full(request, find_provider(provider_id, request.user))
