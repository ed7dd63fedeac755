"""Changes a demo org while it is served, by publishing its messenger configurations with cobrowse on or off."""

import json

from diagnostics.demo.orgs import Endpoint
from diagnostics.demo.responses import JSON_TYPE, ApiError, DemoResponse, json_response

SWITCH_PATH = "/demo/cobrowse"


def switch(endpoint: Endpoint, method: str, content_type: str, body: bytes) -> DemoResponse:
    """Publishes every configuration of the client's org. Only JSON is accepted, because other sites can't send it (CSRF)."""
    if method != "POST":
        raise ApiError("method.not.allowed", headers=(("Allow", "POST"),))
    try:
        wanted = json.loads(body) if content_type == JSON_TYPE else None
    except (ValueError, RecursionError):
        wanted = None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("enabled"), bool):
        raise ApiError("bad.request")
    org = endpoint.org_of(str(wanted.get("client_id")))
    if org is None:
        raise ApiError("not.found")
    for configuration in org.configurations:
        org.publish(configuration["id"], enabled=wanted["enabled"])
    return json_response({"deployments": [deployment["name"] for deployment in org.deployments]})
