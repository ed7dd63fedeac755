"""Web deployments and their Messenger configurations, which contain the cobrowse settings."""

from typing import Any

from diagnostics.demo.api.paging import by_cursor
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute

BASE = "/api/v2/webdeployments"
DEPLOYMENT = ("webDeployments:deployment:view",)
CONFIGURATION = ("webDeployments:configuration:view",)


def deployments(request: DemoRequest) -> DemoResponse:
    """`expand=Configuration` replaces the reference to the configuration version by the whole version."""
    expand = wants_configuration(request)
    listing = by_cursor(request, f"{BASE}/deployments", list(request.org.deployments))
    listing["entities"] = [deployment_document(request, item, expand) for item in listing["entities"]]
    return json_response(listing)


def deployment(request: DemoRequest) -> DemoResponse:
    found = find(request.org.deployments, request.params["deploymentId"])
    return json_response(deployment_document(request, found, wants_configuration(request)))


def active_configuration(request: DemoRequest) -> DemoResponse:
    """Model `WebDeploymentActiveConfigurationOnDeployment`."""
    found = find(request.org.deployments, request.params["deploymentId"])
    return json_response(
        {
            "configurationVersion": configuration_document(configuration_of(request, found)),
            "deployment": deployment_document(request, found),
        }
    )


def configurations(request: DemoRequest) -> DemoResponse:
    """The drafts. That of a configuration without changes equals its last published version."""
    published_only = request.query.get("showOnlyPublished", "").lower() == "true"
    shown = (item for item in request.org.configurations if "datePublished" in item or not published_only)
    return json_response(by_cursor(request, f"{BASE}/configurations", [draft_document(item) for item in shown]))


def versions(request: DemoRequest) -> DemoResponse:
    found = find(request.org.configurations, request.params["configurationId"])
    path = f"{BASE}/configurations/{found['id']}/versions"
    return json_response(by_cursor(request, path, [configuration_document(found)]))


def version(request: DemoRequest) -> DemoResponse:
    found = find(request.org.configurations, request.params["configurationId"])
    if request.params["versionId"] == "draft":
        return json_response(draft_document(found))
    if request.params["versionId"] != found["version"]:
        raise ApiError("not.found")
    return json_response(configuration_document(found))


def wants_configuration(request: DemoRequest) -> bool:
    return "configuration" in request.query.get("expand", "").lower().split(",")


def find(items: tuple[dict[str, Any], ...], wanted: str) -> dict[str, Any]:
    for item in items:
        if item["id"] == wanted.lower():
            return item
    raise ApiError("not.found")


def configuration_of(request: DemoRequest, deployment: dict[str, Any]) -> dict[str, Any]:
    return find(request.org.configurations, deployment["configuration"]["id"])


def deployment_document(request: DemoRequest, item: dict[str, Any], expand: bool = False) -> dict[str, Any]:
    reference = item["configuration"]
    uri = f"{BASE}/configurations/{reference['id']}/versions/{reference['version']}"
    configuration = configuration_document(configuration_of(request, item)) if expand else {**reference, "selfUri": uri}
    return {**item, "configuration": configuration, "selfUri": f"{BASE}/deployments/{item['id']}"}


def configuration_document(item: dict[str, Any]) -> dict[str, Any]:
    """The last published version."""
    version = {name: value for name, value in item.items() if name != "draft"}
    return {**version, "selfUri": f"{BASE}/configurations/{item['id']}/versions/{item['version']}"}


def draft_document(item: dict[str, Any]) -> dict[str, Any]:
    draft = {**configuration_document(item), **item.get("draft", {})}
    return {**draft, "selfUri": f"{BASE}/configurations/{item['id']}/versions/draft"}


ROUTES = (
    DemoRoute("GET", f"{BASE}/deployments", deployments, all_of=DEPLOYMENT),
    DemoRoute("GET", f"{BASE}/deployments/{{deploymentId}}", deployment, all_of=DEPLOYMENT),
    DemoRoute("GET", f"{BASE}/deployments/{{deploymentId}}/configurations", active_configuration),
    DemoRoute("GET", f"{BASE}/configurations", configurations, all_of=CONFIGURATION),
    DemoRoute("GET", f"{BASE}/configurations/{{configurationId}}/versions", versions, all_of=CONFIGURATION),
    DemoRoute(
        "GET", f"{BASE}/configurations/{{configurationId}}/versions/{{versionId}}", version, all_of=CONFIGURATION
    ),
)
