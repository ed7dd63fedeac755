"""Which lines of the parts' logs reach the console, and that logs stay small."""

from pathlib import Path

import pytest

from config.local import logs

TIME = "2026-11-22 12:48:38,804"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"{TIME} INFO diagnostics.services: run 3 finished", "run 3 finished"),
        (f"{TIME} INFO diagnostics.services: run 3 [finished] [run=3 request_id=ab]", "run 3 [finished]"),
        (f"{TIME} INFO access: GET / 200 3 ms", ""),
        ('{"event": "run 3 finished", "level": "info", "logger": "diagnostics.services"}', "run 3 finished"),
        ('{"event": "lost", "level": "error", "logger": "celery.worker"}', "! lost"),
        ('{"event"', ""),
        (f"{TIME} ERROR celery.worker: lost", "! lost"),
        (f"{TIME} INFO celery.worker: received", ""),
        ("2026-11-22 12:48:38.804 UTC [77] PANIC:  disk full", "! disk full"),
        ("2026-11-22 12:48:38.804 UTC [77] LOG:  checkpoint", ""),
        ("[INFO] Spawning worker-1", ""),
        ("  File x, line 3", ""),
        ("", ""),
    ],
)
def test_what_is_worth_showing(line: str, shown: str) -> None:
    assert logs.worth_showing(line) == shown


def test_a_long_line_is_cut() -> None:
    assert len(logs.worth_showing(f"{TIME} ERROR x: {'y' * 5000}")) < 250


def test_only_new_and_whole_lines_are_followed(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text(f"{TIME} ERROR x: old\n")
    follower = logs.Follower(file)
    with file.open("a") as stream:
        stream.write(f"{TIME} ERROR x: new\n{TIME} ERROR x: ha")
        stream.flush()
        assert follower.new_lines() == ["! new"]
        stream.write("lf\n")
        stream.flush()
        assert follower.new_lines() == ["! half"]
    assert follower.new_lines() == []


def test_following_a_missing_log_is_quiet(tmp_path: Path) -> None:
    assert logs.Follower(tmp_path / "none.log").new_lines() == []
    assert logs.last_lines(tmp_path / "none.log", 3) == ""


def test_a_large_log_moves_aside(tmp_path: Path) -> None:
    (tmp_path / "big.log").write_bytes(b"x" * (logs.KEEP_BYTES + 1))
    (tmp_path / "small.log").write_bytes(b"x")
    logs.shorten(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["big.log.1", "small.log"]
