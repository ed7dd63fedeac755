"""The reference: a page for every cause, also as Markdown, the page about the 404, the page of accuracy, and the page of checks."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks.base import NODES, all_checks
from diagnostics.engine.causes import CAUSES
from diagnostics.engine.causes.cause import Cause
from diagnostics.engine.check_reference import entries_of, smallest_role
from diagnostics.engine.fixes import admin_notation
from diagnostics.genesys.contract import bundled
from diagnostics.reference import accuracy, why_404
from diagnostics.reference.markdown import accuracy_markdown, cause_markdown, related_to, why_404_markdown


def readable_by_everybody(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view is open without signing in, unless the operator has closed the reference (PUBLIC_REFERENCE)."""
    after_sign_in = login_required(view)

    @login_not_required
    @require_safe
    @wraps(view)
    def opened(request: Request, **arguments: str) -> HttpResponse:
        return (view if settings.PUBLIC_REFERENCE else after_sign_in)(request, **arguments)

    return opened


@readable_by_everybody
def reference(request: Request) -> HttpResponse:
    return redirect("causes")


@readable_by_everybody
def cause_list(request: Request) -> HttpResponse:
    groups = [
        (label, [cause for cause in CAUSES.values() if cause.node == node])
        for node, label in NODES.items()
        if any(cause.node == node for cause in CAUSES.values())
    ]
    return render(request, "reference/causes.html", {"groups": groups, "why_404": why_404})


@readable_by_everybody
def cause_page(request: Request, code: str) -> HttpResponse:
    cause = _find(code)
    context = {
        "cause": cause,
        "part": NODES[cause.node],
        "steps": cause.steps,
        "permissions": [(name, admin_notation(name)) for name in cause.permissions],
        "related": related_to(cause),
    }
    return render(request, "reference/cause.html", context)


@readable_by_everybody
def cause_as_markdown(request: Request, code: str) -> HttpResponse:
    return _markdown(cause_markdown(_find(code)))


@readable_by_everybody
def why_404_page(request: Request) -> HttpResponse:
    return render(request, "reference/why_404.html", {"page": why_404})


@readable_by_everybody
def why_404_as_markdown(request: Request) -> HttpResponse:
    return _markdown(why_404_markdown())


@readable_by_everybody
def accuracy_page(request: Request) -> HttpResponse:
    return render(request, "reference/accuracy.html", {"page": accuracy, "engines": accuracy.by_engine()})


@readable_by_everybody
def accuracy_as_markdown(request: Request) -> HttpResponse:
    return _markdown(accuracy_markdown())


@require_safe
def check_list(request: Request) -> HttpResponse:
    contract = bundled()
    entries = entries_of(all_checks(), contract)
    groups = {**NODES, "": "Result of the call"}
    role = smallest_role(entries)
    context = {
        "groups": [(label, [entry for entry in entries if entry.node == node]) for node, label in groups.items()],
        "role": role,
        "role_api": "\n".join(item.permission.api for item in role),
        "role_admin": "\n".join(item.permission.admin for item in role),
        "contract": contract,
    }
    return render(request, "reference/checks.html", context)


def _find(code: str) -> Cause:
    if code not in CAUSES:
        raise Http404("There is no cause with this code.")
    return CAUSES[code]


def _markdown(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")
