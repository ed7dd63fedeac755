"""The options of a measurement, and one row of its results."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class Crew(Protocol):
    """Starts a broker and workers on this process's database for the duration of a block. Yields the broker's URL."""

    def __call__(
        self, concurrency: int, endpoints: Mapping[str, Any], *, ticks: bool
    ) -> AbstractContextManager[str]: ...


def no_crew(concurrency: int, endpoints: Mapping[str, Any], *, ticks: bool) -> AbstractContextManager[str]:
    raise NotImplementedError("the caller that measures workers provides them")


class WebServer(Protocol):
    """Serves this process's database for the duration of a block. Yields the port."""

    def __call__(self) -> AbstractContextManager[int]: ...


def no_web_server() -> AbstractContextManager[int]:
    raise NotImplementedError("the caller that measures pages provides the web server")


@dataclass(frozen=True)
class BenchOptions:
    """`latency_ms` is the delay of each response of the org, `times` how often each request is measured, and `runs` the
    number of runs in the database. `is_whole` measures the whole fleet, not the short version. `crew` starts the workers
    and `web_server` the server. `broker` is the URL of an unused broker; "" starts one.
    """

    latency_ms: float = 100.0
    times: int = 20
    runs: int = 100_000
    is_whole: bool = False
    crew: Crew = no_crew
    web_server: WebServer = no_web_server
    broker: str = ""


@dataclass(frozen=True)
class BenchRow:
    """One figure. `goal` is shown to the user; without a goal it is "" and `holds` is None."""

    name: str
    value: float
    unit: str
    goal: str = ""
    holds: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
