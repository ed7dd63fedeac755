"""What one person may use at a time: the same limit for runs from pages and programs, and one text read at once."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.accounts.rate_limits import TooManyRuns
from diagnostics.orgs.clients import VERIFICATIONS, start_verification
from diagnostics.orgs.contracts import CONTRACT_REFRESHES
from diagnostics.orgs.models import ContractVersion
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.limits import (
    EXPORTING,
    EXPORTS,
    PACKETS,
    READING,
    UPLOADING,
    StillReading,
    one_export,
    reading_one_text,
)
from diagnostics.runs.models import Run
from diagnostics.runs.uploads import PasteUploadHandler
from diagnostics.runs.watches import start_watch
from tests.factories import make_client, make_finding, make_run, make_user, make_verdict

pytestmark = pytest.mark.django_db
CALL = "POST /api/v2/conversations/7f9c2ba4-e88f-4d3a-9c1b-0a5e6d7f8a9b/cobrowse"
LONG = CALL + "\n" + "word " * 6_000


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.tasks.send", lambda task, pk: None)


@pytest.fixture
def ada(settings: Settings) -> User:
    settings.RUNS_PER_MINUTE = 2
    return make_user("ada")


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def test_pages_and_programs_share_one_limit(ada: User) -> None:
    client = make_client()
    for source in ("web", "api"):
        create_run(client=client, kind="health", inputs=Inputs(), user=ada, source=source)
    with pytest.raises(TooManyRuns) as busy:
        create_run(client=client, kind="health", inputs=Inputs(), user=ada, source="web")
    assert 1 <= busy.value.wait_seconds <= 60
    create_run(client=client, kind="health", inputs=Inputs(), user=make_user("grace"), source="web")
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    create_run(client=client, kind="health", inputs=Inputs(), user=ada, source="web")


def test_what_runs_by_schedule_is_not_counted(ada: User) -> None:
    client = make_client()
    for _ in range(3):
        create_run(client=client, kind="health", inputs=Inputs(), user=None, source="schedule")


def test_the_form_reports_when_to_retry_and_preserves_the_input(ada: User) -> None:
    browser, client = browser_of(ada), make_client()
    given = {"client": client.pk, "call": CALL, "note": "since noon"}
    first, second, third = [browser.post(reverse("start"), given) for _ in range(3)]
    assert (first.status_code, second.status_code, third.status_code) == (302, 302, 429)
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert CALL in third.content.decode()
    assert "since noon" in third.content.decode()


def test_repeating_a_run_has_the_same_limit(ada: User) -> None:
    browser, run = browser_of(ada), make_run(make_client(), inputs=Inputs().to_json())
    answers = [browser.post(reverse("run-again", args=[run.pk])) for _ in range(3)]
    assert [each.status_code for each in answers] == [302, 302, 429]
    assert answers[-1].headers["Retry-After"]


def test_a_watch_counts_too(ada: User, settings: Settings) -> None:
    settings.RUNS_PER_MINUTE = 1
    run = make_run(make_client(), cause="conv.not_connected", verdict=make_verdict(because=["conversation.connected"]))
    run.inputs = {**run.inputs, "conversation_id": "7f9c2ba4-e88f-4d3a-9c1b-0a5e6d7f8a9b"}
    run.save()
    make_finding(run, "conversation.connected")
    start_watch(run, ada)
    with pytest.raises(TooManyRuns):
        create_run(client=run.client, kind="health", inputs=Inputs(), user=ada, source="web")


@pytest.mark.django_db(transaction=True)
def test_one_text_of_a_person_is_read_at_a_time(ada: User) -> None:
    browser, other = browser_of(ada), connection.copy()
    try:
        with other.cursor() as cursor:  # another process reads a text of hers
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [READING, ada.pk])
        with pytest.raises(StillReading), reading_one_text(ada, len(LONG)):
            pass
        answer = browser.post(reverse("diagnose-read"), {"call": LONG})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert browser.post(reverse("diagnose-preview"), {"call": LONG}).status_code == 200
        assert browser.post(reverse("diagnose-read"), {"call": CALL}).status_code == 200
        with reading_one_text(make_user("grace"), len(LONG)):
            pass
    finally:
        other.close()
        connections["default"].close()


def test_exports_of_one_person_are_limited_and_those_of_another_are_not(ada: User) -> None:
    browser, make = browser_of(ada), reverse("runs-export", args=["csv"])
    statuses = [browser.get(make).status_code for _ in range(EXPORTS.most)]
    refused = browser.get(make)
    assert (set(statuses), refused.status_code) == ({200}, 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert browser_of(make_user("grace")).get(make).status_code == 200
    assert AuditEntry.objects.filter(actor="ada", action="runs.exported").count() == EXPORTS.most


def test_an_export_that_is_made_elsewhere_keeps_the_next_one_of_that_person_out() -> None:
    ada = make_user("ada", role=User.Role.ADMIN)
    browser, other = browser_of(ada), connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [EXPORTING, ada.pk])
        for place in (reverse("runs-export", args=["jsonl"]), reverse("audit-export", args=["csv"])):
            refused = browser.get(place)
            assert (refused.status_code, bool(refused.headers["Retry-After"])) == (429, True)
        assert browser_of(make_user("grace")).get(reverse("runs-export", args=["jsonl"])).status_code == 200
    finally:
        other.close()


@pytest.mark.parametrize("ends", ["read", "left"])
def test_an_export_frees_its_place_when_it_ends_or_is_left(ada: User, ends: str) -> None:
    pieces = one_export(ada, iter(["one", "two"]))
    assert next(pieces) == "one"
    other = connection.copy()
    try:
        assert not _is_free(other, ada)
        if ends == "read":
            assert list(pieces) == ["two"]
        else:
            cast(Generator[str], pieces).close()
        assert _is_free(other, ada)
    finally:
        other.close()


def _is_free(other: Any, person: User) -> bool:
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [EXPORTING, person.pk])
        [got] = cursor.fetchone()
        if got:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [EXPORTING, person.pk])
    return bool(got)


def counted(person: User, action: str, times: int) -> None:
    for _ in range(times):
        record(action, person=person)


@pytest.mark.parametrize("place", ["run-packet", "run-page"])
def test_support_packets_are_limited(ada: User, place: str) -> None:
    run = make_run(make_client())
    counted(ada, "run.exported", PACKETS.most)
    refused = browser_of(ada).get(reverse(place, args=[run.pk]))
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (429, True)
    assert browser_of(make_user("grace")).get(reverse(place, args=[run.pk])).status_code == 200


def test_verifications_are_limited(ada: User) -> None:
    client = make_client()
    counted(ada, "client.verification_started", VERIFICATIONS.most)
    refused = browser_of(ada).post(reverse("client-verify", args=[client.pk]))
    client.refresh_from_db()
    assert (refused.status_code, client.state) != (302, "verifying")
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (429, True)
    assert browser_of(make_user("grace")).post(reverse("client-verify", args=[client.pk])).status_code == 302


def test_refreshes_of_the_api_reference_are_limited() -> None:
    ada = make_user("ada", role=User.Role.ADMIN)
    counted(ada, "contract.reading_started", CONTRACT_REFRESHES.most)
    refused = browser_of(ada).post(reverse("contract-refresh"), {"region": "us-east-1"})
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (429, True)
    assert not ContractVersion.objects.exists()


def test_syncs_are_limited_with_runs(ada: User) -> None:
    browser = browser_of(ada)
    clients = [make_client(f"client {number}") for number in range(3)]
    answers = [browser.post(reverse("sync-start", args=[each.pk])) for each in clients]
    assert [each.status_code for each in answers] == [302, 302, 429]


def test_the_command_line_has_no_limit() -> None:
    with acting.command_line_actor():
        for _ in range(VERIFICATIONS.most + 1):
            client = make_client(f"client {_}")
            assert start_verification(client)


def large_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("call.txt", LONG.encode())


def test_one_large_form_per_user_is_accepted_at_a_time(ada: User) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [UPLOADING, ada.pk])
        refused = browser_of(ada).post(reverse("diagnose-read"), {"call_file": large_file()})
        assert (refused.status_code, bool(refused.headers["Retry-After"])) == (429, True)
        assert (
            browser_of(make_user("grace")).post(reverse("diagnose-read"), {"call_file": large_file()}).status_code
            == 200
        )
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [UPLOADING, ada.pk])
        for _ in range(2):
            assert browser_of(ada).post(reverse("diagnose-read"), {"call_file": large_file()}).status_code == 200
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [UPLOADING, ada.pk])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


def test_a_large_form_of_somebody_who_is_not_signed_in_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(PasteUploadHandler, "receive_data_chunk", lambda self, data, start: read.append(data))
    answer = Client(enforce_csrf_checks=True).post(reverse("diagnose-read"), {"call_file": large_file()})
    assert (answer.status_code, read) == (302, [])
