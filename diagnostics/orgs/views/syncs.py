"""Starts a configuration sync and shows its progress."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.syncs import sync_state_of
from diagnostics.orgs.sync.lifecycle import start_sync
from diagnostics.orgs.visibility import find_active_client, find_client


@require_POST
@may_run_required
def sync_start(request: Request, pk: int) -> HttpResponse:
    """Start a sync, or show the one that is running."""
    client = find_active_client(pk, request.user)
    with transaction.atomic():
        sync = start_sync(client, source=ConfigurationSync.Source.WEB, user=request.user)
        if sync is not None:
            transaction.on_commit(lambda: tasks.send(tasks.run_org_sync, sync.pk))
    if request.htmx:
        return _fragment(request, client)
    if sync is None:
        messages.info(request, "A sync of this org is already running.")
    next_url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(next_url, allowed_hosts=None):
        return redirect(next_url)
    return redirect("client", client.pk)


@require_safe
def sync_state(request: Request, pk: int) -> HttpResponse:
    """The fragment with the sync's progress. Once it is finished, the whole page is reloaded."""
    client = find_client(pk, request.user)
    state = sync_state_of(client)
    if request.htmx and state.open is None:
        return HttpResponseClientRefresh()
    if request.htmx and request.GET.get("seen") == state.mark:
        return not_modified_fragment()
    return _fragment(request, client)


def _fragment(request: Request, client: OAuthClient) -> HttpResponse:
    context = {"sync_state": sync_state_of(client), "client": client}
    return render(request, "orgs/_sync.html", context)
