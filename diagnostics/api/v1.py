"""Version 1 of the API, put together: its calls, how it refuses, and its addresses."""

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

from diagnostics.api import clients, comparisons, findings, me, runs, schedules
from diagnostics.api.callers import TokenHeader
from diagnostics.api.document import completed
from diagnostics.api.problems import Problem, ProblemError, not_found, problem, wrong
from diagnostics.api.requests import known_names
from diagnostics.operations.outages import RETRY_SECONDS, find_outage
from diagnostics.product import version
from diagnostics.text.cleaning import read_json

log = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]

DESCRIPTION = """Diagnoses of Genesys Cloud cobrowse, for other programs.

Send a token as `Authorization: Bearer cbd_…`; people make theirs on the page *API tokens*. A token sees and does what its
person may, and no more than its scope. Lists go on at `next` until it is null. What does not succeed is answered with
problem details (RFC 9457), whose `code` is stable."""


class CleanParser(Parser):
    """Cleans what a JSON escape in a body stands for, such as half of a surrogate pair."""

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
api.add_decorator(known_names)
for router in (me.router, clients.router, runs.router, comparisons.router, findings.router, schedules.router):
    api.add_router("", router)


@api.exception_handler(ProblemError)
def _refused(request: HttpRequest, refusal: ProblemError) -> HttpResponse:
    return refusal.answer()


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, trouble: Http404) -> HttpResponse:
    return not_found().answer()


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, trouble: PermissionDenied) -> HttpResponse:
    return problem(403, "forbidden", str(trouble) or "The person whose token this is may not do this.")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, trouble: ValidationError) -> HttpResponse:
    errors = [(_location(each["loc"]), str(each["msg"])) for each in trouble.errors]
    return wrong("The request was understood, but something in it is wrong.", *errors).answer()


def _location(parts: tuple[object, ...]) -> str:
    """As the caller wrote it: without the names that the arguments have here."""
    return ".".join(str(part) for part in parts if part not in ("given", "asked"))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, trouble: HttpError) -> HttpResponse:
    code = "not_json" if trouble.status_code == 400 else "refused"
    detail = "The body is no JSON." if code == "not_json" else str(trouble)
    return problem(trouble.status_code, code, detail)


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, trouble: RequestDataTooBig) -> HttpResponse:
    return problem(413, "too_large", f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")


@api.exception_handler(DatabaseError)
@api.exception_handler(InterfaceError)
def _database_failed(request: HttpRequest, error: Exception) -> HttpResponse:
    outage = find_outage(error)
    if outage is None:
        return _broke(request, error)
    log.error("%s %s: %s (%s)", request.method, request.path, outage.title, type(error).__name__)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return problem(503, outage.code, f"{outage.title}. {outage.why} Nothing was saved.", headers=headers)


@api.exception_handler(Exception)
def _broke(request: HttpRequest, trouble: Exception) -> HttpResponse:
    """Nothing of the trouble leaves; the log has it all."""
    log.error("the API failed at %s %s", request.method, request.path, exc_info=trouble)
    return problem(500, "failed", "Something failed here. It was written to the log.")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, the same for everybody."""
    made: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return completed(dict(made), schema)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Holds nothing of this installation, so everybody may read it."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


@login_not_required
@csrf_exempt
def unknown_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Every other address below the API: a program gets a problem, never a page or a login."""
    answer = not_found().answer()
    return _without_body(answer) if request.method == "HEAD" else answer


def _open(view: View) -> View:
    """By token, not by session. A method that an address does not take is told as a problem too.

    HEAD is answered as GET is, without the body.
    """

    @wraps(view)
    def by_token(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _too_big(request, RequestDataTooBig())
        answer = _with_head(view, request, *args, **values)
        if answer.status_code != 405:
            return answer
        methods = {each.strip() for each in answer.headers["Allow"].split(",")}
        allowed = {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}
        return problem(405, "wrong_method", f"This address takes {allowed['Allow']} only.", headers=allowed)

    return csrf_exempt(login_not_required(by_token))


def _with_head(view: View, request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
    if request.method != "HEAD":
        return view(request, *args, **values)
    request.method = "GET"
    try:
        answer = view(request, *args, **values)
    finally:
        request.method = "HEAD"
    return _without_body(answer) if isinstance(answer, HttpResponse) else answer


def _without_body(answer: HttpResponse) -> HttpResponse:
    length = len(answer.content)
    answer.content = b""
    answer.headers["Content-Length"] = str(length)
    return answer


def _calls() -> list[URLPattern]:
    """As django-ninja made them, without its root page."""
    patterns = [each for each in api.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"]
    for each in patterns:
        each.callback = _open(each.callback)
    return patterns


urlpatterns = [
    path("openapi.json", _open(openapi), name="openapi"),
    *_calls(),
    path("", unknown_path, name="root"),
    path("<path:rest>", unknown_path, name="nowhere"),
]
