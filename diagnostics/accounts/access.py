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


def _restricted(is_allowed: Callable[[User], bool], message: str) -> Callable[[View[P]], View[P]]:
    """A decorator that returns 403 for other users. Anonymous users are redirected to sign-in."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not is_allowed(request.user):
                raise PermissionDenied(message)
            return view(request, *args, **kwargs)

        decorated: Any = login_required(guarded)  # typed for HttpRequest only
        result: View[P] = decorated
        return result

    return decorate


admin_required = _restricted(lambda user: user.is_admin, "This needs the role admin.")
# For views that send requests to an org.
may_run_required = _restricted(lambda user: user.may_run, "This needs the role admin or operator.")
may_note_required = _restricted(lambda user: user.may_note, "This needs the role admin or team lead.")
may_assign_required = _restricted(
    lambda user: user.may_assign, "Only an admin, an operator or a team lead may do this."
)
may_audit_required = _restricted(lambda user: user.may_audit, "This needs the role admin or auditor.")


def find_user(pk: int) -> User:
    return get_object_or_404(User, pk=pk)
