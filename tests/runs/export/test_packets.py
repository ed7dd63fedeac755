"""The support packet of every scenario: complete, readable by other tools, and nothing in it that must not leave."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.registration import register
from diagnostics.demo.scenarios import Scenario, scenario, scenarios
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.export.packet import LeakFound, packet_of, page_of, redacted_run
from diagnostics.runs.export.pseudonyms import Pseudonyms, derived_key
from diagnostics.runs.models import Run
from tests.factories import make_exchange, make_finding, make_run, make_user
from tests.runs.export.har_format import faults_of

pytestmark = pytest.mark.django_db(transaction=True)

NO_ROLE = scenario("client-no-role")
FILES = {"README.txt", "run.html", "packet.json", "exchanges.har", "calls.sh"}
AGENT = "cc57d96e-5de7-4706-9d86-51c8f9ce8a1b"


@pytest.fixture
def demo(settings: Settings, no_rate_limit: None) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@pytest.fixture
def clients(demo: server.Running) -> dict[str, OAuthClient]:
    return {client.name: client for key in demo.orgs for client in register(key)}


def diagnosed(client: OAuthClient, reported: Scenario, **more: Any) -> Run:
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id, **more)
    user = make_user("ada.lovelace@example.com")
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=user, source="web")
    execute_run(run.pk)
    user.delete()
    return Run.objects.select_related("client").get(pk=run.pk)


def test_scenarios_make_packets_that_pass_the_scan(clients: dict[str, OAuthClient], demo: server.Running) -> None:
    """A part of them; tests/redaction/test_leaks.py makes a packet of each."""
    refused: dict[str, object] = {}
    texts: list[str] = []
    for reported in scenarios()[::4]:
        run = diagnosed(clients[reported.client], reported)
        try:
            packet = packet_of(redacted_run(run), "0.1.0")
        except LeakFound as leaky:
            refused[reported.id] = leaky.leaks
            continue
        assert set(packet.files) == FILES
        assert faults_of(json.loads(packet.files["exchanges.har"])) == []
        texts += packet.files.values()
    assert refused == {}
    whole = "\n".join(texts)
    for client in clients.values():
        known = next(
            each for org in demo.orgs.values() for o in org.orgs for each in o.clients if each.id == client.client_id
        )
        assert client.client_id not in whole
        assert known.secret not in whole
    assert not any(token in whole for token in demo.issued_tokens)
    assert AGENT not in whole
    assert "hidden-user-" in whole
    assert "hidden-client-" in whole


def test_a_packet_contains_what_a_vendor_needs(clients: dict[str, OAuthClient]) -> None:
    client = clients[NO_ROLE.client]
    run = diagnosed(client, NO_ROLE, note="Maria from the mortgage team told me")
    org = run.environment["org"]
    ConfigurationSync.objects.create(client=client, permissions={"org": {**org, "short_name": "brightwater-demo"}})
    packet = packet_of(redacted_run(run), "0.1.0")
    reported = json.loads(packet.files["packet.json"])
    assert reported["org"] == {"id": org["id"], "name": org["name"], "short_name": "brightwater-demo"}
    assert reported["region"]["key"] == "demo-published"
    assert reported["conversation_id"] == NO_ROLE.conversation_id
    assert reported["verdict"]["cause"] == NO_ROLE.cause
    assert len(reported["findings"]) == run.findings.count()
    assert reported["correlation_ids"]
    assert all(
        re.search(r"\+00:00$", reported[name]) for name in ("created_at", "started_at", "finished_at", "made_at")
    )
    readme = packet.files["README.txt"]
    for word in (
        org["id"],
        org["name"],
        "brightwater-demo",
        NO_ROLE.conversation_id,
        "UTC",
        reported["correlation_ids"][0],
    ):
        assert word in readme
        assert word == "UTC" or word in packet.files["packet.json"]
    assert not any("mortgage team" in text for text in packet.files.values())


def test_equal_values_are_equal_between_packets(clients: dict[str, OAuthClient]) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    one, two = (set(_state_ins(packet_of(redacted_run(run), "0").files)) for _ in range(2))
    assert one == two != set()


def test_the_stored_run_stays_as_it_was(clients: dict[str, OAuthClient]) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    make_finding(run, "retired.check", evidence={"mail": "a@example.com"}, position=900)
    before = (run.verdict, list(run.findings.values()), list(run.exchanges.values()))
    redacted_run(run)
    assert before == (run.verdict, list(run.findings.values()), list(run.exchanges.values()))
    run.refresh_from_db()
    assert run.environment["client"]["client_id"] == run.client.client_id


def test_the_archive_holds_the_files_in_one_folder(clients: dict[str, OAuthClient]) -> None:
    reported = redacted_run(diagnosed(clients[NO_ROLE.client], NO_ROLE))
    packet = packet_of(reported, "0")
    with zipfile.ZipFile(io.BytesIO(packet.zipped())) as archive:
        assert archive.testzip() is None
        assert {each.filename for each in archive.infolist()} == {f"{packet.name}/{name}" for name in FILES}
        assert archive.read(f"{packet.name}/README.txt").decode() == packet.files["README.txt"]


def test_a_secret_that_slipped_through_refuses_the_packet_without_saying_it() -> None:
    """Rows of an earlier version, say, which redacted less."""
    run = make_run(inputs=Inputs().to_json())
    secret = run.client.secret
    make_finding(run, sentence=f"The org answered {secret} to us.")
    make_exchange(run, body=json.dumps({"joinCode": "8341276"}))
    reported = redacted_run(run)
    with pytest.raises(LeakFound) as refused:
        packet_of(reported, "0")
    assert "client secret in run.html" in str(refused.value)
    assert secret not in str(refused.value)
    assert {each.file for each in refused.value.leaks} == {"run.html", "packet.json"}
    with pytest.raises(LeakFound):
        page_of(reported, "0")


def test_customers_words_of_what_was_pasted_are_left_out() -> None:
    body = {"providerId": "genesys", "customer": {"name": "Maria Lindqvist", "mail": "maria@example.com", "age": 41}}
    call = {"method": "POST", "url": "/api/v2/conversations/x/cobrowse", "body": json.dumps(body), "sdk_method": ""}
    headers = [["X-Agent", "Maria Lindqvist"], ["Content-Type", "application/json"], ["X-Forwarded-For", "203.0.113.9"]]
    answer = {"status": 404, "headers": headers, "body": "Maria Lindqvist called +44 20 7946 0101", "network_error": ""}
    inputs = {**Inputs().to_json(), "call": {**call, "headers": headers}, "answer": answer, "note": "Maria Lindqvist"}
    run = make_run(inputs=inputs)
    packet = packet_of(redacted_run(run), "0")
    reported = json.loads(packet.files["packet.json"])["brought"]
    assert json.loads(reported["call"]["body"])["providerId"] == "genesys"
    assert "Maria" not in json.dumps(reported["call"])
    assert "+44" not in "".join(packet.files.values())
    assert "203.0.113.9" not in "".join(packet.files.values())


def test_a_run_with_nothing_in_it_makes_a_packet() -> None:
    run = make_run(inputs={}, verdict={}, cause="", certainty="", environment={}, conversation_id="", finished_at=None)
    assert set(packet_of(redacted_run(run), "0").files) == FILES


def test_pseudonyms_are_made_with_a_separate_key(settings: Settings) -> None:
    run = make_run(inputs=Inputs().to_json())
    make_finding(run, sentence="It went to maria@example.com.")
    hidden = Pseudonyms(derived_key(settings.FIELD_ENCRYPTION_KEYS[0])).text("maria@example.com")
    assert hidden in packet_of(redacted_run(run), "0").files["run.html"]


def _state_ins(files: Any) -> list[str]:
    return re.findall(r"hidden-[a-z]+-[0-9a-f]{12}", "\n".join(files.values()))
