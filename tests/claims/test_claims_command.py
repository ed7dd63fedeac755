"""manage.py claims: what it prints, and its exit codes."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from diagnostics.genesys.contract import bundled
from tests.factories import make_contract_version

WRONG = "GET /api/v2/cobrowse/providers"
RIGHT = "POST /api/v2/conversations/{conversationId}/cobrowse"


def run(place: Path, text: str, *arguments: str) -> tuple[int, str]:
    place.write_text(text, encoding="utf-8")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("claims", str(place), *arguments, stdout=out)
    return int(str(ended.value.code)), out.getvalue()


@pytest.mark.parametrize(("text", "code"), [(WRONG, 3), (RIGHT, 0), ("scope widgets:readonly", 0), ("hello", 0)])
def test_the_exit_code_shows_whether_something_is_wrong(tmp_path: Path, text: str, code: int) -> None:
    assert run(tmp_path / "text", text)[0] == code


def test_json_holds_each_claim_and_the_contract(tmp_path: Path) -> None:
    result = json.loads(run(tmp_path / "text", f"{WRONG}\n{RIGHT}", "--json")[1])
    assert [(each["text"], each["verdict"], each["line"]) for each in result["claims"]] == [
        (WRONG, "wrong", 1),
        (RIGHT, "real", 2),
    ]
    assert result["contract"]["version"].startswith("SDK")
    assert result["counts"] == {"wrong": 1, "unknown": 0, "sound": 0, "real": 1}


def test_the_table_names_the_nearest_real_one(tmp_path: Path) -> None:
    assert RIGHT in run(tmp_path / "text", "POST /api/v2/conversations/chat/{id}/cobrowse")[1]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    with pytest.raises(SystemExit) as ended:
        call_command("claims", "-", stdout=io.StringIO())
    assert ended.value.code == 3


@pytest.mark.parametrize("content", ["", "  \n", "x" * 1_000_001])
def test_nothing_and_too_much_are_bad_input(tmp_path: Path, content: str) -> None:
    place = tmp_path / "text"
    place.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        call_command("claims", str(place))
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_a_regions_own_contract_may_judge(tmp_path: Path) -> None:
    make_contract_version(
        "eu-west-1", contract_operations=[e for e in bundled().operations if "cobrowse" not in e.path]
    )
    make_contract_version("gone-region")
    assert [run(tmp_path / "text", RIGHT, "--region", each)[0] for each in ("mypurecloud.ie", "gone-region")] == [3, 0]


@pytest.mark.django_db
def test_an_unknown_region_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(RIGHT, encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        call_command("claims", str(tmp_path / "text"), region="nowhere")
    assert refused.value.returncode == 2


@pytest.mark.parametrize("name", ["missing", ".", "bad\x00name"])
def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("claims", str(tmp_path / name))
    assert refused.value.returncode == 2
