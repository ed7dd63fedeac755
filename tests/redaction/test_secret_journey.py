"""All published shapes go in by every door; none is found in any row, page, export, packet, log line or queue message."""

import inspect
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from diagnostics import tasks
from diagnostics.demo import server
from diagnostics.issues.issues import add_note
from diagnostics.issues.snoozes import snooze
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.schedules import pause_schedules
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.export.packet import packet_of, redacted_run
from diagnostics.runs.models import Run, SavedView
from diagnostics.telemetry import log_lines
from tests.factories import make_client, make_issue, make_rule, make_schedule, make_user
from tests.redaction.secret_values import ANNOUNCED, PEM_BODY, PERSONAL, TOKENS, private_key

pytestmark = pytest.mark.django_db(transaction=True)

CALL = "https://api.mypurecloud.com/api/v2/conversations/messages/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse"
SECRETS = {secret: secret[-8:] for secret in TOKENS.values()} | {
    f"see {text} |": gone for text, gone in {**ANNOUNCED, **PERSONAL}.items() if len(gone) > 7
}
LINES = "\n".join([*SECRETS, private_key("RSA ")])
GONE = (*SECRETS.values(), PEM_BODY[1][8:24])


class Lines(logging.Handler):
    def __init__(self, style: str) -> None:
        super().__init__()
        self.formatter = log_lines.formatter(style)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def run_everything(client: OAuthClient) -> None:
    body = json.dumps({"providerId": "genesys", "remark": LINES}).replace("'", "'\\''")  # as a shell quotes it
    result = {"code": "bad.request", "message": LINES}
    answer = json.dumps({"status": 400, "headers": {"X-Extra": "; ".join(TOKENS.values())}, "body": result})
    for start in range(0, len(TOKENS), 12):
        chunk = [*TOKENS.values()][start : start + 12]
        query = "&".join(f"p{number}={secret}" for number, secret in enumerate(chunk) if "/" not in secret)
        inputs, _ = Inputs.from_paste(f"curl -X POST '{CALL}?{query}' -d '{body}'", answer, note=" ".join(chunk))
        create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    first = Run.objects.order_by("pk")[0]
    execute_run(first.pk)


def write_everywhere(client: OAuthClient) -> None:
    user = make_user(role="admin")
    add_note(make_issue(client), LINES, user)
    rule, schedule = make_rule(), make_schedule(client)
    for number, text in enumerate(SECRETS):
        snooze(rule, text[:300], timezone.now(), user)
        pause_schedules([schedule.pk], user, text[:300])
        Schedule.objects.filter(pk=schedule.pk).update(paused_at=None)
        SavedView.objects.create(name=f"{number} {text}"[:80], query=f"q={text}")


def log_everything() -> Iterator[str]:
    for style in (log_lines.JSON, log_lines.LINES):
        handler = Lines(style)
        log = logging.getLogger("diagnostics.test")
        log.addHandler(handler)
        for text in SECRETS:
            log.warning("the org reported %s", text)
        try:
            raise ValueError(LINES)
        except ValueError:
            log.exception("failed")
        log.removeHandler(handler)
        yield from handler.lines


def all_rows() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608  (names out of the catalogue)
            yield from ((f"table {table}", row) for (row,) in cursor.fetchall())


def all_pages(browser: Browser) -> Iterator[tuple[str, str]]:
    run = Run.objects.order_by("pk")[0]
    for place in (
        f"/runs/{run.pk}/",
        "/runs/",
        "/settings/audit-log/",
        "/issues/?target=all",
        "/monitoring/schedules/",
    ):
        yield place, browser.get(place).content.decode()
    for place in ("csv/?findings=1", "json/?findings=1"):
        answer: Any = browser.get(f"/runs/export/{place}")
        yield f"the export {place}", b"".join(answer).decode()
    yield from ((f"packet {name}", text) for name, text in packet_of(redacted_run(run), "0").files.items())


def test_no_published_shape_stays_anywhere(demo: server.Running) -> None:
    client = make_client(region="demo-published")
    lines = list(log_everything())
    run_everything(client)
    write_everywhere(client)
    browser = Browser()
    browser.force_login(make_user("eve", role="admin"))
    found = [*all_rows(), *all_pages(browser), *(("log", line) for line in lines)]
    assert len(found) > 200
    left = {(where, gone) for where, text in found for gone in GONE if gone in text or json.dumps(gone)[1:-1] in text}
    assert not left


def test_queue_messages_carry_only_numbers() -> None:
    doors = [each for each in vars(tasks).values() if hasattr(each, "apply_async")]
    assert len(doors) > 5
    for door in doors:
        assert all(each.annotation is int for each in inspect.signature(door.run).parameters.values()), door.name
