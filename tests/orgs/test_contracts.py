"""Which contract is in force, and what a refresh does to it, with the demo org as the region."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from diagnostics.demo.server import Running, start
from diagnostics.genesys import live_contract
from diagnostics.genesys.contract import bundled
from diagnostics.orgs import contracts
from diagnostics.orgs.contracts import current_contract, current_version, refresh_contract, start_refresh
from diagnostics.orgs.models import ContractVersion
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.web.refusals import ActionRefused
from tests.factories import make_client

pytestmark = pytest.mark.django_db

REGION = "demo-published"
State = ContractVersion.State


@pytest.fixture
def demo(settings: Settings) -> Iterator[Running]:
    running = start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


def refresh(region: str = REGION) -> ContractVersion:
    version = start_refresh(region, None)
    assert version is not None
    refresh_contract(version.pk)
    version.refresh_from_db()
    return version


def fail_with(monkeypatch: pytest.MonkeyPatch, sentence: str) -> None:
    def fetch(region: object) -> None:
        raise live_contract.NotFetched(sentence)

    monkeypatch.setattr(live_contract, "fetch", fetch)


def test_without_a_refresh_the_bundled_contract_is_in_force() -> None:
    assert current_contract("eu-west-1") is bundled()


def test_a_refresh_puts_the_regions_own_contract_in_force_there_alone(demo: Running) -> None:
    version = refresh()
    assert (version.state, version.operations) == (State.STORED, len(bundled()))
    assert current_contract(REGION).version == version.version
    assert current_contract("demo-gateway") is bundled()


def test_a_run_uses_the_contract_in_force_and_records_its_version(demo: Running) -> None:
    client = make_client(region=REGION)
    before = create_run(client=client, kind="diagnosis", inputs=Inputs(conversation_id="x"), user=None, source="web")
    version = refresh()
    after = create_run(client=client, kind="diagnosis", inputs=Inputs(conversation_id="x"), user=None, source="web")
    assert (before.contract_version, after.contract_version) == (bundled().version, version.version)
    execute_run(before.pk)
    before.refresh_from_db()
    assert before.contract_version == version.version


def test_the_same_document_again_is_nothing_new(demo: Running) -> None:
    first, second = refresh(), refresh()
    assert (second.state, second.document) == (State.UNCHANGED, None)
    assert current_version(REGION) == first


def test_a_failed_refresh_keeps_the_contract_in_force_and_reports_it(
    demo: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = refresh()
    fail_with(monkeypatch, "It took too long.")
    failed = refresh()
    assert (failed.state, failed.error) == (State.REFUSED, "It took too long.")
    assert current_version(REGION) == stored


def test_a_region_has_one_refresh_at_a_time() -> None:
    assert start_refresh("eu-west-1", None) is not None
    assert start_refresh("eu-west-1", None) is None
    assert start_refresh("eu-west-2", None) is not None


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ActionRefused):
        start_refresh("nowhere", None)


def test_a_message_sent_twice_starts_one_sync(demo: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    version = refresh()
    fail_with(monkeypatch, "It was read twice.")
    refresh_contract(version.pk)
    version.refresh_from_db()
    assert version.state == State.STORED


def test_a_refresh_that_nobody_ends_is_given_up_and_makes_way() -> None:
    stuck = start_refresh("eu-west-1", None)
    assert stuck is not None
    ContractVersion.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert start_refresh("eu-west-1", None) is not None
    stuck.refresh_from_db()
    assert stuck.state == State.REFUSED
    assert stuck.error


def test_a_region_that_is_gone_ends_its_refresh(settings: Settings, demo: Running) -> None:
    version = start_refresh(REGION, None)
    assert version is not None
    settings.GENESYS_ENDPOINTS = {}
    refresh_contract(version.pk)
    version.refresh_from_db()
    assert version.state == State.REFUSED


def test_a_bundled_contract_younger_than_the_reading_is_in_force_again(demo: Running) -> None:
    refresh()
    ContractVersion.objects.update(fetched_at=timezone.now() - timedelta(days=3650))
    assert current_contract(REGION) is bundled()


def test_old_readings_are_forgotten(demo: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "MAX_ATTEMPTS", 2)
    for _ in range(5):
        refresh()
    assert ContractVersion.objects.filter(state=State.STORED).count() == 1
    assert ContractVersion.objects.filter(state=State.UNCHANGED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_that_start_at_once_one_wins() -> None:
    won: list[bool] = []

    def begin() -> None:
        won.append(start_refresh("eu-west-1", None) is not None)
        connection.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(won) == [False, False, False, True]


def test_the_command_reads_a_region_and_reports_the_contract_in_force(demo: Running) -> None:
    out = StringIO()
    call_command("contract_refresh", region=REGION, stdout=out)
    call_command("contract_refresh", region=REGION, stdout=out)
    assert "is in force" in out.getvalue()
    assert "was in force already" in out.getvalue()


def test_the_command_reports_an_unusable_document(demo: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, "It took too long.")
    error = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("contract_refresh", region=REGION, stderr=error)
    assert (ended.value.code, "too long" in error.getvalue()) == (4, True)


def test_the_command_refuses_an_unknown_region() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("contract_refresh", region="nowhere")
    assert refused.value.returncode == 2
