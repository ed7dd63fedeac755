"""A fact that two runs are compared by, about their environment or their inputs."""

from dataclasses import dataclass
from enum import StrEnum


class FactState(StrEnum):
    """`UNKNOWN` means that at least one of the runs didn't read the fact."""

    CHANGED = "changed"
    UNKNOWN = "unknown"
    SAME = "same"


class Effect(StrEnum):
    """Whether a change removes something that cobrowse needs, adds it, or neither."""

    LOST = "lost"
    GAINED = "gained"
    OTHER = "other"


# The values of a fact for a run in which its subject doesn't exist.
ABSENT = frozenset({"missing", "not granted", "not granted without a condition"})


@dataclass(frozen=True)
class Fact:
    """`kind` is a stable code such as `role`, `key` identifies one of that kind, and `part` is one setting of it.

    `what`, `before` and `after` are shown to people; a value is None if that run didn't read it. `clause` describes the
    change over time as part of a sentence.
    """

    kind: str
    what: str
    before: str | None
    after: str | None
    state: FactState
    effect: Effect = Effect.OTHER
    key: str = ""
    part: str = ""
    clause: str = ""

    @property
    def is_changed(self) -> bool:
        return self.state is FactState.CHANGED

    @property
    def is_unknown(self) -> bool:
        return self.state is FactState.UNKNOWN

    @property
    def is_added(self) -> bool:
        """It exists in the second run only."""
        return self.is_changed and self.before in ABSENT

    @property
    def is_removed(self) -> bool:
        """It exists in the first run only."""
        return self.is_changed and self.after in ABSENT


def fact(kind: str, what: str, before: str | None, after: str | None, *, clause: str = "", key: str = "") -> Fact:
    """A fact with one value in each run, None if that run didn't read it."""
    is_unknown = before is None or after is None
    state = FactState.UNKNOWN if is_unknown else FactState.SAME if before == after else FactState.CHANGED
    clause = clause or f"{what} changed from {before or 'none'} to {after or 'none'}"
    return Fact(kind, what, before, after, state, key=key, clause=clause if state is FactState.CHANGED else "")


def without_unknown(facts: list[Fact]) -> list[Fact]:
    """The facts that at least one of the runs read."""
    return [known for known in facts if not (known.before is None and known.after is None)]
