"""Each line of the log says which run, client and request it belongs to, and cannot be forged."""

import json
import logging
from collections.abc import Iterator

import pytest
from celery import shared_task
from django.test import Client
from structlog.contextvars import bound_contextvars

from diagnostics.accounts import actor as acting
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from diagnostics.telemetry import log_lines
from diagnostics.telemetry.task_context import REQUEST_ID_HEADER, ContextTask


class Lines(logging.Handler):
    """What a log would have held."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self.formatter = log_lines.formatter(style)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def reported(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture(params=[log_lines.JSON])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    handler = Lines(request.param)
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def test_a_line_belongs_to_its_run_and_request(lines: Lines) -> None:
    with acting.acting_as(acting.Actor(request_id="abc")), bound_contextvars(run=3, client=4):
        logging.getLogger("diagnostics").info("run %s ended", 3)
    (reported,) = lines.reported
    assert {key: reported[key] for key in ("event", "level", "logger", "request_id", "run", "client")} == {
        "event": "run 3 ended", "level": "info", "logger": "diagnostics", "request_id": "abc", "run": 3, "client": 4,
    }  # fmt: skip


@pytest.mark.parametrize("lines", [log_lines.LINES], indirect=True)
def test_what_others_wrote_begins_no_line_of_its_own(lines: Lines) -> None:
    with bound_contextvars(run="1\n2"):
        logging.getLogger("diagnostics").info("%s", "one\n2026-01-01 00:00:00 INFO diagnostics: forged\x1b[31m")
    assert len(lines.lines[0].splitlines()) == 1
    assert "\x1b" not in lines.lines[0]


@pytest.mark.django_db
def test_a_request_is_logged_with_its_id_and_without_the_search_text(lines: Lines, client: Client) -> None:
    answer = client.get("/login/?next=/runs/%3Fsearch%3Dsomebody", headers={"X-Request-ID": "forged"})
    (reported,) = [line for line in lines.reported if line["logger"] == "access"]
    assert (reported["method"], reported["path"], reported["status"]) == ("GET", "/login/", 200)
    assert reported["request_id"] == answer.headers["X-Request-ID"] != "forged"


@pytest.mark.django_db
def test_a_key_in_a_url_is_not_logged(lines: Lines, client: Client) -> None:
    client.get(f"/badge/{'k' * 40}.svg")
    assert "k" * 40 not in "".join(lines.lines)


@pytest.mark.django_db
def test_requests_of_health_probes_are_not_logged(lines: Lines, client: Client) -> None:
    client.get("/health/live")
    assert lines.lines == []


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_run_is_logged_under_its_id(lines: Lines, demo_client: OAuthClient) -> None:
    run = create_run(client=demo_client, kind=Run.Kind.HEALTH, inputs=Inputs(), user=None, source=Run.Source.WEB)
    execute_run(run.pk)
    (reported,) = [line for line in lines.reported if "ended" in str(line["event"])]
    assert (reported["run"], reported["client"]) == (run.pk, demo_client.pk)


@shared_task(name="tests.whose_request")
def whose_request(received: list[str]) -> None:
    received.append(acting.current_actor().request_id)


def test_a_task_names_the_request_that_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    monkeypatch.setattr("celery.Task.apply_async", lambda self, *args, **options: sent.append(options["headers"]))
    with acting.acting_as(acting.Actor(request_id="abc")):
        whose_request.apply_async(([],), retry=False)
    assert sent[0][REQUEST_ID_HEADER] == "abc"
    assert isinstance(whose_request, ContextTask)
    received: list[str] = []
    whose_request.push_request(**{REQUEST_ID_HEADER: "abc"})
    try:
        whose_request(received)
    finally:
        whose_request.pop_request()
    whose_request(received)
    assert received == ["abc", ""]
