"""One thing that can be held against another: in two runs' surroundings, or in what they were given."""

from dataclasses import dataclass
from enum import StrEnum


class FactState(StrEnum):
    """What became of a fact. What one of the runs did not read is neither the same nor changed."""

    CHANGED = "changed"
    UNKNOWN = "unknown"
    SAME = "same"


class Way(StrEnum):
    """Whether a change takes away something that cobrowse needs, or gives it; most changes are neither by themselves."""

    LOST = "lost"
    GAINED = "gained"
    OTHER = "other"


# What a fact says of a run in which its thing is not.
ABSENT = frozenset({"not there", "not held", "not held without a condition", "not carried"})


@dataclass(frozen=True)
class Fact:
    """`kind` is a stable word such as `role`, `key` which one of its kind, `part` which setting of that one.

    `what`, `before` and `after` are words for people; None where that run did not read it. `told` is a change as a clause
    of a sentence, in the order of time.
    """

    kind: str
    what: str
    before: str | None
    after: str | None
    state: FactState
    way: Way = Way.OTHER
    key: str = ""
    part: str = ""
    told: str = ""

    @property
    def is_changed(self) -> bool:
        return self.state is FactState.CHANGED

    @property
    def is_unknown(self) -> bool:
        return self.state is FactState.UNKNOWN

    @property
    def came(self) -> bool:
        """It is in the second run alone."""
        return self.is_changed and self.before in ABSENT

    @property
    def went(self) -> bool:
        """It is in the first run alone."""
        return self.is_changed and self.after in ABSENT


def fact(kind: str, what: str, before: str | None, after: str | None, *, told: str = "", key: str = "") -> Fact:
    """A fact that has one value in each run: unknown where one of the two is, else the same or changed."""
    is_unknown = before is None or after is None
    state = FactState.UNKNOWN if is_unknown else FactState.SAME if before == after else FactState.CHANGED
    clause = told or f"{what} changed from {before or 'none'} to {after or 'none'}"
    return Fact(kind, what, before, after, state, key=key, told=clause if state is FactState.CHANGED else "")


def neither(facts: list[Fact]) -> list[Fact]:
    """Without what neither run knows anything of: there is nothing to say about it."""
    return [each for each in facts if not (each.before is None and each.after is None)]
