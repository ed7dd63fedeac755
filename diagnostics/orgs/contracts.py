"""Refreshes the API contract of a region from its published specification."""

import logging
import zlib
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import Limit, enforce_limit
from diagnostics.genesys import live_contract
from diagnostics.genesys.regions import region
from diagnostics.jobs.row_failures import Kind, process_batch, without_set_aside
from diagnostics.orgs.contract_in_force import current_version
from diagnostics.orgs.models import ContractVersion
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
State = ContractVersion.State

CONTRACT_REFRESHES = Limit(("contract.reading_started",), 5, "refreshed the API reference {} times")
MAX_REFRESH_TIME = timedelta(minutes=10)
MAX_VERSIONS = 10  # stored contracts per region
MAX_ATTEMPTS = 50  # other attempts per region


def start_refresh(region_key: str, user: User | None) -> ContractVersion | None:
    """Create a refresh for a worker. Returns None if one is running for the region. Raises ActionRefused or TooOften."""
    try:
        region(region_key)
    except KeyError:
        raise ActionRefused(f"Unknown region {region_key[:60]}. Choose one from the list.") from None
    now = database_now()
    end_stuck_refreshes(now)
    try:
        with transaction.atomic():
            enforce_limit(CONTRACT_REFRESHES, user)
            version = ContractVersion.objects.create(region=region_key, started_by=user, started_at=now)
            record("contract.reading_started", version, name=region_key)
            return version
    except IntegrityError:
        return None


def refresh_contract(version_id: int) -> None:
    """Download the region's contract and store it if it is valid and new. Safe to call twice."""
    waiting = ContractVersion.objects.filter(pk=version_id, state=State.FETCHING, claimed_at=None)
    if not waiting.update(claimed_at=DATABASE_NOW):
        return
    version = ContractVersion.objects.get(pk=version_id)
    try:
        fetched = live_contract.fetch(region(version.region))
    except KeyError:
        _end(version, State.REFUSED, error="This server no longer knows the region. The current API reference stays.")
    except live_contract.NotFetched as error:
        log.warning("contract of %s: %s", version.region, error)
        _end(version, State.REFUSED, error=str(error))
    else:
        _store(version, fetched)


def _store(version: ContractVersion, fetched: live_contract.Fetched) -> None:
    previous = current_version(version.region)
    is_new = previous is None or previous.sha256 != fetched.sha256
    _end(
        version,
        State.STORED if is_new else State.UNCHANGED,
        version=fetched.version if is_new or previous is None else previous.version,
        source=fetched.source,
        sha256=fetched.sha256,
        size=fetched.size,
        operations=fetched.operations,
        document=zlib.compress(fetched.document, 9) if is_new else None,
    )
    _delete_old(version.region)


def _end(version: ContractVersion, state: str, /, **values: object) -> None:
    """End the refresh unless it was already ended."""
    running = ContractVersion.objects.filter(pk=version.pk, state=State.FETCHING)
    running.update(state=state, fetched_at=DATABASE_NOW, **values)


def _delete_old(region_key: str) -> None:
    versions = ContractVersion.objects.filter(region=region_key).order_by("-id")
    stored = versions.filter(state=State.STORED)
    for rows, limit in ((stored, MAX_VERSIONS), (versions.exclude(state=State.STORED), MAX_ATTEMPTS)):
        old = list(rows.values_list("pk", flat=True)[limit:])
        ContractVersion.objects.filter(pk__in=old).exclude(state=State.FETCHING).delete()


def end_stuck_refreshes(now: datetime | None = None) -> None:
    """End refreshes that no worker finished within MAX_REFRESH_TIME, so that they don't block the next one."""
    now = now or database_now()
    stuck = ContractVersion.objects.filter(state=State.FETCHING, started_at__lt=now - MAX_REFRESH_TIME)
    sentence = "No worker finished the refresh. The current API reference stays. Refresh again."

    def end(pks: list[int]) -> None:
        stuck.filter(pk__in=pks).update(state=State.REFUSED, fetched_at=now, error=sentence)

    process_batch(Kind.CONTRACT, without_set_aside(stuck, Kind.CONTRACT).values_list("pk", flat=True)[:500], end)


def end_failed_refresh(pk: int) -> None:
    """End a refresh that failed because of an error in our code."""
    sentence = "The refresh failed because of an error in Cobrowse Doctor. The current API reference stays."
    fetching = ContractVersion.objects.filter(pk=pk, state=State.FETCHING)
    fetching.update(state=State.REFUSED, fetched_at=DATABASE_NOW, error=sentence)
