"""What a measurement is asked, and one figure of its answer."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """`latency_ms` of every answer of an org, `times` each thing is measured, `runs` that the database holds."""

    latency_ms: float = 100.0
    times: int = 20
    runs: int = 100_000


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
