"""Pages to add, show, verify, change and retire OAuth clients."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required, may_run_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.checks.permissions import READS
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import all_regions, find_region, nearest_regions
from diagnostics.orgs.client_csv import MAX_ROWS
from diagnostics.orgs.client_import import import_clients
from diagnostics.orgs.clients import change_client, create_client, replace_secret, retire_client, start_verification
from diagnostics.orgs.forms.clients import NAME_IN_USE, ClientForm, ImportForm, NewClientForm, SecretForm
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.permissions.relevant import STARTS, needed_permissions
from diagnostics.orgs.permissions.role import MENU_PATH
from diagnostics.orgs.queries.clients import RECENT_RUNS, runs_of_client
from diagnostics.orgs.queries.syncs import sync_state_of
from diagnostics.orgs.visibility import find_active_client, find_client, visible_clients

MAX_READERS = 20  # links; the page of each org has one too
GET_AND_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_AND_POST)
@sensitive_post_parameters("secret")
@admin_required
def client_add(request: Request) -> HttpResponse:
    form = NewClientForm(request.POST or None)
    if form.is_valid():
        try:
            with transaction.atomic():
                client = create_client(**form.arguments(), user=request.user)
                _verify(client)
            return redirect("client", client.pk)
        except IntegrityError:  # a concurrent request used the name
            form.add_error("name", NAME_IN_USE)
    needed = [(name, READS.get(name, "")) for name in needed_permissions(bundled())]
    context = {"form": form, "regions": all_regions(), "needed": [*needed, *STARTS.items()]}
    return render(request, "orgs/clients/add.html", context)


@require_http_methods(GET_AND_POST)
@sensitive_post_parameters("lines", "file")
@admin_required
def client_import(request: Request) -> HttpResponse:
    form, results = ImportForm(request.POST or None, request.FILES or None), None
    if form.is_valid():
        results = import_clients(form.cleaned_data["rows"], request.user)
        for client in (result.client for result in results):
            if client is not None and client.has_secret:
                tasks.send(tasks.verify_client, client.pk)
    readers = visible_clients(request.user).filter(state=OAuthClient.State.VERIFIED, retired_at=None)
    context = {
        "form": form,
        "results": results,
        "limit": MAX_ROWS,
        "readers": readers.only("name")[:MAX_READERS],
        "registered": sum(result.client is not None for result in results or ()),
    }
    return render(request, "orgs/clients/import.html", context)


@require_safe
@admin_required
def client_region(request: Request) -> HttpResponse:
    """The fragment below the region field: the recognized region, or similar ones."""
    text = request.GET.get("region", "")[:4000].strip()
    found = find_region(text) if text else None
    is_unknown = bool(text) and found is None
    context = {"understood": found, "unknown": is_unknown, "nearest": nearest_regions(text) if is_unknown else ()}
    return render(request, "orgs/clients/_region.html", context)


@require_safe
def client_detail(request: Request, pk: int) -> HttpResponse:
    client = find_client(pk, request.user)
    verification = _verification_context(client)
    context = {
        **verification,
        "runs": runs_of_client(client)[:RECENT_RUNS],
        "sync_state": sync_state_of(client),
        "is_verified": client.state == client.State.VERIFIED and not verification["missing"],
    }
    return render(request, "orgs/clients/detail.html", context)


@require_safe
def client_verification(request: Request, pk: int) -> HttpResponse:
    """The fragment with the verification steps. Returns 204 if the page is up to date."""
    client = find_client(pk, request.user)
    if client.state == client.State.VERIFYING and request.GET.get("seen") == _poll_key(client):
        return not_modified_fragment()
    context = {**_verification_context(client), "is_fragment": True}
    return render(request, "orgs/clients/_verification.html", context)


@require_http_methods(GET_AND_POST)
@admin_required
def client_edit(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    before = client.region, client.client_id
    form = ClientForm(request.POST or None, initial=model_to_dict(client, ClientForm.base_fields), client=client)
    if form.is_valid():
        try:
            with transaction.atomic():
                change_client(client, **form.arguments())
                if (client.region, client.client_id) != before:
                    _verify(client)
            return redirect("client", client.pk)
        except IntegrityError:
            form.add_error("name", NAME_IN_USE)
    return render(request, "orgs/clients/edit.html", {"form": form, "client": client, "regions": all_regions()})


@require_http_methods(GET_AND_POST)
@sensitive_post_parameters("secret")
@admin_required
def client_secret(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    form = SecretForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            replace_secret(client, form.cleaned_data["secret"])
            _verify(client)
        return redirect("client", client.pk)
    return render(request, "orgs/clients/secret.html", {"form": form, "client": client})


@require_POST
@may_run_required
def client_verify(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    with transaction.atomic():
        if not _verify(client):
            messages.info(request, "This client is already being verified.")
    return redirect("client", client.pk)


@require_http_methods(GET_AND_POST)
@admin_required
def client_retire(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    if request.method == "POST":
        retire_client(client)
        messages.success(request, f"{client.name} is retired.")
        return redirect("orgs")
    return render(request, "orgs/clients/retire.html", {"client": client})


def _verification_context(client: OAuthClient) -> dict[str, object]:
    """The steps of the verification, and the permissions of our checks that it found missing."""
    lacking = (step for step in client.verification if step.get("code") == "lacking")
    missing = [step["subject"] for step in lacking if step.get("check") == "permissions.reads"]
    return {"client": client, "seen": _poll_key(client), "missing": missing, "menu_path": MENU_PATH}


def _verify(client: OAuthClient) -> bool:
    """Start a verification and send its task on commit. Returns False if one is running."""
    is_started = start_verification(client)
    if is_started:
        transaction.on_commit(lambda: tasks.send(tasks.verify_client, client.pk))
    return is_started


def _poll_key(client: OAuthClient) -> str:
    """Return a value that changes with each verification step."""
    return f"{client.state}.{len(client.verification)}"
