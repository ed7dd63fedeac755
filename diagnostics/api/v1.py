"""Version 1 of the API: its operations, error responses and URLs."""

import logging
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from diagnostics.api import (
    batches,
    client_listings,
    clients,
    comparisons,
    issues,
    me,
    permissions,
    reference,
    runs,
    schedules,
    what_if,
)
from diagnostics.api.callers import TokenHeader
from diagnostics.api.document import complete_document
from diagnostics.api.problems import Problem, ProblemError, not_found, wrong
from diagnostics.api.requests import refuse_unknown_parameters
from diagnostics.operations.outages import RETRY_SECONDS, find_outage
from diagnostics.product import version
from diagnostics.text.cleaning import read_json

log = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]
# Names of the views' parameters, which are part of the location of a validation error.
VIEW_PARAMETERS = ("filters", "parameters", "pair", "payload")

DESCRIPTION = """Diagnoses of Genesys Cloud cobrowse, for other programs.

Create a token under *API tokens*, and send it as `Authorization: Bearer cbd_…`. It has your permissions, within its scope.
Follow `next` of a list until it is null. Errors are problem details (RFC 9457) with a stable `code`."""


class CleanParser(Parser):
    """Cleans JSON escapes of a body that text cannot represent, such as half of a surrogate pair."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read_json(request.body)


api = NinjaAPI(
    title="Cobrowse Doctor",
    version=version(),
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=CleanParser(),
    auth=TokenHeader(),
)
api.add_decorator(refuse_unknown_parameters)
for router in (
    me.router,
    reference.router,
    clients.router,
    client_listings.router,
    permissions.router,
    runs.router,
    batches.router,
    comparisons.router,
    issues.router,
    issues.findings_router,
    what_if.router,
    schedules.router,
):
    api.add_router("", router)


@api.exception_handler(ProblemError)
def _problem_error(request: HttpRequest, error: ProblemError) -> HttpResponse:
    return error.response()


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return not_found().response()


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return ProblemError(403, "forbidden", str(error) or "Your role doesn't allow this.").response()


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Locations are as the caller wrote them, without the names of the view's parameters."""
    errors = [
        (".".join(str(part) for part in item["loc"] if part not in VIEW_PARAMETERS), str(item["msg"]))
        for item in error.errors
    ]
    return wrong("The request isn't valid.", *errors).response()


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = "not_json" if error.status_code == 400 else "refused"
    detail = "The body isn't JSON." if code == "not_json" else str(error)
    return ProblemError(error.status_code, code, detail).response()


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return ProblemError(
        413, "too_large", f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes."
    ).response()


@api.exception_handler(DatabaseError)
@api.exception_handler(InterfaceError)
def _database_failed(request: HttpRequest, error: Exception) -> HttpResponse:
    outage = find_outage(error)
    if outage is None:
        return _broke(request, error)
    log.error("%s %s: %s (%s)", request.method, request.path, outage.title, type(error).__name__)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return ProblemError(
        503, outage.code, f"{outage.title}. {outage.why} Nothing was saved.", headers=headers
    ).response()


@api.exception_handler(Exception)
def _broke(request: HttpRequest, error: Exception) -> HttpResponse:
    """The response contains no details; the log does."""
    log.error("the API failed at %s %s", request.method, request.path, exc_info=error)
    return ProblemError(500, "failed", "An unexpected error on our side. The server log has the details.").response()


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, the same for all users."""
    generated: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return complete_document(dict(generated), schema)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Contains nothing about this installation, so it is public."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


@login_not_required
@csrf_exempt
def unknown_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other URL below the API: a problem instead of a page or a login."""
    response = not_found().response()
    return _without_body(response) if request.method == "HEAD" else response


def _with_token_auth(view: View) -> View:
    """Authenticates by token instead of session, and returns a problem for unsupported methods.

    HEAD returns the response of GET without the body.
    """

    @wraps(view)
    def by_token(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _too_big(request, RequestDataTooBig())
        response = _with_head(view, request, *args, **values)
        if response.status_code != 405:
            return response
        methods = {method.strip() for method in response.headers["Allow"].split(",")}
        allowed = {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}
        return ProblemError(
            405, "wrong_method", f"This address accepts {allowed['Allow']} only.", headers=allowed
        ).response()

    return csrf_exempt(login_not_required(by_token))


def _with_head(view: View, request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
    if request.method != "HEAD":
        return view(request, *args, **values)
    request.method = "GET"
    try:
        response = view(request, *args, **values)
    finally:
        request.method = "HEAD"
    return _without_body(response) if isinstance(response, HttpResponse) else response


def _without_body(response: HttpResponse) -> HttpResponse:
    length = len(response.content)
    response.content = b""
    response.headers["Content-Length"] = str(length)
    return response


# Those that django-ninja generated, without its root page.
operations = [item for item in api.urls[0] if isinstance(item, URLPattern) and item.name != "api-root"]
for pattern in operations:
    pattern.callback = _with_token_auth(pattern.callback)

urlpatterns = [
    path("openapi.json", _with_token_auth(openapi), name="openapi"),
    *operations,
    path("", unknown_path, name="root"),
    path("<path:rest>", unknown_path, name="nowhere"),
]
