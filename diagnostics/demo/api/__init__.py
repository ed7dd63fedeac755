"""The published operations that the demo orgs speak, one module per part of the API."""

from diagnostics.demo.api import authorization, conversations, gateway, identity, webdeployments
from diagnostics.demo.api.swagger import swagger_route
from diagnostics.demo.routing import DemoRoute

PUBLISHED: tuple[DemoRoute, ...] = (
    *identity.ROUTES,
    *authorization.ROUTES,
    *conversations.ROUTES,
    *webdeployments.ROUTES,
)
ROUTES = (*PUBLISHED, swagger_route())
# The gateway's own calls are in no published document, so the swagger document does not name them either.
GATEWAY_ROUTES = (*ROUTES, *gateway.ROUTES)
