"""The permissions that matter here: what each is for, whether the client holds it, and what its lack hides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diagnostics.checks.permissions import READS
from diagnostics.engine.environment import STARTING
from diagnostics.engine.fixes import admin_notation
from diagnostics.orgs.permissions.synced import Holds, PermissionState, Rights

STARTS = {
    STARTING[0]: "starting a cobrowse session in web messaging",
    STARTING[1]: "starting a cobrowse session in a voice call",
}
LICENCES = "Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital"


@dataclass(frozen=True)
class Matter:
    """`purpose` says what is told or done with it, `checks` are the titles of those that stay untold without it."""

    holds: Holds
    purpose: str
    checks: tuple[str, ...] = ()
    starts: bool = False

    @property
    def admin(self) -> str:
        return admin_notation(self.holds.permission)

    @property
    def is_held(self) -> bool:
        return self.holds.state == PermissionState.HELD


def matters_of(rights: Rights, needed: Mapping[str, tuple[str, ...]]) -> tuple[Matter, ...]:
    """`needed` are the permissions that the checks read with, each with the titles of these checks."""
    starting = [Matter(rights.holds(name), purpose, starts=True) for name, purpose in STARTS.items()]
    reading = [
        Matter(rights.holds(name), READS.get(name, ""), needed.get(name, ()))
        for name in dict.fromkeys((*READS, *needed))
        if name not in STARTS
    ]
    return (*starting, *reading)


def lacking(matters: Iterable[Matter]) -> tuple[Matter, ...]:
    """Those of the checks' own that are not held for certain: what they hide is hidden, or may be."""
    return tuple(each for each in matters if not each.is_held and not each.starts)
