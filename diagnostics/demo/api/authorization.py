"""Roles, divisions, grants and the permission catalogue."""

from collections import defaultdict
from typing import Any

from diagnostics.demo.api.paging import numbered
from diagnostics.demo.orgs import DemoOrg, Role
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute

BASE = "/api/v2/authorization"


def subject_me(request: DemoRequest) -> DemoResponse:
    """Model `AuthzSubject`. Without `includeFullRoles=true` the roles have no policies."""
    org, client = request.org, request.caller.client
    full = request.query.get("includeFullRoles", "").lower() == "true"
    grants = [
        {
            "subjectId": client.id,
            "division": division_document(org, division_id),
            "role": grant_role(org.roles[role_id], full),
            "grantMadeAt": "2025-09-02T08:30:00.000Z",
        }
        for role_id, division_id in client.grants
    ]
    subject = {"id": client.id, "name": client.name, "version": 1, "selfUri": f"{BASE}/subjects/{client.id}"}
    return json_response({**subject, "grants": grants})


def grant_role(role: Role, full: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": role.id,
        "name": role.name,
        "default": False,
        "selfUri": f"{BASE}/roles/{role.id}",
    }
    if full:
        document["policies"] = grant_policies(role)
    return document


def grant_policies(role: Role) -> list[dict[str, Any]]:
    """One policy per domain, entity and condition, with all its actions."""
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for policy in role.policies:
        grouped[(policy.domain, policy.entity, policy.condition)].append(policy.action)
    return [
        {"domain": domain, "entityName": entity, "actions": actions, **({"condition": condition} if condition else {})}
        for (domain, entity, condition), actions in grouped.items()
    ]


def role(request: DemoRequest) -> DemoResponse:
    """Model `DomainOrganizationRole`, which calls actions `actionSet` and a condition `resourceConditionNode`."""
    found = request.org.roles.get(request.params["roleId"])
    if found is None:
        raise ApiError("not.found")
    policies = [
        {
            "domain": policy["domain"],
            "entityName": policy["entityName"],
            "policyName": f"{policy['domain']}:{policy['entityName']}",
            "actionSet": policy["actions"],
            "allowConditions": "condition" in policy,
            **({"resourceConditionNode": condition_node()} if "condition" in policy else {}),
        }
        for policy in grant_policies(found)
    ]
    document = {"id": found.id, "name": found.name, "permissions": [], "permissionPolicies": policies}
    return json_response({**document, "default": False, "base": False, "selfUri": f"{BASE}/roles/{found.id}"})


def condition_node() -> dict[str, Any]:
    operand = {"type": "QUEUE", "value": "Premium"}
    return {"variableName": "Conversation.queues", "operator": "EQ", "operands": [operand], "terms": []}


def division_document(org: DemoOrg, division_id: str) -> dict[str, Any]:
    return {
        "id": division_id,
        "name": org.divisions[division_id],
        "homeDivision": division_id == org.home_division,
        "selfUri": f"{BASE}/divisions/{division_id}",
    }


def divisions(request: DemoRequest) -> DemoResponse:
    items = [division_document(request.org, division) for division in request.org.divisions]
    return json_response(numbered(request, f"{BASE}/divisions", items))


def division(request: DemoRequest) -> DemoResponse:
    if request.params["divisionId"] not in request.org.divisions:
        raise ApiError("not.found")
    return json_response(division_document(request.org, request.params["divisionId"]))


def home_division(request: DemoRequest) -> DemoResponse:
    return json_response(division_document(request.org, request.org.home_division))


def divisions_permitted(request: DemoRequest) -> DemoResponse:
    permission = request.query.get("permission", "")
    if permission not in request.org.catalogue:
        raise ApiError("invalid.value", value=permission[:100], type="permission", allowed="a permission of the org")
    permitted = request.caller.divisions_with(permission)
    items = [division_document(request.org, item) for item in request.org.divisions if item in permitted]
    return json_response(numbered(request, f"{BASE}/divisionspermitted/paged/me", items))


def permissions(request: DemoRequest) -> DemoResponse:
    """Model `PermissionCollectionEntityListing`: one entity per domain."""
    wanted, kind = request.query.get("query", "").lower(), request.query.get("queryType", "").lower()
    chosen: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for permission in request.org.catalogue:
        domain, entity, action = permission.split(":")
        text = domain if kind == "domain" else permission
        if wanted in text.lower():
            chosen[domain][entity].append(permission_document(request.org, domain, entity, action))
    items: list[dict[str, Any]] = [{"domain": domain, "permissionMap": entities} for domain, entities in chosen.items()]
    return json_response(numbered(request, f"{BASE}/permissions", items))


def permission_document(org: DemoOrg, domain: str, entity: str, action: str) -> dict[str, Any]:
    aware = domain not in org.unaware_of_divisions
    label = f"{action.capitalize()} {entity}"
    known = {"domain": domain, "entityType": entity, "action": action, "label": label}
    return {**known, "allowsConditions": domain == "conversation", "divisionAware": aware}


def products(request: DemoRequest) -> DemoResponse:
    return json_response(numbered(request, f"{BASE}/products", [{"id": "cloudcx2"}, {"id": "webMessaging"}]))


ROUTES = (
    DemoRoute("GET", f"{BASE}/subjects/me", subject_me),
    DemoRoute("GET", f"{BASE}/roles/{{roleId}}", role, all_of=("authorization:role:view",)),
    DemoRoute("GET", f"{BASE}/divisions", divisions),
    DemoRoute("GET", f"{BASE}/divisions/home", home_division),
    DemoRoute("GET", f"{BASE}/divisions/{{divisionId}}", division),
    DemoRoute("GET", f"{BASE}/divisionspermitted/paged/me", divisions_permitted),
    DemoRoute("GET", f"{BASE}/permissions", permissions),
    DemoRoute("GET", f"{BASE}/products", products),
)
