"""Traces for OpenTelemetry, where its address is given. Without one, nothing of it is even imported."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings

EXPORTER = "diagnostics.telemetry.otel"


class Span(Protocol):
    """What one piece of work tells of itself while it goes on."""

    def name(self, words: str) -> None: ...

    def tell(self, **facts: Any) -> None: ...


class _NoSpan:
    def name(self, words: str) -> None:
        """Nobody listens."""

    def tell(self, **facts: Any) -> None:
        """Nobody listens."""


class Exporter(Protocol):
    def span(self, name: str, kind: str, parent: Mapping[str, str], facts: Mapping[str, Any]) -> Any: ...

    def past(self, name: str, began: datetime, ended: datetime, facts: Mapping[str, Any], failed: bool) -> None: ...

    def carrier(self) -> dict[str, str]: ...


NO_SPAN = _NoSpan()
_exporters: dict[int, Exporter] = {}


def _exporter() -> Exporter | None:
    """This process's own: what sends in the background does not live on in a fork."""
    if not settings.OTEL_ENDPOINT:
        return None
    pid = os.getpid()
    if pid not in _exporters:
        _exporters.clear()
        _exporters[pid] = importlib.import_module(EXPORTER).start(settings.OTEL_ENDPOINT, settings.OTEL_SERVICE_NAME)
    return _exporters[pid]


@contextmanager
def span(name: str, *, kind: str = "internal", parent: Mapping[str, str] = {}, **facts: Any) -> Iterator[Span]:
    """What is done within. `parent` is what `carrier` gave elsewhere."""
    exporter = _exporter()
    if exporter is None:
        yield NO_SPAN
        return
    with exporter.span(name, kind, parent, facts) as begun:
        yield begun


def past(name: str, began: datetime, ms: float, *, failed: bool = False, **facts: Any) -> None:
    """Something that is over, such as a request that was sent from another thread, as a part of the span we are in."""
    if exporter := _exporter():
        exporter.past(name, began, began + timedelta(milliseconds=ms), facts, failed)


def carrier() -> dict[str, str]:
    """What a message takes along, so that the work it leads to belongs to the same trace."""
    exporter = _exporter()
    return exporter.carrier() if exporter else {}
