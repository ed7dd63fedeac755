"""The file of curl commands: it runs in a shell, it reads only, and nothing pasted becomes a command."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from diagnostics.genesys.exchange import HttpExchange
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.export.curl import calls_sh
from diagnostics.runs.export.redacted import ExportedOrg, RedactedRun
from diagnostics.runs.models import Run

AT = datetime(2026, 11, 22, 15, 53, 52, tzinfo=UTC)
EVIL = "x'; touch pwned; echo '\n touch pwned #$(touch pwned)`touch pwned`"


def reported_of(*exchanges: HttpExchange, call: FailingCall | None = None) -> RedactedRun:
    return RedactedRun(
        run=Run(pk=12, created_at=AT),
        org=ExportedOrg("", ""),
        region="eu-west-1",
        region_name="Ireland",
        inputs=Inputs(call=call),
        findings=(),
        exchanges=exchanges,
        environment={},
        hidden={},
        made_at=AT,
    )


def sent(text: str, folder: Path) -> list[str]:
    """What the file's commands would send, one call after the other: curl is a stand-in that writes its arguments."""
    curl = folder / "curl"
    curl.write_text('#!/bin/sh\nfor each in "$@"; do printf "%s\\037" "$each"; done\nprintf "\\036"\n')
    curl.chmod(0o755)
    script = folder / "calls.sh"
    script.write_text(text)
    environ = {"PATH": f"{folder}:/usr/bin:/bin", "TOKEN": "T", "CLIENT_ID": "C", "CLIENT_SECRET": "S"}
    done = subprocess.run(["sh", str(script)], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    assert not (folder / "pwned").exists()
    return done.stdout.split("\x1e")[:-1]


def test_reads_are_commands_with_the_token_from_the_environment(tmp_path: Path) -> None:
    read = HttpExchange("GET", "https://api.mypurecloud.ie/api/v2/x?a=1&b=2", AT, 1.0, 200, (("Accept", "*/*"),))
    (call,) = sent(calls_sh(reported_of(read)), tmp_path)
    assert read.url in call.split("\x1f")
    assert "Authorization: Bearer T" in call.split("\x1f")


def test_the_token_request_takes_id_and_secret_from_the_environment(tmp_path: Path) -> None:
    request = HttpExchange("POST", "https://login.mypurecloud.ie/oauth/token", AT, 1.0, 200)
    (call,) = sent(calls_sh(reported_of(request)), tmp_path)
    assert "C:S" in call.split("\x1f")


def test_what_writes_is_not_sent(tmp_path: Path) -> None:
    start = HttpExchange("POST", "https://api.mypurecloud.ie/api/v2/conversations/x/cobrowse", AT, 1.0, 200)
    given = FailingCall("POST", "https://api.mypurecloud.ie/api/v2/conversations/x/cobrowse", body='{"a": 1}')
    text = calls_sh(reported_of(start, call=given))
    assert sent(text, tmp_path) == []
    assert text.count("/conversations/x/cobrowse") == 2


def test_nothing_pasted_becomes_a_command(tmp_path: Path) -> None:
    given = FailingCall(EVIL, f"https://a.invalid/{EVIL}", ((EVIL, EVIL), ("Content-Type", EVIL)), EVIL)
    read = HttpExchange(
        "GET", f"https://a.invalid/{EVIL}", AT, 1.0, None, (("Accept", EVIL),), error=EVIL, check_id=EVIL
    )
    assert len(sent(calls_sh(reported_of(read, call=given)), tmp_path)) == 1
