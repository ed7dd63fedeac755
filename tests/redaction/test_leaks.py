"""After every scenario was diagnosed and looked at: no secret, token, join code or customer's word is anywhere."""

import json
import logging
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.orgs import read_data
from diagnostics.demo.registration import register
from diagnostics.demo.scenarios import scenarios
from diagnostics.orgs.clients import start_verification, verify_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.export.packet import packet_of, redacted_run
from diagnostics.runs.models import Run
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

BEARER = "kQ7vN2xR8mT4wY1zB6cD3fG9hJ5kL0pS-aUeIoXcVbNm7qWrTyZuHgFdSaP2lKjH"
JOIN_CODE, JOIN_TOKEN = "8341276", "jT9zQ4wR7mK2pL5vX8cB1nD6"
PATH = "/api/v2/conversations/chat/d2eb236c-6a81-49b6-b2f1-f74338655435/cobrowse"
PASTED = f"""curl -X POST 'https://admin:hunter2-hunter2@api.mypurecloud.com{PATH}?access_token={BEARER}' \\
  -H 'Authorization: Bearer {BEARER}' -H 'Cookie: session={BEARER}' -u 'client-id:{BEARER}' \\
  -d '{{"providerId": "genesys", "client_secret": "{BEARER}", "customer": "maria.lindqvist@example.com"}}'"""
ANSWERED = json.dumps(
    {
        "status": 200,
        "headers": {"Set-Cookie": f"session={BEARER}"},
        "body": {
            "id": "f7a4e2c8-3b16-4d90-8e5f-c1d2b3a4950b",
            "joinCode": JOIN_CODE,
            "websocketUrl": f"wss://cobrowse.example/ws?token={JOIN_TOKEN}",
            "sessionJoinToken": JOIN_TOKEN,
        },
    }
)


@pytest.fixture
def demo(settings: Settings, no_rate_limit: None) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


def forbidden(demo: server.Running) -> dict[str, str]:
    """What must be nowhere -> what it is."""
    found = {
        BEARER: "a pasted token",
        "hunter2-hunter2": "a pasted password",
        JOIN_CODE: "a join code",
        JOIN_TOKEN: "a join token",
    }
    found |= dict.fromkeys(demo.issued_tokens, "an issued token")
    for endpoint in demo.orgs.values():
        for client in chain.from_iterable(org.clients for org in endpoint.orgs):
            found[client.secret] = "a client secret"
            if client.typed_secret:
                found[client.typed_secret] = "a typed secret"
    return found | customers_words()


def customers_words() -> dict[str, str]:
    """Names, numbers and texts of the demo's customers."""
    stored = ("customerName", "customerPhone", "email", "lastMessage")
    found: dict[str, str] = {}
    for conversation in chain.from_iterable(read_data("conversations.json").values()):
        for participant in conversation["participants"]:
            attributes: dict[str, Any] = participant.get("attributes", {})
            found |= {attributes[key]: "a customer's word" for key in stored if attributes.get(key)}
    return found


def all_rows() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608  (names out of the catalogue)
            for (row,) in cursor.fetchall():
                yield f"table {table}", row


def diagnose_everything() -> None:
    clients = {client.name: client for client in OAuthClient.objects.all()}
    texts = [(each.client, each.call, each.answer, each.conversation_id) for each in scenarios()]
    texts.append(("Demo: published API", PASTED, ANSWERED, ""))
    for name, call, answer, conversation_id in texts:
        inputs, _ = Inputs.from_paste(call, answer, conversation_id)
        run = create_run(client=clients[name], kind="diagnosis", inputs=inputs, user=None, source="web")
        execute_run(run.pk)


def all_pages(browser: Browser) -> Iterator[tuple[str, str]]:
    places = ["/", "/runs/", "/orgs/", "/settings/users/"]
    places += [f"/clients/{pk}/" for pk in OAuthClient.objects.values_list("pk", flat=True)]
    for run in Run.objects.all():
        places.append(f"/runs/{run.pk}/")
        if run.pk % 4 == 0 or run.client.name == "Demo: published API":  # hundreds; the stored rows of all are searched
            places += [f"/runs/{run.pk}/exchanges/{each}/" for each in run.exchanges.values_list("position", flat=True)]
    for place in places:
        answer = browser.get(place)
        assert answer.status_code == 200, place
        yield place, answer.content.decode()


def all_exports(browser: Browser) -> Iterator[tuple[str, str]]:
    for place in ("csv/?findings=1", "json/?findings=1", "jsonl/?findings=1"):
        answer: Any = browser.get(f"/runs/export/{place}")
        yield f"the export {place}", b"".join(answer).decode()
    for run in Run.objects.select_related("client"):
        packet = packet_of(redacted_run(run), "0")
        yield from ((f"{name} of run {run.pk}", text) for name, text in packet.files.items())


def test_nothing_that_must_stay_secret_is_anywhere(demo: server.Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for key in ("published", "gateway"):
        for client in register(key):
            start_verification(client)
            verify_client(client.pk)
    diagnose_everything()
    browser = Browser()
    make_user("ada")
    assert browser.login(username="ada", password=PASSWORD)
    preview = browser.post(
        "/diagnose/start/",
        {"client": OAuthClient.objects.earliest("pk").pk, "call": f"{PASTED}\n\x00", "conversation_id": "x" * 999},
    )
    places = [
        *all_rows(),
        *all_pages(browser),
        *all_exports(browser),
        ("the rejected form", preview.content.decode()),
        ("the log", caplog.text),
    ]

    words = forbidden(demo)
    found = {
        f"{what} in {place}: {word[:40]}" for place, text in places for word, what in words.items() if word in text
    }
    assert len(words) > 100
    assert found == set()
    assert Run.objects.filter(status=Run.Status.FINISHED).count() == len(scenarios()) + 1
    assert demo.log.writes == []
