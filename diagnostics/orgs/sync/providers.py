"""The parts of a reading that tell of providers: a gateway's list, deployments page by page, and their drafts."""

from typing import Any
from urllib.parse import quote

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from diagnostics.checks.deployments import LIST_PATH
from diagnostics.checks.provider import judge_list, providers_of
from diagnostics.genesys import gateway
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.clients import remember_gateway
from diagnostics.orgs.models import OrgChange, Provider
from diagnostics.orgs.provider_changes import CHANGED, provider_changes
from diagnostics.orgs.sync.execute import SyncRun
from diagnostics.orgs.sync.paging import List, PageEntries, read_all_pages
from diagnostics.orgs.sync.provider_documents import (
    DEPLOYMENT,
    GATEWAY,
    parse_deployment,
    parse_draft,
    parse_gateway_provider,
    with_draft,
    with_version,
)
from diagnostics.orgs.sync.store import (
    change_of,
    keep_changes,
    last_whole,
    put,
    store_draft,
    store_gone,
    store_providers,
    synced_provider,
)

MOST_ASKED_FOR = 50  # deployments that the list did not tell, asked for one by one in a reading
MOST_SETTINGS = 300  # deployments whose settings the list hides, asked for one by one in a reading
MISSED_TWICE = 2
CONFIGURATIONS_PATH = "/api/v2/webdeployments/configurations"
MOST_AT_A_GATEWAY = 5_000
AT_A_TIME = 200


def read_gateway(reading: SyncRun) -> None:
    """Measures whether there is a provider list, and keeps what it says."""
    answer = reading.get(gateway.PROVIDERS_PATH)
    judged = judge_list(answer)
    found = [
        parse_gateway_provider(each.id, each.name, each.enabled)
        for each in (providers_of(answer) or [])[:MOST_AT_A_GATEWAY]
    ]
    told = [each.redacted(reading.clean) for each in found if each is not None]
    with reading.stored():
        _keep_capability(reading, judged.code)
        if judged.code == "unknown":
            reading.end_part(GATEWAY, "failed", "not_read", judged.sentence)
            return
        store_providers(reading.snapshot, GATEWAY, told, last_whole(reading.snapshot, GATEWAY))
        _miss(reading, _missing(reading, GATEWAY))
        if judged.code == "no_provider_list":
            reading.end_part(GATEWAY, "absent", judged.code, judged.sentence)
        elif len(told) < len(found):
            sentence = f"{len(found) - len(told)} of {len(found)} providers have no id that could be kept."
            reading.end_part(GATEWAY, "partial", "entries_unreadable", sentence, len(told))
        else:
            reading.end_part(
                GATEWAY, "whole", "read", f"{len(told)} providers were read from the gateway's list.", len(told)
            )


def _keep_capability(reading: SyncRun, code: str) -> None:
    """Whether the org has a gateway, as measured now, and that it has become another."""
    client = reading.client
    before = client.gateway
    remember_gateway(client, code)
    client.refresh_from_db(fields=["gateway"])
    if before is not None and client.gateway is not None and client.gateway != before:
        change = OrgChange(
            client=client,
            about=OrgChange.About.CLIENT,
            name=client.org_name,
            kind=CHANGED,
            setting="gateway",
            before=before,
            after=client.gateway,
            not_before=client.gateway_seen_at,
            at=timezone.now(),
        )
        keep_changes(reading.snapshot, [change])


def read_deployments(reading: SyncRun) -> None:
    read_all_pages(
        reading,
        List(
            "deployments",
            LIST_PATH,
            "web deployments",
            "webDeployments:deployment:view",
            {"expand": "Configuration"},
            _keep_deployments,
        ),
    )


def _keep_deployments(reading: SyncRun, entries: list[Any]) -> PageEntries:
    told = [parse_deployment(each) for each in entries]
    usable = [each.redacted(reading.clean) for each in told if each is not None]
    kept = store_providers(reading.snapshot, DEPLOYMENT, usable, last_whole(reading.snapshot, "deployments"))
    return PageEntries(kept.fresh, kept.repeated, len(told) - len(usable))


def read_settings(reading: SyncRun) -> None:
    """One by one where the list does not show them, which needs no permission; within a budget."""
    at = reading.progress.setdefault("settings", {"after": 0, "asked": 0, "read": 0})
    hidden = _deployments(reading).filter(snapshot=reading.snapshot, settings__hidden=True)
    while at["asked"] < MOST_SETTINGS and (row := hidden.filter(pk__gt=at["after"]).order_by("pk").first()):
        answer = _ask(reading, f"{LIST_PATH}/{quote(row.ref, safe='')}/configurations")
        with reading.stored():
            at["after"], at["asked"] = row.pk, at["asked"] + 1
            at["read"] += _keep_settings(reading, row, answer)
        reading.leave_room(answer)
    with reading.stored():
        left = hidden.count()
        if left:
            sentence = f"Of {left} web deployments the org does not show the cobrowse settings."
            reading.end_part("settings", "partial", "settings_hidden", sentence, at["read"])
        else:
            sentence = "The cobrowse settings of every web deployment that was read are known."
            reading.end_part("settings", "whole", "read", sentence, at["read"])


