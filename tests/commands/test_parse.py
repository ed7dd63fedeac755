"""`manage.py parse`: the parsed form of a paste, masked."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PASTES = Path(__file__).parent.parent / "parsing" / "pastes"


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("parse", *args, stdout=out)
    return out.getvalue()


def test_the_result_has_exactly_the_published_keys() -> None:
    result = json.loads(run(str(PASTES / "01-curl-verbose.txt"), "--json"))
    assert list(result) == ["call", "response", "conversation_id", "correlation_id", "region", "notes"]
    assert list(result["call"]) == ["method", "url", "headers", "body"]
    assert list(result["response"]) == ["status", "headers", "body", "network_error"]


def test_a_body_is_shown_as_the_json_it_is() -> None:
    result = json.loads(run(str(PASTES / "01-curl-verbose.txt"), "--json"))
    assert result["call"]["body"] == {"providerId": "genesys"}
    assert result["response"]["body"]["code"] == "not.found"


def test_response_option_reads_the_text_as_a_response() -> None:
    result = json.loads(run(str(PASTES / "response-only.txt"), "--response", "--json"))
    assert result["call"] is None
    assert result["response"]["status"] == 404


def test_without_json_the_parts_are_lines_of_text() -> None:
    shown = run(str(PASTES / "07-sdk-trace-text.txt"))
    assert "d80f5c27-14e9-4b6a-b3d1-97e2a0c4f813" in shown
    assert "ca-central-1" in shown


@pytest.mark.parametrize("text", ["", "Hello, how are you?"])
def test_a_text_without_call_and_response_ends_with_code_2(tmp_path: Path, text: str) -> None:
    path = tmp_path / "paste.txt"
    path.write_text(text)
    with pytest.raises(CommandError) as refused:
        run(str(path), "--json")
    assert refused.value.returncode == 2


def test_a_missing_file_ends_with_code_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        run(str(tmp_path / "none.txt"))
    assert refused.value.returncode == 2
