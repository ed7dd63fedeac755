"""The page that tells other programs' authors what the API takes and answers: from its document, without a script."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.api.guide import areas_of, shapes_of
from diagnostics.api.v1 import document
from diagnostics.http import Request

START = """curl -X POST {root}/api/v1/runs \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: nightly-2026-11-22" \\
  -d '{{"client": 1}}'"""
POLL = """curl {root}/api/v1/runs/12 -H "Authorization: Bearer $TOKEN\""""


@require_safe
def api_guide(request: Request) -> HttpResponse:
    told, root = document(), request.build_absolute_uri("/").rstrip("/")
    context = {
        "info": told["info"],
        "areas": areas_of(told),
        "shapes": shapes_of(told),
        "start": START.format(root=root),
        "poll": POLL.format(root=root),
    }
    return render(request, "api/guide.html", context)
