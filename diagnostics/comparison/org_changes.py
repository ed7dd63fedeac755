"""Org changes found by configuration syncs: which of them happened between two runs, and which match a changed fact."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from diagnostics.comparison.fact import Effect, Fact
from diagnostics.engine.facts import Change

# What a change is about -> the kind of the matching fact.
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
DECISIVE = ("enabled", "status", "channels")  # settings of a deployment that can switch cobrowse on or off
WAYS = {
    "appeared": Effect.GAINED,
    "returned": Effect.GAINED,
    "enabled": Effect.GAINED,
    "vanished": Effect.LOST,
    "disabled": Effect.LOST,
}


@dataclass(frozen=True, kw_only=True)
class ObservedOrgChange(Change):
    """A change between two syncs, after `not_before` (None if there was no earlier sync) and not after `at`."""

    pk: int
    at: datetime
    not_before: datetime | None = None

    def may_lie_between(self, first: datetime, second: datetime) -> bool:
        return self.at > first and (self.not_before is None or self.not_before < second)

    @property
    def effect(self) -> Effect:
        if self.kind != "changed":
            return WAYS.get(self.kind, Effect.OTHER)
        if isinstance(self.before, list) and isinstance(self.after, list):
            old, new = ({str(item) for item in listed} for listed in (self.before, self.after))
            return Effect.LOST if new < old else Effect.GAINED if old < new else Effect.OTHER
        if isinstance(self.before, bool) and self.after is (not self.before):
            return Effect.GAINED if self.after else Effect.LOST
        return Effect.OTHER

    @property
    def fact_kind(self) -> str:
        """For a change of the client, the kind depends on the setting."""
        if self.about == "client":
            return OF_CLIENT.get(self.setting, "client")
        return KINDS.get(self.about, self.about)

    @property
    def decides(self) -> bool:
        """Whether the change alone can switch cobrowse on or off."""
        return self.about != "deployment" or self.kind != "changed" or self.setting in DECISIVE


def matches(change: ObservedOrgChange, fact: Fact) -> bool:
    """Whether the change describes the same change as the fact."""
    kind = "role" if fact.kind == "permission" else fact.kind
    if change.fact_kind != kind or are_opposite(change.effect, fact.effect):
        return False
    if kind in ("deployment", "provider"):
        return fact.key in (change.ref, change.name) or change.ref == fact.after
    if fact.kind == "role" and change.name:
        return fact.key.casefold() == change.name.casefold()
    return True


def relevant_changes(
    changes: Iterable[ObservedOrgChange], kinds: Iterable[str], effect: Effect
) -> tuple[ObservedOrgChange, ...]:
    """The changes that can explain a verdict if the runs didn't read the facts themselves."""
    wanted = set(kinds) | ({"role"} if "permission" in kinds else set())
    matching = (change for change in changes if change.fact_kind in wanted and change.decides)
    return tuple(change for change in matching if not are_opposite(change.effect, effect))


def are_opposite(first: Effect, second: Effect) -> bool:
    return {first, second} == {Effect.LOST, Effect.GAINED}
