"""Changes of an org that its snapshots saw: which of them lie between two runs, and which fit a fact that changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diagnostics.comparison.fact import Fact, Way

# What a change is about, in the words of the facts.
KINDS = {"deployment": "deployment", "gateway": "provider", "grant": "role", "seen": "seen"}
WAYS = {
    "appeared": Way.GAINED,
    "returned": Way.GAINED,
    "enabled": Way.GAINED,
    "vanished": Way.LOST,
    "disabled": Way.LOST,
}


@dataclass(frozen=True)
class Seen:
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

    def lies_between(self, first: datetime, second: datetime) -> bool:
        """Without a doubt, by the readings' times."""
        return self.not_before is not None and first <= self.not_before and self.at <= second

    @property
    def way(self) -> Way:
        return WAYS.get(self.kind, Way.OTHER)

    @property
    def fact_kind(self) -> str:
        if self.about == "client":
            return "scope" if "scope" in self.setting.lower() else "client"
        return KINDS.get(self.about, self.about)


def fits(seen: Seen, fact: Fact) -> bool:
    """Does the change speak of what the fact says?"""
    kind = "role" if fact.kind == "permission" else fact.kind
    if seen.fact_kind != kind or opposed(seen.way, fact.way):
        return False
    if kind in ("deployment", "provider"):
        return fact.key in (seen.ref, seen.name) or seen.ref == fact.after
    if fact.kind == "role":
        named = (seen.ref, seen.name, str(seen.setting))
        return any(fact.key.casefold() in each.casefold() for each in named if each) or not any(named)
    return True


def bearing_on(seen: Iterable[Seen], kinds: Iterable[str], way: Way) -> tuple[Seen, ...]:
    """The changes that may explain something by themselves, where the runs did not read it."""
    wanted = set(kinds) | ({"role"} if "permission" in kinds else set())
    return tuple(each for each in seen if each.fact_kind in wanted and not opposed(each.way, way))


def opposed(one: Way, other: Way) -> bool:
    return {one, other} == {Way.LOST, Way.GAINED}
