"""Endpoints for clients and the providers in their orgs."""

from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import list_clients, list_providers
from diagnostics.api.requests import ClientParameters, Id, ProviderParameters
from diagnostics.orgs.lookups import find_client, find_provider
from diagnostics.runs.filters import UNSET

router = Router(tags=["Clients and providers"], by_alias=True)


@router.get("/clients", response=schemas.Clients, url_name="clients", summary="List clients")
def clients(request: AuthenticatedRequest, filters: Query[ClientParameters]) -> schemas.Clients:
    """Clients that are visible to you, newest first."""
    rows = list_clients(
        request.user,
        q=filters.q or "",
        status=filters.status or "",
        environment="" if filters.environment == UNSET else filters.environment,
        retired=filters.retired == "yes",
    )
    found, next_url = page_of(request, rows, filters)
    return schemas.Clients(items=[responses.client(request, row) for row in found], next=next_url)


@router.get("/clients/{client_id}", response=schemas.ClientSchema, url_name="client", summary="One client")
def client(request: AuthenticatedRequest, client_id: Id) -> schemas.ClientSchema:
    """One client, including retired ones."""
    return responses.client(request, find_client(client_id, request.user))


@router.get("/providers", response=schemas.Providers, url_name="providers", summary="List providers")
def providers(request: AuthenticatedRequest, filters: Query[ProviderParameters]) -> schemas.Providers:
    """Providers of all visible clients that aren't retired."""
    rows = list_providers(
        request.user,
        q=filters.q or "",
        client=filters.client,
        source=filters.source or "",
        state=filters.state or "",
        gone=None if filters.gone is None else filters.gone == "yes",
    )
    found, next_url = page_of(request, rows, filters)
    return schemas.Providers(items=[responses.provider(request, row) for row in found], next=next_url)


@router.get("/providers/{provider_id}", response=schemas.ProviderInFull, url_name="provider", summary="One provider")
def provider(request: AuthenticatedRequest, provider_id: Id) -> schemas.ProviderInFull:
    """One provider, with all settings of the active version if it is a web deployment."""
    return responses.provider_in_full(request, find_provider(provider_id, request.user))
