"""Finds a run, or a part of one, that a user may see, or raises 404."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Exchange, Finding, Run, Watch
from diagnostics.runs.months import HAS_FINDINGS, has_lost_findings

HEAVY = ("client__secret", "repeats__inputs", "repeats__verdict", "batch_group__inputs")


def find_run(pk: int, user: User) -> Run:
    runs = visible_rows(Run.objects.select_related("client", "started_by", "repeats", "batch_group"), user)
    run = get_object_or_404(runs.defer(*HEAVY).annotate(has_findings=HAS_FINDINGS), pk=pk)
    if not run.has_findings and has_lost_findings(run):  # type: ignore[attr-defined]
        raise Http404("This run is being deleted.")
    return run


def find_exchange(run_pk: int, position: int, user: User) -> Exchange:
    exchanges = visible_rows(
        Exchange.objects.select_related("run__client").defer("run__client__secret"), user, "run__client"
    )
    return get_object_or_404(exchanges, run_id=run_pk, position=position)


def newest_watch(run: Run) -> Watch | None:
    """The open watch of this run, or the latest one."""
    return run.watches.select_related("latest", "started_by").order_by("-id").first()


def find_finding(run_pk: int, position: int, user: User) -> Finding:
    return get_object_or_404(visible_rows(Finding.objects.all(), user, "run__client"), run_id=run_pk, position=position)
