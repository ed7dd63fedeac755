"""The swagger document of the demo orgs, which has the shape of the real one."""

import re
from collections import defaultdict
from functools import cache
from typing import Any

from diagnostics.demo.responses import json_response
from diagnostics.demo.routing import DemoRoute
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.operation import Operation


@cache
def swagger_document() -> dict[str, Any]:
    """Built from the bundled contract, so it lacks details that the bundled contract doesn't have."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in bundled().operations:
        paths[operation.path][operation.method.lower()] = described(operation)
    return {
        "swagger": "2.0",
        "info": {"title": "Demo Platform API", "version": "v2"},
        "host": "api.demo.invalid",
        "schemes": ["https"],
        "paths": paths,
    }


def described(operation: Operation) -> dict[str, Any]:
    details: dict[str, Any] = {
        "tags": [re.sub(r"Api$", "", operation.sdk_class)],
        "summary": operation.summary,
        "operationId": operation.operation_id,
        "parameters": list(parameters(operation)),
        "responses": {"200": {"description": "successful operation"}},
    }
    if operation.needs_token:
        details["security"] = [{"PureCloud OAuth": list(operation.scopes)}]
    if operation.deprecated:
        details["deprecated"] = True
    if operation.preview:
        details["x-genesys-preview"] = True
    if operation.user_only:
        details["description"] = "This request is not valid when using the Client Credentials OAuth grant."
    if operation.permissions:
        rights = {"type": operation.rule.upper(), "permissions": list(operation.permissions)}
        details["x-inin-requires-permissions"] = rights
    return details


def parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "path", "required": True, "type": "string"} for name in operation.parameters]
    found += [{"name": name, "in": "query", "required": False, "type": "string"} for name in operation.query]
    if operation.has_body:
        found.append({"name": "body", "in": "body", "required": "body" in operation.arguments, "schema": {}})
    return found


ROUTES = (DemoRoute("GET", "/api/v2/docs/swagger", lambda request: json_response(swagger_document()), public=True),)
