"""Who may do what, and the lookups that find a row or answer 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponseBase]


def admin_required(view: View[P]) -> View[P]:
    """Refuses everyone but admins with 403. Anonymous people are sent to the login, here as by the middleware."""
    return _only(view, lambda user: user.is_admin, "Only an admin may do this.")


def may_run_required(view: View[P]) -> View[P]:
    """For what asks an org: admins and operators."""
    return _only(view, lambda user: user.may_run, "Only an admin or an operator may do this.")


def may_note_required(view: View[P]) -> View[P]:
    """For notes on findings: admins and team leads."""
    return _only(view, lambda user: user.may_note, "Only an admin or a team lead may do this.")


def may_audit_required(view: View[P]) -> View[P]:
    """For the audit log: admins and auditors."""
    return _only(view, lambda user: user.may_audit, "Only an admin or an auditor may read this.")


def _only(view: View[P], may: Callable[[User], bool], sentence: str) -> View[P]:
    @wraps(view)
    def guarded(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not may(request.user):
            raise PermissionDenied(sentence)
        return view(request, *args, **kwargs)

    closed: Any = login_required(guarded)  # the decorator's types know HttpRequest only
    checked: View[P] = closed
    return checked


def find_user(pk: int) -> User:
    return get_object_or_404(User, pk=pk)
