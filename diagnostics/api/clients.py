"""Clients, and the providers that their orgs report."""

from ninja import Query, Router

from diagnostics.api import responses as told
from diagnostics.api import schemas as shapes
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import clients_listed, providers_listed
from diagnostics.api.requests import ClientParameters, Id, ProvidersAsked
from diagnostics.orgs.lookups import find_client, find_provider

router = Router(tags=["Clients and providers"])
UNSAID = "unsaid"


@router.get("/clients", response=shapes.Clients, url_name="clients", summary="List clients")
def clients(request: AuthenticatedRequest, asked: Query[ClientParameters]) -> shapes.Clients:
    """Those that the token's person may see; the newest first."""
    rows = clients_listed(
        request.user,
        q=asked.q or "",
        standing=asked.standing or "",
        tier="" if asked.tier == UNSAID else asked.tier,
        retired=asked.retired == "yes",
    )
    found, following = page_of(request, rows, asked)
    return shapes.Clients(items=[told.client(request, row) for row in found], next=following)


@router.get("/clients/{client_id}", response=shapes.ClientSchema, url_name="client", summary="One client")
def client(request: AuthenticatedRequest, client_id: Id) -> shapes.ClientSchema:
    """Also a retired one."""
    return told.client(request, find_client(client_id, request.user))


@router.get("/providers", response=shapes.Providers, url_name="providers", summary="List providers")
def providers(request: AuthenticatedRequest, asked: Query[ProvidersAsked]) -> shapes.Providers:
    """Of every client in sight that is not retired."""
    rows = providers_listed(
        request.user,
        q=asked.q or "",
        client=asked.client,
        source=asked.source or "",
        state=asked.state or "",
        gone=None if asked.gone is None else asked.gone == "yes",
    )
    found, following = page_of(request, rows, asked)
    return shapes.Providers(items=[told.provider(request, row) for row in found], next=following)


@router.get("/providers/{provider_id}", response=shapes.ProviderInFull, url_name="provider", summary="One provider")
def provider(request: AuthenticatedRequest, provider_id: Id) -> shapes.ProviderInFull:
    """With all settings of the version in use, where it is a web deployment."""
    return told.provider_in_full(request, find_provider(provider_id, request.user))
