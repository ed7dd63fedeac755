"""Exports traces with OpenTelemetry. Only `tracing` imports this module, and only if an endpoint is configured."""

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


class OtelSpan:
    def __init__(self, span: Span) -> None:
        self._span = span

    def set_name(self, name: str) -> None:
        self._span.update_name(name)

    def set_attributes(self, **attributes: Any) -> None:
        self._span.set_attributes(attributes)
        if attributes.get("http.response.status_code", 0) >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


class OtelExporter:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("cobrowse-doctor")

    def flush(self) -> None:
        """Send the buffered spans now."""
        self._provider.force_flush()

    def shutdown(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def span(
        self, name: str, kind: str, parent: Mapping[str, str], attributes: Mapping[str, Any]
    ) -> Iterator[OtelSpan]:
        context = propagate.extract({key.lower(): value for key, value in parent.items()}) if parent else None
        with self._tracer.start_as_current_span(name, context, KINDS[kind], dict(attributes)) as span:
            yield OtelSpan(span)

    def record_span(
        self, name: str, start: datetime, end: datetime, attributes: Mapping[str, Any], failed: bool
    ) -> None:
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=dict(attributes), start_time=_nanoseconds(start)
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(end))

    def carrier(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers


def start(endpoint: str, service: str) -> OtelExporter:
    """Start exporting. `endpoint` is the collector's base URL for all signals, as in OTEL_EXPORTER_OTLP_ENDPOINT."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + TRACES_PATH)))
    atexit.register(provider.shutdown)
    return OtelExporter(provider)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000_000)