def _keep_settings(reading: SyncRun, row: Provider, answer: OrgResponse) -> bool:
    version = answer.data.get("configurationVersion", answer.data) if answer.ok else None
    before = synced_provider(row)
    after = with_version(before, version).redacted(reading.clean)
    if after.is_hidden:
        return False
    found = list(provider_changes(before, after))
    now, since = timezone.now(), last_whole(reading.snapshot, "settings")
    put(row, after, reading.snapshot, now)
    row.changed_at = now if found else row.changed_at
    row.save()
    keep_changes(reading.snapshot, [change_of(row, each, since, now) for each in found])
    return True


def find_gone(reading: SyncRun) -> None:
    """Gone is what a direct read says 404 of, or what two whole readings in a row did not tell."""
    if not any(each["part"] == "deployments" and each["state"] == "whole" for each in reading.parts):
        return
    at = reading.progress.setdefault("gone", {"after": 0, "asked": 0})
    missing = _missing(reading, DEPLOYMENT)
    while at["asked"] < MOST_ASKED_FOR and (row := missing.filter(pk__gt=at["after"]).order_by("pk").first()):
        answer = _ask(reading, f"{LIST_PATH}/{quote(row.ref, safe='')}", expand="Configuration")
        told = parse_deployment(answer.data) if answer.ok else None
        with reading.stored():
            at["after"], at["asked"] = row.pk, at["asked"] + 1
            if told is not None and told.ref.lower() == row.ref.lower():
                store_providers(reading.snapshot, DEPLOYMENT, [told.redacted(reading.clean)], None)
            elif answer.status == 404 and answer.error in ("", "empty"):
                store_gone(reading.snapshot, [row])
            else:
                _miss(reading, missing.filter(pk=row.pk))
        reading.leave_room(answer)
    with reading.stored():
        _miss(reading, missing.filter(pk__gt=at["after"]))
        at["after"] = 2**62


def read_drafts(reading: SyncRun) -> None:
    """The list of configurations is a list of their drafts."""
    read_all_pages(
        reading,
        List(
            "drafts",
            CONFIGURATIONS_PATH,
            "configuration drafts",
            "webDeployments:configuration:view",
            {},
            _keep_drafts,
        ),
    )
    if not reading.progress["drafts"]["pages"]:
        with reading.stored():
            _deployments(reading).filter(snapshot=reading.snapshot).update(draft_is_newer=None)


def _keep_drafts(reading: SyncRun, entries: list[Any]) -> PageEntries:
    drafts = {each.configuration: each for each in map(parse_draft, reversed(entries)) if each is not None}
    baseline = last_whole(reading.snapshot, "drafts")
    rows = _deployments(reading).filter(settings__configuration__id__in=list(drafts)).order_by("pk")
    after = 0
    while some := list(rows.filter(pk__gt=after)[:AT_A_TIME]):  # one configuration may be that of every deployment
        after = some[-1].pk
        touched, changes = [], []
        for row in some:
            before = synced_provider(row)
            told = with_draft(before, drafts[row.settings["configuration"]["id"]]).redacted(reading.clean)
            if told != before:
                changes += store_draft(row, before, told, baseline)
                touched.append(row)
        Provider.objects.bulk_update(touched, ["settings", "draft_is_newer", "changed_at"])
        keep_changes(reading.snapshot, changes)
    unreadable = sum(parse_draft(each) is None for each in entries)
    return PageEntries(len(drafts), len(entries) - unreadable - len(drafts), unreadable)


def _deployments(reading: SyncRun) -> QuerySet[Provider]:
    return Provider.objects.filter(client=reading.client, source=DEPLOYMENT, gone_at=None)


def _missing(reading: SyncRun, source: str) -> QuerySet[Provider]:
    """What was there and has not been told by this reading."""
    known = Provider.objects.filter(client=reading.client, source=source, gone_at=None)
    return known.filter(Q(snapshot=None) | ~Q(snapshot=reading.snapshot))


def _miss(reading: SyncRun, rows: QuerySet[Provider]) -> None:
    rows.update(missed=F("missed") + 1)
    store_gone(reading.snapshot, rows.filter(missed__gte=MISSED_TWICE)[:5_000])


def _ask(reading: SyncRun, path: str, **query: str | int) -> OrgResponse:
    reading.before_asking()
    return reading.heed(reading.genesys.get_uncached(path, **query))
