"""The operations that the demo orgs implement, one module per part of the API."""

from diagnostics.demo.api import authorization, conversations, gateway, identity, swagger, usage, webdeployments
from diagnostics.demo.routing import DemoRoute

PUBLISHED: tuple[DemoRoute, ...] = (
    *identity.ROUTES,
    *authorization.ROUTES,
    *conversations.ROUTES,
    *webdeployments.ROUTES,
    *usage.ROUTES,
)
ROUTES = (*PUBLISHED, *swagger.ROUTES)
# The gateway's operations aren't published, so the swagger document doesn't contain them.
GATEWAY_ROUTES = (*ROUTES, *gateway.ROUTES)
