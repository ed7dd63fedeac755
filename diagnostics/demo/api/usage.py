"""The API usage of a client: a summary that names an execution, and its results. The counts are in data/usage.json."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from diagnostics.demo.orgs import DemoClient, read_data
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute

BASE = "/api/v2/oauth/clients/{clientId}/usage"
PERMISSIONS = ("oauth:client:view", "usage:client:view")
STATUSES = ("status200", "status300", "status400", "status429", "status500")


def summary(request: DemoRequest) -> DemoResponse:
    """Model `UsageExecutionResult`."""
    client = find(request)
    execution = execution_of(client)
    uri = f"/api/v2/oauth/clients/{client.id}/usage/query/results/{execution}"
    return json_response({"executionId": execution, "resultsUri": uri})


def results(request: DemoRequest) -> DemoResponse:
    """Model `ApiUsageQueryResult`: the counts of yesterday."""
    client = find(request)
    if request.params["executionId"] != execution_of(client):
        raise ApiError("not.found")
    return json_response({"queryStatus": "Complete", "results": rows_of(request, client)})


def rows_of(request: DemoRequest, client: DemoClient) -> list[dict[str, Any]]:
    data = read_data("usage.json")
    counts = [*data["healthy"], *data["failing"].get(client.id, ())]
    if request.endpoint.has_gateway:
        counts += data["gateway"]
    day = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT00:00:00.000Z")
    fixed = {"clientId": client.id, "clientName": client.name, "organizationId": request.org.id, "date": day}
    return [{**fixed, **row, "requests": sum(row[status] for status in STATUSES)} for row in counts]


def find(request: DemoRequest) -> DemoClient:
    client = request.org.client(request.params["clientId"])
    if client is None:
        raise ApiError("not.found")
    return client


def execution_of(client: DemoClient) -> str:
    return str(uuid.uuid5(uuid.UUID(client.id), "usage"))


ROUTES = (
    DemoRoute("GET", f"{BASE}/summary", summary, any_of=PERMISSIONS),
    DemoRoute("GET", f"{BASE}/query/results/{{executionId}}", results, any_of=PERMISSIONS),
)
