"""Creates the demo's history: the runs and syncs of the story, and the issues and statuses that result from them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from diagnostics.demo import history, story, syncs
from diagnostics.demo.stage import running_demo_orgs
from diagnostics.issues.issues import update_issues_of_waiting_runs
from diagnostics.issues.models import Issue
from diagnostics.orgs.connection import delete_token
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.status import store_status
from diagnostics.orgs.status_rules import UNKNOWN, ClientStatus
from diagnostics.runs.close import store_seen_providers
from diagnostics.runs.models import Finding, Run

Observation = tuple[datetime, ClientStatus]
REGISTERED = timedelta(days=story.WEEKS * 7 + 2)
LONGEST_SECONDS = 120.0


@transaction.atomic
def narrate(clients: dict[str, OAuthClient]) -> int:
    """Stores the whole story in one transaction. `clients` is keyed by name. Returns the number of runs."""
    today = timezone.now()
    # Before the story, because otherwise every run would report a secret that was set on the same day.
    registered = OAuthClient.objects.filter(pk__in=[client.pk for client in clients.values()])
    registered.update(created_at=today - REGISTERED, secret_set_at=today - REGISTERED)
    moments = story.moments(today)
    served = dict(settings.GENESYS_ENDPOINTS)
    with running_demo_orgs() as running:
        story_runs = dict.fromkeys(moment.run for moment in moments)
        runs = {story_run: history.perform(story_run, clients[story_run.client], running) for story_run in story_runs}
        recorded_syncs = {name: syncs.perform(client, running) for name, client in clients.items()}
        hosts = moved_hosts(running.endpoints, served)
    _delete_originals(clients, runs.values())
    observations = _store_runs(moments, runs, hosts)
    for name, client in clients.items():
        observations[client.pk] += _store_syncs(client, recorded_syncs[name], today, hosts)
    _store_statuses(observations)
    _renumber_changes(observations)
    update_issues_of_waiting_runs(LONGEST_SECONDS)
    return len(moments)


def moved_hosts(recorded: dict[str, dict[str, str]], served: dict[str, dict[str, str]]) -> dict[str, str]:
    """host:port that an org had while its runs were recorded -> host:port at which it is served.

    Both are without a scheme, because sentences contain them without one.
    """
    return {
        urlsplit(url).netloc: urlsplit(served[key]["api"]).netloc
        for key, urls in recorded.items()
        for url in urls.values()
    }


def _delete_originals(clients: dict[str, OAuthClient], runs: Iterable[history.RecordedRun]) -> None:
    """Deletes everything that was stored while the originals were recorded, because its dates are those of today."""
    mine = [client.pk for client in clients.values()]
    for client in clients.values():
        delete_token(client)
    Issue.objects.filter(client__in=mine).delete()
    Run.objects.filter(pk__in=[recorded.run.pk for recorded in runs]).delete()
    OrgChange.objects.filter(client__in=mine).delete()
    Provider.objects.filter(client__in=mine, source=Provider.Source.ON_CONVERSATION).delete()
    OAuthClient.objects.filter(pk__in=mine).update(
        status=UNKNOWN, status_cause="", status_reason="", status_since=None, status_at=None
    )


def _store_runs(
    moments: list[story.Moment], originals: dict[story.StoryRun, history.RecordedRun], hosts: dict[str, str]
) -> dict[int, list[Observation]]:
    """Returns client ID -> the org's status after each of its runs."""
    runs = history.store_copies([history.RunCopy(originals[moment.run], moment, hosts) for moment in moments])
    observations: dict[int, list[Observation]] = {run.client_id: [] for run in runs}
    for run, moment in zip(runs, moments, strict=True):
        original = originals[moment.run]
        if original.status is not None and run.finished_at is not None:
            observations[run.client_id].append((run.finished_at, _with_served_hosts(original.status, hosts)))
    findings: dict[int, list[Finding]] = {}
    for finding in Finding.objects.filter(run__in=runs, check_id="provider.seen").order_by("pk"):
        findings.setdefault(finding.run_id, []).append(finding)
    for run in runs:
        store_seen_providers(run, findings.get(run.pk, []))
    return observations


def _with_served_hosts(status: ClientStatus, hosts: dict[str, str]) -> ClientStatus:
    return replace(status, reason=history.with_texts(status.reason, hosts))


def _store_syncs(
    client: OAuthClient, originals: list[list[syncs.RecordedSync]], today: datetime, hosts: dict[str, str]
) -> list[Observation]:
    copies = list(syncs.copies(client.name, originals, today, hosts))
    original_pks = [recorded.snapshot.pk for after in originals for recorded in after]
    snapshots = ConfigurationSync.objects.bulk_create([copy.snapshot() for copy in copies], batch_size=100)
    syncs.move_providers(client, originals, snapshots[-1])
    pairs = zip(copies, snapshots, strict=True)
    OrgChange.objects.bulk_create([change for copy, row in pairs for change in copy.changes(row)])
    ConfigurationSync.objects.filter(pk__in=original_pks).delete()
    return [(copy.ended, _with_served_hosts(copy.original.status, hosts)) for copy in copies]


def _store_statuses(observations: dict[int, list[Observation]]) -> None:
    """Of consecutive observations of the same status, only the first and the last are stored."""
    for client_id, of_client in observations.items():
        of_client.sort(key=lambda observation: observation[0])
        for _, same in groupby(of_client, key=lambda observation: observation[1].word):
            first, *others = same
            for at, status in (first, *others[-1:]):
                store_status(client_id, status, at)


def _renumber_changes(clients: Iterable[int]) -> None:
    """Recreates the changes of all clients in order of time, so that a newer one has a higher ID."""
    changes = sorted(OrgChange.objects.filter(client__in=list(clients)), key=lambda change: (change.at, change.pk))
    OrgChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    OrgChange.objects.bulk_create([history.copy_of(change) for change in changes])
