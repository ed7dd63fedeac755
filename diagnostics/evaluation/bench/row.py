"""What a measurement is asked, and one figure of its answer."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class Crew(Protocol):
    """Starts workers and a broker on this process's database, for as long as its block runs; gives the broker's address."""

    def __call__(self, processes: int, endpoints: Mapping[str, Any], *, ticks: bool) -> AbstractContextManager[str]: ...


def no_crew(processes: int, endpoints: Mapping[str, Any], *, ticks: bool) -> AbstractContextManager[str]:
    raise NotImplementedError("whoever measures workers brings them")


class WebServer(Protocol):
    """Serves this process's database for as long as its block runs; gives the port."""

    def __call__(self) -> AbstractContextManager[int]: ...


def no_web_server() -> AbstractContextManager[int]:
    raise NotImplementedError("the caller that measures pages provides the web server")


@dataclass(frozen=True)
class BenchOptions:
    """`latency_ms` of every answer of an org, `times` each thing is measured, `runs` that the database holds; whether
    a fleet `is_whole` or stands for one, the `crew` that works on it, and the `web_server` of the pages."""

    latency_ms: float = 100.0
    times: int = 20
    runs: int = 100_000
    is_whole: bool = False
    crew: Crew = no_crew
    web_server: WebServer = no_web_server


@dataclass(frozen=True)
class BenchRow:
    """One figure. `goal` is the promise in words, "" where there is none; `holds` is then None."""

    name: str
    value: float
    unit: str
    goal: str = ""
    holds: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
