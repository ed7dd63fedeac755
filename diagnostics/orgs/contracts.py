"""Writes about the contract: reading a region's own one, and keeping it or saying why not."""

import logging
import zlib
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.genesys import live_contract
from diagnostics.genesys.regions import region
from diagnostics.jobs.row_failures import Kind, rows_together, without_set_aside
from diagnostics.orgs.contract_in_force import version_in_force
from diagnostics.orgs.models import ContractVersion
from diagnostics.runs.limits import CONTRACT_REFRESHES, enforce_limit
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
State = ContractVersion.State

LONGEST_REFRESH = timedelta(minutes=10)
MOST_VERSIONS = 10  # with their operations, a region
MOST_ATTEMPTS = 50  # without


def start_refresh(region_key: str, user: User | None) -> ContractVersion | None:
    """A row to be worked on; None while another refresh of the region is under way. Raises Refused, and TooOften."""
    try:
        region(region_key)
    except KeyError:
        raise ActionRefused(f"No region is called {region_key[:60]}. Choose one from the list.") from None
    give_up_refreshes(timezone.now())
    try:
        with transaction.atomic():
            enforce_limit(CONTRACT_REFRESHES, user)
            version = ContractVersion.objects.create(region=region_key, started_by=user)
            record("contract.reading_started", version, name=region_key)
            return version
    except IntegrityError:
        return None


def refresh_contract(version_id: int) -> None:
    """Read the region's contract, and keep it if it is one. Harmless when rung twice; ends in every case."""
    waiting = ContractVersion.objects.filter(pk=version_id, state=State.FETCHING, taken_up_at=None)
    if not waiting.update(taken_up_at=timezone.now()):
        return
    version = ContractVersion.objects.get(pk=version_id)
    try:
        fetched = live_contract.fetch(region(version.region))
    except KeyError:
        _end(version, State.REFUSED, error="The region is no longer known to this server. The contract in force stays.")
    except live_contract.NotFetched as trouble:
        log.warning("contract of %s: %s", version.region, trouble)
        _end(version, State.REFUSED, error=str(trouble))
    else:
        _keep(version, fetched)


def _keep(version: ContractVersion, fetched: live_contract.Fetched) -> None:
    before = version_in_force(version.region)
    is_new = before is None or before.sha256 != fetched.sha256
    _end(
        version,
        State.KEPT if is_new else State.UNCHANGED,
        version=fetched.version if is_new or before is None else before.version,
        source=fetched.source,
        sha256=fetched.sha256,
        size=fetched.size,
        operations=fetched.operations,
        document=zlib.compress(fetched.document, 9) if is_new else None,
    )
    _forget_old(version.region)


def _end(version: ContractVersion, state: str, /, **values: object) -> None:
    """Only the attempt that is still under way may end: one given up meanwhile stays given up."""
    ended = ContractVersion.objects.filter(pk=version.pk, state=State.FETCHING)
    ended.update(state=state, fetched_at=timezone.now(), **values)


def _forget_old(region_key: str) -> None:
    mine = ContractVersion.objects.filter(region=region_key).order_by("-id")
    for rows, most in ((mine.filter(state=State.KEPT), MOST_VERSIONS), (mine.exclude(state=State.KEPT), MOST_ATTEMPTS)):
        old = list(rows.values_list("pk", flat=True)[most:])
        ContractVersion.objects.filter(pk__in=old).exclude(state=State.FETCHING).delete()


def give_up_refreshes(now: datetime | None = None) -> None:
    """A refresh whose worker is gone must not keep the next one out."""
    now = now or timezone.now()
    stuck = ContractVersion.objects.filter(state=State.FETCHING, started_at__lt=now - LONGEST_REFRESH)
    sentence = "No worker brought the reading to its end. The contract in force stays. Start it again."

    def end(pks: list[int]) -> None:
        stuck.filter(pk__in=pks).update(state=State.REFUSED, fetched_at=now, error=sentence)

    rows_together(Kind.CONTRACT, without_set_aside(stuck, Kind.CONTRACT).values_list("pk", flat=True)[:500], end)


def give_up_refresh(pk: int) -> None:
    """For one that failed by a fault of ours."""
    sentence = "The refresh failed because of an error in Cobrowse Doctor. The API reference in use stays."
    fetching = ContractVersion.objects.filter(pk=pk, state=State.FETCHING)
    fetching.update(state=State.REFUSED, fetched_at=timezone.now(), error=sentence)
