"""View decorators that check roles, and a user lookup that raises 404."""

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
    """Return 403 for everyone but admins. Anonymous users are redirected to sign-in."""
    return _restricted(view, lambda user: user.is_admin, "This needs the role admin.")


def may_run_required(view: View[P]) -> View[P]:
    """Allow admins and operators: for views that send requests to an org."""
    return _restricted(view, lambda user: user.may_run, "This needs the role admin or operator.")


def may_note_required(view: View[P]) -> View[P]:
    """Allow admins and team leads: for notes on issues."""
    return _restricted(view, lambda user: user.may_note, "This needs the role admin or team lead.")


def may_assign_required(view: View[P]) -> View[P]:
    """Allow admins, operators and team leads: for assigning issues."""
    return _restricted(view, lambda user: user.may_assign, "Only an admin, an operator or a team lead may do this.")


def may_audit_required(view: View[P]) -> View[P]:
    """Allow admins and auditors: for the audit log."""
    return _restricted(view, lambda user: user.may_audit, "This needs the role admin or auditor.")


def _restricted(view: View[P], is_allowed: Callable[[User], bool], message: str) -> View[P]:
    @wraps(view)
    def guarded(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_allowed(request.user):
            raise PermissionDenied(message)
        return view(request, *args, **kwargs)

    decorated: Any = login_required(guarded)  # typed for HttpRequest only
    result: View[P] = decorated
    return result


def find_user(pk: int) -> User:
    return get_object_or_404(User, pk=pk)
