"""Starts a configuration sync and shows its progress."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.orgs.lookups import find_active_client, find_client
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.syncs import sync_state_of
from diagnostics.orgs.sync.snapshots import start_sync


@require_POST
@may_run_required
def snapshot_start(request: Request, pk: int) -> HttpResponse:
    """Start a sync, or show the one that is running."""
    client = find_active_client(pk, request.user)
    with transaction.atomic():
        snapshot = start_sync(client, source=ConfigurationSync.Source.WEB, user=request.user)
        if snapshot is not None:
            transaction.on_commit(lambda: tasks.send(tasks.read_snapshot, snapshot.pk))
    if request.htmx:
        return _fragment(request, client)
    if snapshot is None:
        messages.info(request, f"The org of {client.name} is being read already.")
    next_url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(next_url, allowed_hosts=None):
        return redirect(next_url)
    return redirect(f"{reverse('providers')}?client={client.pk}")


@require_safe
def snapshot_state(request: Request, pk: int) -> HttpResponse:
    """The fragment with the sync's progress. Once it is finished, the whole page is reloaded."""
    client = find_client(pk, request.user)
    reading = sync_state_of(client)
    if request.htmx and reading.open is None:
        return HttpResponseClientRefresh()
    if request.htmx and request.GET.get("seen") == reading.mark:
        return not_modified_fragment()
    return _fragment(request, client)


def _fragment(request: Request, client: OAuthClient) -> HttpResponse:
    context = {"reading": sync_state_of(client), "client": client, "is_fragment": True}
    return render(request, "orgs/providers/_reading.html", context)
