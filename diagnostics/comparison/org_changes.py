"""Changes of an org that its snapshots saw: which of them lie between two runs, and which fit a fact that changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diagnostics.comparison.fact import Fact, Way

# What a change is about, in the words of the facts.
KINDS = {"deployment": "deployment", "gateway": "provider", "grant": "role"}
OF_CLIENT = {
    "scopes": "scope",
    "grant_type": "grant_type",
    "catalogue": "catalogue",
    "name": "client_name",
    "token_seconds": "token_life",
    "org.id": "org",
    "org.name": "org_name",
    "org.state": "org",
}
DECISIVE = ("enabled", "status", "channels")  # settings of a deployment
WAYS = {
    "appeared": Way.GAINED,
    "returned": Way.GAINED,
    "enabled": Way.GAINED,
    "vanished": Way.LOST,
    "disabled": Way.LOST,
}


@dataclass(frozen=True)
class ObservedOrgChange:
    """A change between two readings: after `not_before`, None where nothing is known before, and not after `at`."""

    pk: int
    client_pk: int
    about: str
    kind: str
    at: datetime
    not_before: datetime | None = None
    ref: str = ""
    name: str = ""
    setting: str = ""
    before: Any = None
    after: Any = None

    def may_lie_between(self, first: datetime, second: datetime) -> bool:
        return self.at > first and (self.not_before is None or self.not_before < second)

    @property
    def way(self) -> Way:
        if self.kind != "changed":
            return WAYS.get(self.kind, Way.OTHER)
        if isinstance(self.before, list) and isinstance(self.after, list):
            old, new = ({str(each) for each in listed} for listed in (self.before, self.after))
            return Way.LOST if new < old else Way.GAINED if old < new else Way.OTHER
        return _switched(self.before, self.after)

    @property
    def fact_kind(self) -> str:
        """A change of the client is of the setting that it names."""
        if self.about == "client":
            return OF_CLIENT.get(self.setting, "client")
        return KINDS.get(self.about, self.about)

    @property
    def decides(self) -> bool:
        """May it switch cobrowse on or off by itself? A mask or a new version does not."""
        return self.about != "deployment" or self.kind != "changed" or self.setting in DECISIVE


def _switched(before: Any, after: Any) -> Way:
    """Of something that is on or off."""
    if not isinstance(before, bool) or not isinstance(after, bool) or before == after:
        return Way.OTHER
    return Way.GAINED if after else Way.LOST


def fits(seen: ObservedOrgChange, fact: Fact) -> bool:
    """Does the change speak of what the fact says?"""
    kind = "role" if fact.kind == "permission" else fact.kind
    if seen.fact_kind != kind or opposed(seen.way, fact.way):
        return False
    if kind in ("deployment", "provider"):
        return fact.key in (seen.ref, seen.name) or seen.ref == fact.after
    if fact.kind == "role" and seen.name:
        return fact.key.casefold() == seen.name.casefold()
    return True


def bearing_on(seen: Iterable[ObservedOrgChange], kinds: Iterable[str], way: Way) -> tuple[ObservedOrgChange, ...]:
    """The changes that may explain something by themselves, where the runs did not read it."""
    wanted = set(kinds) | ({"role"} if "permission" in kinds else set())
    fit = (each for each in seen if each.fact_kind in wanted and each.decides)
    return tuple(each for each in fit if not opposed(each.way, way))


def opposed(one: Way, other: Way) -> bool:
    return {one, other} == {Way.LOST, Way.GAINED}
