"""The identity of the caller: tokens/me, OAuth clients and scopes, organizations/me, limits, users/me."""

from typing import Any

from diagnostics.demo.api.paging import numbered
from diagnostics.demo.orgs import DemoClient
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute, reject_client_credentials

CLIENTS = "/api/v2/oauth/clients"


def token_info(request: DemoRequest) -> DemoResponse:
    """Model `TokenInfo`. Client credentials ignore scopes; only clients of an org with a gateway have some."""
    org, client = request.org, request.caller.client
    organization = {"id": org.id, "name": org.name}
    return json_response(
        {
            "organization": organization,
            "homeOrganization": organization,
            "authorizedScope": list(client.scopes),
            "OAuthClient": {**client_document(client), "organization": organization},
        }
    )


def client_document(client: DemoClient) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "authorizedGrantType": client.reported_grant or client.grant_type,
        "scope": list(client.scopes),
        "roleDivisions": [{"roleId": role, "divisionId": division} for role, division in client.grants],
        "state": client.state,
    }


def oauth_client(request: DemoRequest) -> DemoResponse:
    client = request.org.client(request.params["clientId"])
    if client is None:
        raise ApiError("not.found")
    return json_response(oauth_client_document(client))


def oauth_client_document(client: DemoClient) -> dict[str, Any]:
    """Model `OAuthClient`."""
    details = {
        "accessTokenValiditySeconds": client.validity,
        "registeredRedirectUri": [],
        "secret": client.secret,
        "selfUri": f"{CLIENTS}/{client.id}",
    }
    return {**client_document(client), **details}


def oauth_clients(request: DemoRequest) -> DemoResponse:
    """Model `OAuthClientEntityListing`. The API documents no query parameters, but its model has pages."""
    return json_response(numbered(request, CLIENTS, [oauth_client_document(each) for each in request.org.clients]))


def scopes(request: DemoRequest) -> DemoResponse:
    entities = [{"id": scope, "selfUri": f"/api/v2/oauth/scopes/{scope}"} for scope in request.org.scopes]
    return json_response({"total": len(entities), "entities": entities, "selfUri": "/api/v2/oauth/scopes"})


def organization(request: DemoRequest) -> DemoResponse:
    org = request.org
    return json_response(
        {
            "id": org.id,
            "name": org.name,
            "thirdPartyOrgName": org.domain.split(".")[0],
            "defaultLanguage": "en-US",
            "defaultCountryCode": "US",
            "domain": org.domain,
            "features": org.features,
            "state": "active",
            "version": 7,
            "voicemailEnabled": True,
            "productPlatform": "GenesysCloud",
            "selfUri": "/api/v2/organizations/me",
        }
    )


def limits(request: DemoRequest) -> DemoResponse:
    namespace = request.params["namespaceName"]
    values = request.org.limits.get(namespace)
    if values is None:
        raise ApiError("not.found")
    entities = [{"key": key, "namespace": namespace, "value": value} for key, value in values.items()]
    return json_response({"entities": entities})


ROUTES = (
    DemoRoute("GET", "/api/v2/tokens/me", token_info),
    DemoRoute("HEAD", "/api/v2/tokens/me", token_info),
    DemoRoute("GET", "/api/v2/oauth/scopes", scopes),
    DemoRoute("GET", CLIENTS, oauth_clients, all_of=("oauth:client:view",)),
    DemoRoute("GET", "/api/v2/oauth/clients/{clientId}", oauth_client, all_of=("oauth:client:view",)),
    DemoRoute("GET", "/api/v2/organizations/me", organization),
    DemoRoute("GET", "/api/v2/organizations/limits/namespaces/{namespaceName}", limits),
    DemoRoute("GET", "/api/v2/users/me", reject_client_credentials, user_only=True),
)
