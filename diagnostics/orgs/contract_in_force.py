"""Which contract is in force for a region."""

import zlib
from dataclasses import dataclass
from functools import lru_cache

from diagnostics.accounts.models import User
from diagnostics.genesys import contract
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.orgs.models import ContractVersion
from diagnostics.orgs.visibility import visible_clients


def contract_in_force(region_key: str) -> Contract:
    """The region's own contract as last read, or the bundled one where none was, or where that is newer."""
    newest = version_in_force(region_key)
    if newest is None:
        return bundled()
    return _loaded(newest.pk, newest.sha256)


def version_in_force(region_key: str) -> ContractVersion | None:
    """The row without its document; None where the bundled contract is in force."""
    kept = ContractVersion.objects.filter(region=region_key, state=ContractVersion.State.KEPT).defer("document")
    return _if_in_force(kept.order_by("-id").first())


def _if_in_force(newest: ContractVersion | None) -> ContractVersion | None:
    """A product brought up to date may carry a younger contract than the region's last reading."""
    if newest is None or newest.fetched_at is None or newest.fetched_at.date().isoformat() < bundled().date:
        return None
    return newest


def contract_of(version: ContractVersion) -> Contract:
    return _loaded(version.pk, version.sha256)


@lru_cache(maxsize=4)
def _loaded(pk: int, sha256: str) -> Contract:
    """A version never changes once it is kept, so each process unpacks it once."""
    document = ContractVersion.objects.values_list("document", flat=True).get(pk=pk)
    return contract.read(zlib.decompress(bytes(document or b"")))


@dataclass(frozen=True)
class RegionContract:
    """How a region stands: what is in force there, and the last attempt to read its own one (None for never)."""

    key: str
    in_force: ContractVersion | None
    last: ContractVersion | None

    @property
    def is_being_read(self) -> bool:
        return self.last is not None and self.last.state == ContractVersion.State.FETCHING


def region_contracts(viewer: User | None = None) -> list[RegionContract]:
    """The regions that have a client which the viewer may see, or whose contract somebody has asked for, by key. Three
    queries, whatever there is."""
    versions = ContractVersion.objects.defer("document").order_by("region", "-id").distinct("region")
    last = {each.region: each for each in versions}
    kept = {each.region: each for each in versions.filter(state=ContractVersion.State.KEPT)}
    clients = visible_clients(viewer).filter(retired_at=None)
    with_client = clients.values_list("region", flat=True).distinct().order_by()
    return [
        RegionContract(key, _if_in_force(kept.get(key)), last.get(key)) for key in sorted({*last, *kept, *with_client})
    ]


def version_before(version: ContractVersion) -> ContractVersion | None:
    """The one that was in force in its region before; None where that was the bundled contract."""
    kept = ContractVersion.objects.filter(region=version.region, state=ContractVersion.State.KEPT, pk__lt=version.pk)
    return kept.defer("document").order_by("-id").first()
