"""Who may do what, and the lookups that find a row or answer 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from diagnostics.http import Request
from diagnostics.models import (
    AlertRule,
    Channel,
    Delivery,
    Exchange,
    Finding,
    Incident,
    KnownFinding,
    OAuthClient,
    Provider,
    Run,
    Schedule,
    User,
    Watch,
)
from diagnostics.queries.alerts import deliveries_in_sight, incidents_in_sight
from diagnostics.sight import in_sight, visible_clients

P = ParamSpec("P")
HEAVY = ("client__secret", "repeats__inputs", "repeats__verdict")
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


def clients_without_secret(user: User) -> QuerySet[OAuthClient]:
    """Every client this person may see; the secret stays in the database, so a page never decrypts one."""
    return visible_clients(user).defer("secret")


def find_client(pk: int, user: User) -> OAuthClient:
    return get_object_or_404(clients_without_secret(user), pk=pk)


def find_active_client(pk: int, user: User) -> OAuthClient:
    """A retired client can be read, but nothing more can be done with it."""
    return get_object_or_404(clients_without_secret(user), pk=pk, retired_at=None)


def find_run(pk: int, user: User) -> Run:
    runs = in_sight(Run.objects.select_related("client", "started_by", "repeats"), user)
    return get_object_or_404(runs.defer(*HEAVY), pk=pk)


def find_exchange(run_pk: int, position: int, user: User) -> Exchange:
    exchanges = in_sight(
        Exchange.objects.select_related("run__client").defer("run__client__secret"), user, "run__client"
    )
    return get_object_or_404(exchanges, run_id=run_pk, position=position)


def newest_watch(run: Run) -> Watch | None:
    """The watch of this run that is open, else the last there was."""
    return run.watches.select_related("latest", "started_by").order_by("-id").first()


def find_finding(run_pk: int, position: int, user: User) -> Finding:
    return get_object_or_404(in_sight(Finding.objects.all(), user, "run__client"), run_id=run_pk, position=position)


def find_user(pk: int) -> User:
    return get_object_or_404(User, pk=pk)


def find_provider(pk: int, user: User) -> Provider:
    providers = in_sight(Provider.objects.select_related("client", "snapshot__started_by"), user)
    return get_object_or_404(providers.defer("client__secret", "snapshot__rights", "snapshot__progress"), pk=pk)


def find_known(pk: int, user: User) -> KnownFinding:
    known = KnownFinding.objects.select_related("client", "first_run", "last_run", "accepted_by")
    heavy = ("inputs", "verdict", "environment", "planned", "marks")
    runs = [f"{run}__{name}" for run in ("first_run", "last_run") for name in heavy]
    found = in_sight(known, user).defer("client__secret", "client__verification", *runs)
    return get_object_or_404(found, pk=pk)


def find_schedule(pk: int, user: User) -> Schedule:
    schedules = in_sight(Schedule.objects.select_related("client", "owner", "paused_by", "last_run"), user)
    heavy = [f"last_run__{name}" for name in ("inputs", "verdict", "environment", "planned", "marks")]
    return get_object_or_404(schedules.defer("client__secret", "client__verification", *heavy), pk=pk)


def find_incident(pk: int, user: User) -> Incident:
    return get_object_or_404(incidents_in_sight(user), pk=pk)


def find_delivery(pk: int, user: User) -> Delivery:
    return get_object_or_404(deliveries_in_sight(user), pk=pk)


def find_channel(pk: int) -> Channel:
    return get_object_or_404(Channel.objects.defer("secret", "signing_secret"), pk=pk)


def find_rule(pk: int) -> AlertRule:
    return get_object_or_404(AlertRule.objects.select_related("muted_by"), pk=pk)
