"""The page that tells other programs' authors what the API takes and answers: from its document, without a script."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from diagnostics.accounts.requests import Request
from diagnostics.api.guide import areas_of, shapes_of
from diagnostics.api.problems import problem
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
    """A page for people; a program that posts here gets a problem as from the API itself."""
    if request.method not in ("GET", "HEAD"):
        return problem(405, "wrong_method", "This address takes GET, HEAD only.", headers={"Allow": "GET, HEAD"})
    return _guide(request)


@login_required
def _guide(request: HttpRequest) -> HttpResponse:
    told, root = document(), request.build_absolute_uri("/").rstrip("/")
    context = {
        "info": told["info"],
        "areas": areas_of(told),
        "shapes": shapes_of(told),
        "start": START.format(root=root),
        "poll": POLL.format(root=root),
    }
    return render(request, "api/guide.html", context)
