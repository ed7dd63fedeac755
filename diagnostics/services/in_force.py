"""Which contract is in force for a region."""

import zlib
from functools import lru_cache

from diagnostics.genesys import contract
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.models import ContractVersion


def contract_in_force(region_key: str) -> Contract:
    """The region's own contract as last read, or the bundled one where none was, or where that is newer."""
    newest = version_in_force(region_key)
    if newest is None:
        return bundled()
    return _loaded(newest.pk, newest.sha256)


def version_in_force(region_key: str) -> ContractVersion | None:
    """The row without its document; None where the bundled contract is in force."""
    kept = ContractVersion.objects.filter(region=region_key, state=ContractVersion.State.KEPT).defer("document")
    newest = kept.order_by("-id").first()
    # A product brought up to date may carry a younger contract than the region's last reading.
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
