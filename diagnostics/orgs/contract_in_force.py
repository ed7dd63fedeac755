"""The current API contract of each region."""

import zlib
from dataclasses import dataclass
from functools import lru_cache

from diagnostics.accounts.models import User
from diagnostics.genesys import contract
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import Region
from diagnostics.orgs.models import ContractVersion
from diagnostics.orgs.visibility import visible_clients


def current_contract(region_key: str) -> Contract:
    """Return the region's latest stored contract, or the bundled one if there is none or it is older."""
    newest = current_version(region_key)
    if newest is None:
        return bundled()
    return _loaded(newest.pk, newest.sha256)


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


def contract_of(version: ContractVersion) -> Contract:
    return _loaded(version.pk, version.sha256)


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
