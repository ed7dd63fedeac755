"""`manage.py diagnose`: exit codes, the JSON's shape, bad input."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from diagnostics.batches.models import BatchGroup
from diagnostics.demo import server
from diagnostics.demo.registration import register
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import retire_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.run_json import VERDICT_KEYS

pytestmark = pytest.mark.django_db(transaction=True)

PUBLISHED = "Demo: published API"
HEALTHY = scenario("healthy-web").conversation_id
Diagnose = Callable[..., tuple[int, str]]


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    register("published")
    yield running
    running.stop()


@pytest.fixture
def diagnose(demo: server.Running) -> Diagnose:
    def run(*words: str, client: str = PUBLISHED) -> tuple[int, str]:
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("diagnose", "--client", client, *words, stdout=out)
        return int(str(ended.value.code)), out.getvalue()

    return run


@pytest.fixture
def paste(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        file = tmp_path / f"{abs(hash(text))}.txt"
        file.write_text(text)
        return str(file)

    return write


def thread_curl() -> str:
    return (
        f"curl -X POST http://127.0.0.1:1/api/v2/conversations/chat/{HEALTHY}/cobrowse \\\n"
        "  -H 'Authorization: Bearer $TOKEN' -H 'Content-Type: application/json' \\\n"
        '  --data-raw \'{"providerId": "genesys"}\''
    ).replace("http://127.0.0.1:1", "")


def test_a_healthy_call_exits_0(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    code, output = diagnose("--call", paste(f"POST /api/v2/conversations/{HEALTHY}/cobrowse"), "--json")
    assert (code, json.loads(output)["verdict"]["cause"]) == (0, "none")


def test_the_call_of_the_thread_exits_3_with_a_proven_cause(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    code, output = diagnose("--call", paste(thread_curl()), "--json")
    verdict = json.loads(output)["verdict"]
    assert (code, verdict["cause"], verdict["certainty"]) == (3, "path.not_in_api", "proved")
    assert "POST /api/v2/conversations/{conversationId}/cobrowse" in verdict["remedy"]
    assert "Scopes and the providerId aren't the reason" in verdict["remedy"]


def test_the_text_of_the_thread_does_too(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    text = 'POST /api/v2/conversations/chat/{conversationId}/cobrowse      {"providerId": "genesys"}     -> 404'
    code, output = diagnose("--call", paste(text), "--json")
    verdict = json.loads(output)["verdict"]
    assert (code, verdict["cause"]) == (3, "path.not_in_api")
    assert "path.placeholder_unexpanded" in verdict["also"]


def test_a_method_that_no_sdk_has_exits_3_and_names_the_real_one(
    diagnose: Diagnose, paste: Callable[[str], str]
) -> None:
    call = paste(f'conversationsApi.postConversationChatCobrowseSessions("{HEALTHY}", {{ providerId: "genesys" }})')
    code, output = diagnose("--call", call, "--json")
    verdict = json.loads(output)["verdict"]
    assert (code, verdict["cause"], verdict["certainty"]) == (3, "path.not_in_api", "proved")
    assert verdict["because"] == ["request.sdk"]
    assert "postConversationCobrowse" in verdict["remedy"]


def test_of_several_calls_the_most_likely_is_used_and_the_others_are_listed(
    diagnose: Diagnose, paste: Callable[[str], str]
) -> None:
    start = f"/api/v2/conversations/{HEALTHY}/cobrowse"
    code, output = diagnose("--call", paste(f"GET /api/v2/users/me -> 200\n\nPOST {start}\n"))
    assert code == 0
    assert "Not used: 1. GET /api/v2/users/me" in output


def test_an_unexplained_failure_exits_4(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    call = paste(f"POST /api/v2/conversations/{HEALTHY}/cobrowse")
    answer = paste('{"status": 404, "headers": {}, "body": {"code": "not.found", "message": "m", "status": 404}}')
    code, output = diagnose("--call", call, "--answer", answer, "--json")
    assert (code, json.loads(output)["verdict"]["cause"]) == (4, "undetermined")


def test_the_json_has_the_published_shape(diagnose: Diagnose) -> None:
    _, output = diagnose("--conversation", HEALTHY, "--json")
    report = json.loads(output)
    keys = ["critical_path_ms", "duration_ms", "exchanges", "findings", "run", "schema_version", "verdict"]
    assert sorted(report) == keys
    assert sorted(report["verdict"]) == sorted(VERDICT_KEYS)
    assert all(
        sorted(each) == ["check", "code", "evidence", "hint", "outcome", "sentence", "subject"]
        for each in report["findings"]
    )
    assert report["run"] is None
    assert 0 < report["critical_path_ms"] <= report["duration_ms"]


def test_because_names_existing_findings(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    _, output = diagnose("--call", paste(thread_curl()), "--json")
    report = json.loads(output)
    ids = {f"{each['check']}#{each['subject']}".removesuffix("#") for each in report["findings"]}
    assert report["verdict"]["because"]
    assert set(report["verdict"]["because"]) <= ids


def test_nothing_is_stored_without_save(diagnose: Diagnose) -> None:
    diagnose("--conversation", HEALTHY)
    assert not Run.objects.exists()


def test_save_stores_the_run(diagnose: Diagnose) -> None:
    code, output = diagnose("--conversation", HEALTHY, "--json", "--save")
    report = json.loads(output)
    run = Run.objects.get(pk=report["run"])
    assert (code, run.status, run.source, run.findings.count()) == (0, "finished", "cli", len(report["findings"]))


def test_the_client_alone_is_a_health_check(diagnose: Diagnose) -> None:
    code, output = diagnose("--json", "--save")
    assert code == 0
    assert Run.objects.get(pk=json.loads(output)["run"]).kind == "health"


def test_the_text_output_has_cause_and_fix(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    _, output = diagnose("--call", paste(thread_curl()))
    assert "path.not_in_api (proven)" in output
    assert "How to fix it:" in output


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("this is no call at all", ""),
        ("", "neither is this an answer"),
        ("   \n ", ""),
        ("\x00\x00\x00", ""),
        ("x" * 5_000_000, ""),
    ],
)
def test_bad_input_exits_2_with_a_message(
    call: str, answer: str, demo: server.Running, paste: Callable[[str], str]
) -> None:
    words = [*(["--call", paste(call)] if call else []), *(["--answer", paste(answer)] if answer else [])]
    with pytest.raises(CommandError) as refused:
        call_command("diagnose", "--client", PUBLISHED, *words)
    assert refused.value.returncode == 2
    assert len(str(refused.value)) > 20


@pytest.mark.parametrize("words", [["--call", "/nowhere/at/all"], ["--call", "/"], ["--call", "-", "--answer", "-"]])
def test_files_that_cannot_be_read_exit_2(words: list[str], demo: server.Running) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("diagnose", "--client", PUBLISHED, *words)
    assert refused.value.returncode == 2


def test_an_unknown_client_exits_2_and_lists_the_known_ones(demo: server.Running) -> None:
    with pytest.raises(CommandError, match=PUBLISHED) as refused:
        call_command("diagnose", "--client", "nobody")
    assert refused.value.returncode == 2


def test_a_retired_client_exits_2(demo: server.Running) -> None:
    retire_client(OAuthClient.objects.get(name=PUBLISHED))
    with pytest.raises(CommandError) as refused:
        call_command("diagnose", "--client", PUBLISHED)
    assert refused.value.returncode == 2


def test_the_call_can_come_from_standard_input(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    given: Any = io.TextIOWrapper(io.BytesIO(thread_curl().encode()))
    monkeypatch.setattr("sys.stdin", given)
    code, _ = diagnose("--call", "-", "--json")
    assert code == 3


def test_the_command_starts_the_demo_orgs_if_they_are_not_running(settings: Settings, tmp_path: Path) -> None:
    settings.GENESYS_ENDPOINTS = {}
    register("published")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("diagnose", "--client", PUBLISHED, "--conversation", HEALTHY, "--json", stdout=out)
    assert (ended.value.code, json.loads(out.getvalue())["verdict"]["cause"]) == (0, "none")


def test_a_failure_that_cannot_be_reproduced_is_undetermined(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    call, answer = paste(f"POST /api/v2/conversations/{HEALTHY}/cobrowse"), paste('{"status": 200, "body": {}}')
    code, output = diagnose("--call", call, "--answer", answer, "--note", "It failed at noon but works again", "--json")
    assert (code, json.loads(output)["verdict"]["cause"]) == (4, "undetermined")
    code, output = diagnose("--call", call, "--answer", answer, "--json")
    assert (code, json.loads(output)["verdict"]["cause"]) == (0, "none")


def test_junit_matches_the_exit_code(diagnose: Diagnose, paste: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / "result.xml"
    code, _ = diagnose("--call", paste(thread_curl()), "--junit", str(file))
    verdict = ET.parse(file).getroot().find(".//testcase[@classname='verdict']/failure")  # noqa: S314 - our own
    assert (code, verdict is not None and verdict.get("type")) == (3, "path.not_in_api")


def test_junit_of_a_healthy_call_has_no_failure(
    diagnose: Diagnose, paste: Callable[[str], str], tmp_path: Path
) -> None:
    file = tmp_path / "result.xml"
    code, _ = diagnose("--call", paste(f"POST /api/v2/conversations/{HEALTHY}/cobrowse"), "--junit", str(file))
    root = ET.parse(file).getroot()  # noqa: S314 - our own
    assert (code, root.get("failures"), root.get("errors")) == (0, "0", "0")


def test_an_unwritable_junit_file_is_reported_before_the_run(demo: server.Running) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("diagnose", "--client", PUBLISHED, "--junit", "/nowhere/at/all.xml")
    assert refused.value.returncode == 2


BATCH = "\n".join(
    [f"POST /api/v2/conversations/chat/{HEALTHY}/cobrowse -> 404"] * 3
    + [f"POST /api/v2/conversations/{HEALTHY}/cobrowse -> 404", f"GET /api/v2/conversations/{HEALTHY} -> 200"]
)


def test_each_group_of_a_batch_is_diagnosed_and_stored(diagnose: Diagnose, paste: Callable[[str], str]) -> None:
    code, output = diagnose("--batch", paste(BATCH), "--json", "--save")
    document = json.loads(output)
    causes = [group["diagnosis"]["verdict"]["cause"] for group in document["groups"]]
    assert (code, document["calls"], causes) == (3, 5, ["path.not_in_api", "undetermined"])
    assert all(len(group["diagnosis"]["exchanges"]) <= 14 for group in document["groups"])
    runs = {group["diagnosis"]["run"] for group in document["groups"]}
    assert set(BatchGroup.objects.filter(batch=document["batch"]).values_list("run", flat=True)) == runs


def test_a_batch_without_a_client_is_judged_by_its_calls(paste: Callable[[str], str]) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("diagnose", "--batch", paste(BATCH), stdout=out)
    assert ended.value.code == 3
    assert "path.not_in_api (proven)" in out.getvalue()
    assert not Run.objects.exists()


@pytest.mark.parametrize("words", [["--save"], ["--call", "-"], ["--note", "x"]])
def test_a_batch_refuses_options_that_it_has_no_use_for(paste: Callable[[str], str], words: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("diagnose", "--batch", paste(BATCH), *words)
    assert refused.value.returncode == 2
