"""Sends traces by OpenTelemetry. Imported by `traces` alone, and only where an address is given."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

TRACES_PATH = "/v1/traces"
KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL}


class SpanExporter:
    def __init__(self, span: Span) -> None:
        self._span = span

    def name(self, words: str) -> None:
        self._span.update_name(words)

    def tell(self, **facts: Any) -> None:
        self._span.set_attributes(facts)
        if facts.get("http.response.status_code", 0) >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


class Sender:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("cobrowse-doctor")

    def flush(self) -> None:
        """Send now what would be sent within seconds."""
        self._provider.force_flush()

    def end(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def span(self, name: str, kind: str, parent: Mapping[str, str], facts: Mapping[str, Any]) -> Iterator[SpanExporter]:
        within = propagate.extract({key.lower(): value for key, value in parent.items()}) if parent else None
        with self._tracer.start_as_current_span(name, within, KINDS[kind], dict(facts)) as begun:
            yield SpanExporter(begun)

    def past(self, name: str, began: datetime, ended: datetime, facts: Mapping[str, Any], failed: bool) -> None:
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=dict(facts), start_time=_nanoseconds(began)
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(ended))

    def carrier(self) -> dict[str, str]:
        carried: dict[str, str] = {}
        propagate.inject(carried)
        return carried


def start(endpoint: str, service: str) -> Sender:
    """`endpoint` is the collector's address, as OTEL_EXPORTER_OTLP_ENDPOINT gives it for all kinds of signals."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + TRACES_PATH)))
    atexit.register(provider.shutdown)
    return Sender(provider)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000_000)
