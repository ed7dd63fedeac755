"""`manage.py demo`: the list, one scenario whole, JSON, and the files that the lines name."""

import json
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import override_settings

from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running
from diagnostics.demo.story import PRODUCTION_CLIENT
from diagnostics.demo.switch import SWITCH_PATH


def run(folder: Path, *arguments: str) -> str:
    out = StringIO()
    with override_settings(DATA_DIR=folder):
        call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_has_every_scenario_with_its_line(tmp_path: Path) -> None:
    lines = run(tmp_path).splitlines()
    assert sum("manage.py diagnose --client" in line for line in lines) == len(scenarios())
    assert {each.id for each in scenarios()} <= {line.split()[0] for line in lines if line[0] != " "}


def test_the_files_of_every_line_are_there(tmp_path: Path) -> None:
    listed: list[dict[str, Any]] = json.loads(run(tmp_path, "--json"))
    for each in listed:
        words = shlex.split(each["command"])
        given = {option: Path(words[at + 1]) for at, option in enumerate(words) if option in ("--call", "--answer")}
        texts = {option: path.read_text().rstrip("\n") for option, path in given.items()}
        assert texts == {f"--{name}": each[name].rstrip("\n") for name in ("call", "answer") if each[name]}


def test_json_carries_what_a_test_needs(tmp_path: Path) -> None:
    listed = json.loads(run(tmp_path, "--json"))
    assert {"id", "title", "why", "client", "conversation_id", "call", "answer", "expected"} <= set(listed[0])
    assert set(listed[0]["expected"]) == {"cause", "certainty"}


def test_one_scenario_is_shown_whole(tmp_path: Path) -> None:
    shown = run(tmp_path, "thread-call")
    assert '{"providerId": "genesys"}' in shown
    assert "path.not_in_api" in shown


def test_an_unknown_scenario_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no-such-thing"):
        run(tmp_path, "no-such-thing")


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(CommandError, match="couldn't be written"):
        run(blocked)


def test_a_deployment_of_the_demo_is_published_while_it_is_served(tmp_path: Path, demo: Running) -> None:
    def states() -> list[tuple[str, bool]]:
        orgs = demo.orgs["published"].orgs
        found = next(org for org in orgs if any(each.name == PRODUCTION_CLIENT for each in org.clients))
        return [(each["version"], each["cobrowse"]["enabled"]) for each in found.configurations]

    others = [org.configurations for org in demo.orgs["published"].orgs]
    with override_settings(GENESYS_ENDPOINTS=demo.endpoints):
        assert "Booking site" in run(tmp_path, "--publish", "on")
        assert states() == [("7", True)]
        run(tmp_path, "--publish", "off")
        assert states() == [("8", False)]
    after = [org.configurations for org in demo.orgs["published"].orgs]
    assert sum(one != other for one, other in zip(others, after, strict=True)) == 1


@pytest.mark.parametrize("endpoints", [{}, {"demo-published": {"api": "http://127.0.0.1:9"}}])
def test_a_demo_that_is_not_served_is_reported(tmp_path: Path, endpoints: dict[str, Any]) -> None:
    with override_settings(GENESYS_ENDPOINTS=endpoints), pytest.raises(CommandError, match="manage.py up"):
        run(tmp_path, "--publish", "on")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"data": '{"client_id": "x", "enabled": true}'}, 400),
        ({"json": {"client_id": "x", "enabled": True}}, 404),
        ({"json": {"client_id": "x", "enabled": "yes"}}, 400),
        ({"json": []}, 400),
        ({"data": b"\xff", "headers": {"Content-Type": "application/json"}}, 400),
    ],
)
def test_what_else_is_sent_to_the_switch_changes_nothing(demo: Running, values: dict[str, Any], status: int) -> None:
    url = f"{demo.urls['published']}{SWITCH_PATH}"
    assert requests.post(url, timeout=5, **values).status_code == status
    assert requests.get(url, timeout=5).status_code == 405
