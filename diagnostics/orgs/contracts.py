"""The current API contract of each region, and its refresh from the published specification."""

import logging
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import IntegrityError, transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import Limit, enforce_limit
from diagnostics.genesys import contract, live_contract
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import Region, region
from diagnostics.jobs.row_failures import Kind, process_batch, without_set_aside
from diagnostics.orgs.models import ContractVersion
from diagnostics.orgs.visibility import visible_clients
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
State = ContractVersion.State

CONTRACT_REFRESHES = Limit(("contract.reading_started",), 5, "refreshed the API reference {} times")
MAX_REFRESH_TIME = timedelta(minutes=10)
MAX_VERSIONS = 10  # stored contracts per region
MAX_ATTEMPTS = 50  # other attempts per region


def current_contract(region_key: str) -> Contract:
    """Return the region's latest stored contract, or the bundled one if there is none or it is older."""
    return contract_of(current_version(region_key))


def contract_for(region: Region | None) -> Contract:
    """Of a region that may be unknown."""
    return current_contract(region.key) if region else bundled()


def current_version(region_key: str) -> ContractVersion | None:
    """Return the region's current version without its document, or None if the bundled contract is current."""
    stored = ContractVersion.objects.filter(region=region_key, state=ContractVersion.State.STORED).defer("document")
    return _if_current(stored.order_by("-id").first())


def _if_current(newest: ContractVersion | None) -> ContractVersion | None:
    """Return the version unless the bundled contract is newer, as it can be after an update of the product."""
    if newest is None or newest.fetched_at is None or newest.fetched_at.date().isoformat() < bundled().date:
        return None
    return newest


def contract_of(version: ContractVersion | None) -> Contract:
    """Return the contract of a stored version, or the bundled one for None."""
    return _loaded(version.pk, version.sha256) if version else bundled()


@lru_cache(maxsize=4)
def _loaded(pk: int, sha256: str) -> Contract:
    """Load a contract. Stored versions never change, so each process caches them."""
    document = ContractVersion.objects.values_list("document", flat=True).get(pk=pk)
    return contract.read(zlib.decompress(bytes(document or b"")))


@dataclass(frozen=True)
class RegionContract:
    """A region's current version (None = bundled) and its last refresh (None = never)."""

    key: str
    in_force: ContractVersion | None
    last: ContractVersion | None

    @property
    def is_refreshing(self) -> bool:
        return self.last is not None and self.last.state == ContractVersion.State.FETCHING


def region_contracts(viewer: User | None = None) -> list[RegionContract]:
    """Return the regions with a client that the viewer can see or with a refresh, sorted by key. Runs three queries."""
    versions = ContractVersion.objects.defer("document").order_by("region", "-id").distinct("region")
    last = {version.region: version for version in versions}
    stored = {version.region: version for version in versions.filter(state=ContractVersion.State.STORED)}
    clients = visible_clients(viewer).filter(retired_at=None)
    with_client = clients.values_list("region", flat=True).distinct().order_by()
    return [
        RegionContract(key, _if_current(stored.get(key)), last.get(key))
        for key in sorted({*last, *stored, *with_client})
    ]


def previous_version(version: ContractVersion) -> ContractVersion | None:
    """Return the region's previous version, or None if that was the bundled contract."""
    stored = ContractVersion.objects.filter(
        region=version.region, state=ContractVersion.State.STORED, pk__lt=version.pk
    )
    return stored.defer("document").order_by("-id").first()


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
