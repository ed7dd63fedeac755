"""The live contract document, small: what this demo speaks, in the shape of the real one."""

import re
from collections import defaultdict
from typing import Any

from diagnostics.demo.answers import Answer, json_answer
from diagnostics.demo.routing import Request, Route

PARAMETER = re.compile(r"{(\w+)}")


def swagger_route(routes: tuple[Route, ...]) -> Route:
    document = swagger_document(routes)

    def swagger(request: Request) -> Answer:
        return json_answer(document)

    return Route("GET", "/api/v2/docs/swagger", swagger, public=True)


def swagger_document(routes: tuple[Route, ...]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.template][route.method.lower()] = operation(route)
    return {
        "swagger": "2.0",
        "info": {"title": "Demo Platform API", "version": "v2"},
        "host": "api.demo.invalid",
        "schemes": ["https"],
        "paths": dict(sorted(paths.items())),
    }


def operation(route: Route) -> dict[str, Any]:
    names = PARAMETER.findall(route.template)
    described: dict[str, Any] = {
        "operationId": operation_id(route),
        "parameters": [{"name": name, "in": "path", "required": True, "type": "string"} for name in names],
        "responses": {"200": {"description": "successful operation"}},
        "security": [{"PureCloud OAuth": []}],
    }
    if route.any_of or route.all_of:
        kind, permissions = ("ANY", route.any_of) if route.any_of else ("ALL", route.all_of)
        described["x-inin-requires-permissions"] = {"type": kind, "permissions": list(permissions)}
    return described


def operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.template.removeprefix("/api/v2"))
    return route.method.lower() + "".join(word[0].upper() + word[1:] for word in words)
