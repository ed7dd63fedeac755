"""The parts of a sync that read providers: gateway list, web deployments, their settings, and drafts."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from diagnostics.checks.provider import judge_list
from diagnostics.engine.facts import Change
from diagnostics.genesys import gateway
from diagnostics.genesys.documents.deployment import LIST_PATH, Deployment, configuration_path, published_version
from diagnostics.genesys.documents.gateway_providers import GatewayProviders, is_absent
from diagnostics.genesys.fields import identifier
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.orgs.clients import store_gateway
from diagnostics.orgs.models import OrgChange, Provider
from diagnostics.orgs.sync.changes import CHANGED, provider_changes
from diagnostics.orgs.sync.execute import SyncRun
from diagnostics.orgs.sync.paging import PageCounts, PagedList, read_all_pages
from diagnostics.orgs.sync.provider_documents import (
    DEPLOYMENT,
    GATEWAY,
    from_deployment,
    from_gateway_provider,
    parse_draft,
    with_draft,
    with_version,
)
from diagnostics.orgs.sync.store import (
    fill_row,
    last_complete_sync,
    org_change,
    provider_change,
    store_changes,
    store_draft,
    store_providers,
    store_removed,
    synced_provider,
)

MAX_DEPLOYMENT_REQUESTS = 50  # per sync, for deployments that were missing from the list
MAX_SETTINGS_REQUESTS = 300  # per sync, for deployments whose settings were missing from the list
MISSES_UNTIL_REMOVED = 2
CONFIGURATIONS_PATH = "/api/v2/webdeployments/configurations"
MAX_GATEWAY_PROVIDERS = 5_000
BATCH_SIZE = 200


def sync_gateway(sync: SyncRun) -> None:
    """Check whether the org has a provider list, and store its providers."""
    response = sync.get(gateway.PROVIDERS_PATH)
    result = judge_list(response)
    listed = GatewayProviders.parse(response)
    entries = () if isinstance(listed, UnreadableResponse) else listed.providers[:MAX_GATEWAY_PROVIDERS]
    found = [from_gateway_provider(entry) for entry in entries if identifier(entry.id)]
    providers = [provider.redacted(sync.clean) for provider in found]
    with sync.saving():
        _store_capability(sync, result.code)
        if result.code == "unknown":
            sync.end_part(GATEWAY, "failed", "not_read", result.sentence)
            return
        store_providers(sync.snapshot, GATEWAY, providers, last_complete_sync(sync.snapshot, GATEWAY))
        _count_miss(sync, _missing(sync, GATEWAY))
        if result.code == "no_provider_list":
            sync.end_part(GATEWAY, "absent", result.code, result.sentence)
        elif len(providers) < len(entries):
            sentence = f"{len(entries) - len(providers)} of {len(entries)} providers have no usable ID."
            sync.end_part(GATEWAY, "partial", "entries_unreadable", sentence, len(providers))
        else:
            sentence = f"Providers read from the gateway's list: {len(providers)}."
            sync.end_part(GATEWAY, "whole", "read", sentence, len(providers))


def _store_capability(sync: SyncRun, code: str) -> None:
    """Store whether the org has a gateway, and record a change."""
    client = sync.client
    before = client.gateway
    store_gateway(client, code)
    client.refresh_from_db(fields=["gateway"])
    if before is not None and client.gateway is not None and client.gateway != before:
        about = OrgChange.About.CLIENT
        found = Change(CHANGED, "gateway", before, client.gateway, about, name=client.org_name)
        change = org_change(found, client.pk, client.gateway_seen_at, timezone.now())
        store_changes(sync.snapshot, [change])


def sync_deployments(sync: SyncRun) -> None:
    permission, query = "webDeployments:deployment:view", {"expand": "Configuration"}
    read_all_pages(sync, PagedList("deployments", LIST_PATH, "web deployments", permission, query, _store_deployments))


def _store_deployments(sync: SyncRun, entries: list[Any]) -> PageCounts:
    parsed = [Deployment.parse(entry) for entry in entries]
    usable = [from_deployment(deployment).redacted(sync.clean) for deployment in parsed if deployment is not None]
    counts = store_providers(sync.snapshot, DEPLOYMENT, usable, last_complete_sync(sync.snapshot, "deployments"))
    return replace(counts, unreadable=len(parsed) - len(usable))


def sync_settings(sync: SyncRun) -> None:
    """Read settings that the list lacks, deployment by deployment. This request needs no permission."""
    position = sync.progress.setdefault("settings", {"after": 0, "asked": 0, "read": 0})
    hidden = _deployments(sync).filter(sync=sync.snapshot, settings__hidden=True)
    while position["asked"] < MAX_SETTINGS_REQUESTS and (
        row := hidden.filter(pk__gt=position["after"]).order_by("pk").first()
    ):
        response = _get(sync, configuration_path(quote(row.ref, safe="")))
        with sync.saving():
            position["after"], position["asked"] = row.pk, position["asked"] + 1
            position["read"] += _store_settings(sync, row, response)
        sync.yield_to_runs(response)
    with sync.saving():
        remaining = hidden.count()
        if remaining:
            sentence = f"The org doesn't show the cobrowse settings of {remaining} web deployments."
            sync.end_part("settings", "partial", "settings_hidden", sentence, position["read"])
        else:
            sentence = "The cobrowse settings of all these web deployments were read."
            sync.end_part("settings", "whole", "read", sentence, position["read"])


def _store_settings(sync: SyncRun, row: Provider, response: OrgResponse) -> bool:
    before = synced_provider(row)
    after = with_version(before, published_version(response)).redacted(sync.clean)
    if after.is_hidden:
        return False
    changes = list(provider_changes(before, after))
    now, since = timezone.now(), last_complete_sync(sync.snapshot, "settings")
    fill_row(row, after, sync.snapshot, now)
    row.changed_at = now if changes else row.changed_at
    row.save()
    store_changes(sync.snapshot, [provider_change(row, change, since, now) for change in changes])
    return True


def find_removed(sync: SyncRun) -> None:
    """Find removed deployments: those that return 404, or were missing from two consecutive complete syncs."""
    if not any(part["part"] == "deployments" and part["state"] == "whole" for part in sync.parts):
        return
    position = sync.progress.setdefault("gone", {"after": 0, "asked": 0})
    missing = _missing(sync, DEPLOYMENT)
    while position["asked"] < MAX_DEPLOYMENT_REQUESTS and (
        row := missing.filter(pk__gt=position["after"]).order_by("pk").first()
    ):
        response = _get(sync, f"{LIST_PATH}/{quote(row.ref, safe='')}", expand="Configuration")
        deployment = Deployment.parse(response.data) if response.ok else None
        with sync.saving():
            position["after"], position["asked"] = row.pk, position["asked"] + 1
            if deployment is not None and deployment.id.lower() == row.ref.lower():
                store_providers(sync.snapshot, DEPLOYMENT, [from_deployment(deployment).redacted(sync.clean)], None)
            elif is_absent(response):
                store_removed(sync.snapshot, [row])
            else:
                _count_miss(sync, missing.filter(pk=row.pk))
        sync.yield_to_runs(response)
    with sync.saving():
        _count_miss(sync, missing.filter(pk__gt=position["after"]))
        position["after"] = 2**62  # all are counted


def sync_drafts(sync: SyncRun) -> None:
    """Read the drafts: the list of configurations returns them."""
    permission = "webDeployments:configuration:view"
    read_all_pages(
        sync, PagedList("drafts", CONFIGURATIONS_PATH, "configuration drafts", permission, {}, _store_drafts)
    )
    if not sync.progress["drafts"]["pages"]:
        with sync.saving():
            _deployments(sync).filter(sync=sync.snapshot).update(draft_is_newer=None)


def _store_drafts(sync: SyncRun, entries: list[Any]) -> PageCounts:
    drafts = {draft.configuration: draft for draft in map(parse_draft, reversed(entries)) if draft is not None}
    baseline = last_complete_sync(sync.snapshot, "drafts")
    rows = _deployments(sync).filter(settings__configuration__id__in=list(drafts)).order_by("pk")
    after = 0
    while batch := list(rows.filter(pk__gt=after)[:BATCH_SIZE]):  # every deployment may have the same configuration
        after = batch[-1].pk
        updated, changes = [], []
        for row in batch:
            before = synced_provider(row)
            provider = with_draft(before, drafts[row.settings["configuration"]["id"]]).redacted(sync.clean)
            if provider != before:
                changes += store_draft(row, before, provider, baseline)
                updated.append(row)
        Provider.objects.bulk_update(updated, ["settings", "draft_is_newer", "changed_at"])
        store_changes(sync.snapshot, changes)
    unreadable = sum(parse_draft(entry) is None for entry in entries)
    return PageCounts(len(drafts), len(entries) - unreadable - len(drafts), unreadable)


def _deployments(sync: SyncRun) -> QuerySet[Provider]:
    return Provider.objects.filter(client=sync.client, source=DEPLOYMENT, removed_at=None)


def _missing(sync: SyncRun, source: str) -> QuerySet[Provider]:
    """Return the current providers that this sync hasn't found."""
    known = Provider.objects.filter(client=sync.client, source=source, removed_at=None)
    return known.filter(Q(sync=None) | ~Q(sync=sync.snapshot))


def _count_miss(sync: SyncRun, rows: QuerySet[Provider]) -> None:
    rows.update(missed=F("missed") + 1)
    store_removed(sync.snapshot, rows.filter(missed__gte=MISSES_UNTIL_REMOVED)[:5_000])


def _get(sync: SyncRun, path: str, **query: str | int) -> OrgResponse:
    sync.check_time()
    return sync.raise_if_rate_limited(sync.genesys.get_uncached(path, **query))
