"""How an org of the demo is changed while it is served: its messenger configurations are published anew."""

import json

from diagnostics.demo.answers import JSON_TYPE, ApiError, DemoResponse, json_answer
from diagnostics.demo.orgs import Endpoint

SWITCH_PATH = "/demo/cobrowse"


def switch(endpoint: Endpoint, method: str, content_type: str, body: bytes) -> DemoResponse:
    """Publishes every configuration of the client's org anew. A page of another site cannot send JSON here unasked."""
    if method != "POST":
        raise ApiError("method.not.allowed", headers=(("Allow", "POST"),))
    try:
        asked = json.loads(body) if content_type == JSON_TYPE else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("enabled"), bool):
        raise ApiError("bad.request")
    org = endpoint.org_of(str(asked.get("client_id")))
    if org is None:
        raise ApiError("not.found")
    for each in org.configurations:
        org.publish(each["id"], enabled=asked["enabled"])
    return json_answer({"deployments": [each["name"] for each in org.deployments]})
