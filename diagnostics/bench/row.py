"""One figure of a measurement."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure. `goal` is the promise in words, "" where there is none; `holds` is then None."""

    name: str
    value: float
    unit: str
    goal: str = ""
    holds: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
