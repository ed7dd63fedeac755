"""Tells the whole story: its runs and readings, and what follows from them, in the order in which it happened."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from diagnostics.demo import history, readings, story
from diagnostics.demo.stage import served
from diagnostics.issues.issues import update_issues_of_waiting_runs
from diagnostics.issues.models import Issue
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.seen_providers import store_seen_providers
from diagnostics.orgs.status import store_status
from diagnostics.orgs.status_rules import UNKNOWN, ClientStatus
from diagnostics.orgs.tokens import forget_token
from diagnostics.runs.models import Finding, Run

Observation = tuple[datetime, ClientStatus]
REGISTERED = timedelta(days=story.WEEKS * 7 + 2)
LONGEST_SECONDS = 120.0


@transaction.atomic
def narrate(clients: dict[str, OAuthClient]) -> int:
    """Store the whole story, or none of it; returns how many runs it has. `clients` by name."""
    today = timezone.now()
    _registered(clients, today - REGISTERED)
    moments = story.moments(today)
    before = dict(settings.GENESYS_ENDPOINTS)
    with served() as running:
        takes = dict.fromkeys(moment.take for moment in moments)
        runs = {take: history.perform(take, clients[take.client], running) for take in takes}
        read = {name: readings.perform(client, running) for name, client in clients.items()}
        moved = moved_hosts(running.endpoints, before)
    _forget_the_making(clients, runs.values())
    looks = _store_runs(moments, runs, moved)
    for name, client in clients.items():
        looks[client.pk] += _store_readings(client, read[name], today, moved)
    _store_statuses(looks)
    _in_order(looks)
    update_issues_of_waiting_runs(LONGEST_SECONDS)
    return len(moments)


def moved_hosts(made: dict[str, dict[str, str]], served: dict[str, dict[str, str]]) -> dict[str, str]:
    """By the host and port of an org that the story was made with, those of the one that is served. Sentences name them
    without a scheme, so both are given without one.
    """
    return {
        urlsplit(url).netloc: urlsplit(served[key]["api"]).netloc for key, urls in made.items() for url in urls.values()
    }


def _registered(clients: dict[str, OAuthClient], at: datetime) -> None:
    """Before the story begins: or else each run would tell of a secret that was set that very day."""
    OAuthClient.objects.filter(pk__in=[each.pk for each in clients.values()]).update(created_at=at, secret_set_at=at)


def _forget_the_making(clients: dict[str, OAuthClient], runs: Iterable[history.RecordedRun]) -> None:
    """What the product kept while the originals were made: it happened today, and in no order."""
    mine = [each.pk for each in clients.values()]
    for client in clients.values():
        forget_token(client)
    Issue.objects.filter(client__in=mine).delete()
    Run.objects.filter(pk__in=[each.run.pk for each in runs]).delete()
    OrgChange.objects.filter(client__in=mine).delete()
    Provider.objects.filter(client__in=mine, source=Provider.Source.SEEN).delete()
    OAuthClient.objects.filter(pk__in=mine).update(
        standing=UNKNOWN, standing_cause="", standing_reason="", standing_since=None, standing_at=None
    )


def _store_runs(
    moments: list[story.Moment], originals: dict[story.Take, history.RecordedRun], moved: dict[str, str]
) -> dict[int, list[Observation]]:
    """Returns what the runs say of each client, by its id."""
    runs = history.store([history.RunCopy(originals[moment.take], moment, moved) for moment in moments])
    looks: dict[int, list[Observation]] = {run.client_id: [] for run in runs}
    for run, moment in zip(runs, moments, strict=True):
        original = originals[moment.take]
        if original.stand is not None and run.finished_at is not None:
            looks[run.client_id].append((run.finished_at, _renamed(original.stand, moved)))
    for run in runs:
        store_seen_providers(run, list(Finding.objects.filter(run=run, check_id="provider.seen")))
    return looks


def _renamed(stand: ClientStatus, moved: dict[str, str]) -> ClientStatus:
    return replace(stand, reason=history.with_texts(stand.reason, moved))


def _store_readings(
    client: OAuthClient, originals: list[list[readings.RecordedSync]], today: datetime, moved: dict[str, str]
) -> list[Observation]:
    copies = list(readings.copies(client.name, originals, today, moved))
    made = [each.snapshot.pk for after in originals for each in after]
    snapshots = ConfigurationSync.objects.bulk_create([copy.snapshot() for copy in copies], batch_size=100)
    readings.move_providers(client, originals, snapshots[-1])
    pairs = zip(copies, snapshots, strict=True)
    OrgChange.objects.bulk_create([change for copy, row in pairs for change in copy.changes(row)])
    ConfigurationSync.objects.filter(pk__in=made).delete()
    return [(copy.ended, _renamed(copy.original.stand, moved)) for copy in copies]


def _store_statuses(looks: dict[int, list[Observation]]) -> None:
    """Of looks in a row that say the same, the first and the last are enough."""
    for client_id, told in looks.items():
        told.sort(key=lambda look: look[0])
        for _, alike in groupby(told, key=lambda look: look[1].word):
            first, *others = alike
            for at, stand in (first, *others[-1:]):
                store_status(client_id, stand, at)


def _in_order(clients: Iterable[int]) -> None:
    """Changes of every kind and client again, so that a newer one has the higher number."""
    changes = sorted(OrgChange.objects.filter(client__in=list(clients)), key=lambda change: (change.at, change.pk))
    OrgChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    OrgChange.objects.bulk_create([history.copy_of(change) for change in changes])
