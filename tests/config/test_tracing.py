"""Traces: none without an address, and with one a request, its run and its exchanges arrive at a real collector."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pytest_django import Settings

from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from diagnostics.telemetry import otel
from diagnostics.telemetry import tracing as traces


class Collector(BaseHTTPRequestHandler):
    arrived: list[Span]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.arrived.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Quiet."""


@pytest.fixture
def arrived(settings: Settings) -> Iterator[list[Span]]:
    """What arrived, after `flush` was called."""
    spans: list[Span] = []
    handler = type("Own", (Collector,), {"arrived": spans})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.OTEL_ENDPOINT = f"http://127.0.0.1:{server.server_port}"
    traces._exporters.clear()
    yield spans
    for sender in traces._exporters.values():
        assert isinstance(sender, otel.OtelExporter)
        sender.shutdown()
    traces._exporters.clear()
    server.shutdown()
    server.server_close()


def flush() -> None:
    for sender in traces._exporters.values():
        assert isinstance(sender, otel.OtelExporter)
        sender.flush()


@pytest.mark.django_db(transaction=True)
def test_a_run_and_its_exchanges_belong_together(arrived: list[Span], demo_client: OAuthClient) -> None:
    run = create_run(client=demo_client, kind=Run.Kind.HEALTH, inputs=Inputs(), user=None, source=Run.Source.WEB)
    execute_run(run.pk)
    flush()
    (whole,) = [span for span in arrived if span.name == "run"]
    exchanges = [span for span in arrived if span.parent_span_id == whole.span_id]
    assert len(exchanges) == run.exchanges.count() > 0
    assert {span.trace_id for span in arrived} == {whole.trace_id}
    assert demo_client.secret not in str(arrived)


@pytest.mark.django_db
def test_a_request_is_named_by_its_pattern(arrived: list[Span], client: Client) -> None:
    client.get("/clients/7/")
    flush()
    assert [span.name for span in arrived] == ["GET /clients/<int:pk>/"]


def test_work_goes_on_in_the_trace_of_the_message(arrived: list[Span]) -> None:
    with traces.span("request"):
        carried = traces.carrier()
    with traces.span("task", kind="consumer", parent=carried):
        pass
    flush()
    first, second = arrived
    assert (second.trace_id, second.parent_span_id) == (first.trace_id, first.span_id)


def test_without_an_address_nothing_of_it_is_imported() -> None:
    code = (
        "import django; django.setup(); import sys; from diagnostics import tasks\nfrom diagnostics.telemetry import tracing as traces\n"
        "with traces.span('x') as span: span.set_attributes(a=1); span.set_name('y')\n"
        "print(any(name.startswith('opentelemetry') for name in sys.modules), traces.carrier())"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "False {}\n"
