"""Keeps for each client whether cobrowse could work in its org, and since when: the newest look that told it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from diagnostics.engine import causes
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.permissions.synced import read_rights
from diagnostics.orgs.status_rules import UNKNOWN, ClientStatus, Offers, SyncPart, of_reading, of_run, of_verification
from diagnostics.runs.models import Run

# A look that could not tell leaves what an earlier one told standing for so long; each page says how old that is.
PATIENCE = timedelta(hours=24)
KEPT = ("standing", "standing_cause", "standing_reason", "standing_since", "standing_at")


def update_status_from(seen: Run | ConfigurationSync) -> None:
    """What a run or a reading that has just ended says of its client. The row is read anew: the caller's may be stale."""
    looked = status_by(seen)
    if looked is not None:
        store_status(seen.client_id, *looked)


def status_by(seen: Run | ConfigurationSync) -> tuple[ClientStatus, datetime] | None:
    """What it says, and when that was seen; None where it says nothing of its client's org as it is."""
    return _by_run(seen.pk) if isinstance(seen, Run) else _by_snapshot(seen.pk)


def update_status_from_verification(client_id: int, steps: list[dict[str, Any]]) -> None:
    """A verification tells of a client that is turned away at the door, and nothing else."""
    stand = of_verification(steps)
    if stand is not None:
        store_status(client_id, stand, timezone.now())


def _by_run(pk: int) -> tuple[ClientStatus, datetime] | None:
    """None for a run that is not about the org alone, and the whole of it, or that examined another one: the client may
    have been moved since it was started."""
    run = Run.objects.select_related("client").defer("client__secret").get(pk=pk)
    whole = run.kind == Run.Kind.HEALTH and run.status == Run.Status.FINISHED and not run.is_part
    target = run.inputs.get("target", {})
    same = (target.get("region"), target.get("client_id")) == (run.client.region, run.client.client_id)
    if not whole or not same or run.finished_at is None:
        return None
    return of_run(run.verdict, run.environment), run.finished_at


def _by_snapshot(pk: int) -> tuple[ClientStatus, datetime] | None:
    snapshot = ConfigurationSync.objects.get(pk=pk)
    if snapshot.is_open or snapshot.finished_at is None:
        return None
    parts = {
        str(each.get("part", "")): SyncPart(
            str(each.get("state", "")), str(each.get("code", "")), str(each.get("sentence", ""))
        )
        for each in snapshot.parts
    }
    offers = _offers(snapshot.client_id)
    stand = of_reading(
        parts,
        read_rights(snapshot.rights),
        offers[Provider.Source.DEPLOYMENT],
        offers[Provider.Source.GATEWAY],
        "" if snapshot.is_kept else snapshot.error or "The org could not be read.",
    )
    return stand, snapshot.finished_at


def _offers(client_id: int) -> dict[str, Offers]:
    """By source how many of the client's providers that are not gone are in which state."""
    there = Provider.objects.filter(client=client_id, gone_at=None).order_by()
    counted = there.values_list("source", "state").annotate(how_many=Count("id"))
    counts = {(source, state): how_many for source, state, how_many in counted}
    return {
        source: Offers(**{state.value: counts.get((source.value, state.value), 0) for state in Provider.State})
        for source in Provider.Source
    }


@transaction.atomic
def store_status(client_id: int, stand: ClientStatus, at: datetime) -> None:
    """A look older than the one that is kept changes nothing."""
    client = OAuthClient.objects.select_for_update(no_key=True).only("retired_at", *KEPT).get(pk=client_id)
    before, looked_at = client.standing, client.standing_at
    if client.is_retired or (looked_at is not None and at <= looked_at):
        return
    if stand.word == UNKNOWN != before and looked_at is not None and at - looked_at < PATIENCE:
        return
    client.standing, client.standing_cause, client.standing_at = stand.word, stand.cause, at
    client.standing_reason = stand.reason
    if stand.word != before or client.standing_since is None:
        client.standing_since = at
    client.save(update_fields=KEPT)
    if stand.word != before:
        _record_change(client, before, looked_at, at)


def _record_change(client: OAuthClient, before: str, looked_at: datetime | None, at: datetime) -> None:
    OrgChange.objects.create(
        client_id=client.pk,
        about=OrgChange.About.STANDING,
        kind=OrgChange.Kind.CHANGED,
        ref=client.standing_cause,
        name=causes.title_of(client.standing_cause) if client.standing_cause else "",
        setting="standing",
        before=OAuthClient.Standing(before).label,
        after=OAuthClient.Standing(client.standing).label,
        not_before=looked_at,
        at=at,
    )
