"""The API page: documents the operations from the OpenAPI document, without scripts."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from diagnostics.accounts.requests import Request
from diagnostics.api.guide import documented_schemas, operation_groups
from diagnostics.api.problems import ProblemError
from diagnostics.api.v1 import document

START = """curl -X POST {root}/api/v1/runs \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: nightly-2026-11-22" \\
  -d '{{"client": 1}}'"""
POLL = """curl {root}/api/v1/runs/12 -H "Authorization: Bearer $TOKEN\""""


@csrf_exempt
@login_not_required
def api_guide(request: Request) -> HttpResponseBase:
    """A page for people. Other methods get a problem response as from the API itself."""
    if request.method not in ("GET", "HEAD"):
        return ProblemError(
            405, "wrong_method", "This address accepts GET, HEAD only.", headers={"Allow": "GET, HEAD"}
        ).response()
    return _guide(request)


@login_required
def _guide(request: HttpRequest) -> HttpResponse:
    openapi, root = document(), request.build_absolute_uri("/").rstrip("/")
    context = {
        "info": openapi["info"],
        "areas": operation_groups(openapi),
        "shapes": documented_schemas(openapi),
        "start": START.format(root=root),
        "poll": POLL.format(root=root),
    }
    return render(request, "api/guide.html", context)
