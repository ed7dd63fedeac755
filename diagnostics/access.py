"""Who may do what, and the lookups that find a row or answer 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from diagnostics.http import Request
from diagnostics.models import Exchange, Finding, KnownFinding, OAuthClient, Provider, Run, User, Watch

P = ParamSpec("P")
HEAVY = ("client__secret", "repeats__inputs", "repeats__verdict")
View = Callable[Concatenate[Request, P], HttpResponse]


def admin_required(view: View[P]) -> View[P]:
    """Refuses everyone but admins with 403. Anonymous people are sent to the login, here as by the middleware."""

    @wraps(view)
    def guarded(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_admin:
            raise PermissionDenied("Only an admin may do this.")
        return view(request, *args, **kwargs)

    closed: Any = login_required(guarded)  # the decorator's types know HttpRequest only
    checked: View[P] = closed
    return checked


def clients_without_secret() -> QuerySet[OAuthClient]:
    """Every client; the secret stays in the database, so a page never decrypts one."""
    return OAuthClient.objects.defer("secret")


def find_client(pk: int) -> OAuthClient:
    return get_object_or_404(clients_without_secret(), pk=pk)


def find_active_client(pk: int) -> OAuthClient:
    """A retired client can be read, but nothing more can be done with it."""
    return get_object_or_404(clients_without_secret(), pk=pk, retired_at=None)


def find_run(pk: int) -> Run:
    return get_object_or_404(Run.objects.select_related("client", "started_by", "repeats").defer(*HEAVY), pk=pk)


def find_exchange(run_pk: int, position: int) -> Exchange:
    return get_object_or_404(Exchange.objects.select_related("run"), run_id=run_pk, position=position)


def newest_watch(run: Run) -> Watch | None:
    """The watch of this run that is open, else the last there was."""
    return run.watches.select_related("latest", "started_by").order_by("-id").first()


def find_finding(run_pk: int, position: int) -> Finding:
    return get_object_or_404(Finding, run_id=run_pk, position=position)


def find_user(pk: int) -> User:
    return get_object_or_404(User, pk=pk)


def find_provider(pk: int) -> Provider:
    providers = Provider.objects.select_related("client", "snapshot__started_by")
    return get_object_or_404(providers.defer("client__secret", "snapshot__rights", "snapshot__progress"), pk=pk)


def find_known(pk: int) -> KnownFinding:
    known = KnownFinding.objects.select_related("client", "first_run", "last_run", "accepted_by")
    heavy = ("inputs", "verdict", "environment", "planned", "marks")
    runs = [f"{run}__{name}" for run in ("first_run", "last_run") for name in heavy]
    return get_object_or_404(known.defer("client__secret", "client__verification", *runs), pk=pk)
