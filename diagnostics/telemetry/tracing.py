"""OpenTelemetry spans. Without a configured endpoint they do nothing, and OpenTelemetry isn't imported."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings

EXPORTER = "diagnostics.telemetry.otel"


class Span(Protocol):
    def set_name(self, name: str) -> None: ...

    def set_attributes(self, **attributes: Any) -> None: ...


class _NoSpan:
    def set_name(self, name: str) -> None:
        pass

    def set_attributes(self, **attributes: Any) -> None:
        pass


class Exporter(Protocol):
    def span(self, name: str, kind: str, parent: Mapping[str, str], attributes: Mapping[str, Any]) -> Any: ...

    def record_span(
        self, name: str, start: datetime, end: datetime, attributes: Mapping[str, Any], failed: bool
    ) -> None: ...

    def carrier(self) -> dict[str, str]: ...


NO_SPAN = _NoSpan()
_exporters: dict[int, Exporter] = {}


def _exporter() -> Exporter | None:
    """Return this process's exporter: its background thread doesn't survive a fork."""
    if not settings.OTEL_ENDPOINT:
        return None
    pid = os.getpid()
    if pid not in _exporters:
        _exporters.clear()
        _exporters[pid] = importlib.import_module(EXPORTER).start(settings.OTEL_ENDPOINT, settings.OTEL_SERVICE_NAME)
    return _exporters[pid]


@contextmanager
def span(name: str, *, kind: str = "internal", parent: Mapping[str, str] = {}, **attributes: Any) -> Iterator[Span]:
    """Record the block as a span. `parent` is the result of `carrier` in another process."""
    exporter = _exporter()
    if exporter is None:
        yield NO_SPAN
        return
    with exporter.span(name, kind, parent, attributes) as started:
        yield started


def record_span(name: str, start: datetime, ms: float, *, failed: bool = False, **attributes: Any) -> None:
    """Add a finished span to the current one, such as a request that another thread sent."""
    if exporter := _exporter():
        exporter.record_span(name, start, start + timedelta(milliseconds=ms), attributes, failed)


def carrier() -> dict[str, str]:
    """Return the message headers that attach the receiver's spans to the current trace."""
    exporter = _exporter()
    return exporter.carrier() if exporter else {}
