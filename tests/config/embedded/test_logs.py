"""Log lines shown in the console, and rotation of logs."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import child, logs

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
def test_only_product_lines_and_problems_are_shown(line: str, shown: str) -> None:
    assert logs.short_form(line) == shown


def test_a_long_line_is_cut() -> None:
    assert len(logs.short_form(f"{TIME} ERROR x: {'y' * 5000}")) < 250


def test_only_new_and_complete_lines_are_followed(tmp_path: Path) -> None:
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


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert logs.Follower(tmp_path / "none.log").new_lines() == []
    assert logs.last_lines(tmp_path / "none.log", 3) == ""


def test_a_large_log_is_renamed(tmp_path: Path) -> None:
    (tmp_path / "big.log").write_bytes(b"x" * (logs.ROTATE_BYTES + 1))
    (tmp_path / "small.log").write_bytes(b"x")
    logs.rotate_closed(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["big.log.1", "small.log"]


def test_a_log_is_rotated_while_others_write_to_it_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two processes append; every line is in the log or in the older one, exactly once, in order."""
    file = tmp_path / "x.log"
    writer = (
        "import os, sys\nfor n in range(20000): os.write(1, b'%s %06d %s\\n' % (sys.argv[1].encode(), n, b'.' * 40))"
    )
    with logs.open_log(file) as log:
        processes = [subprocess.Popen([sys.executable, "-c", writer, name], stdout=log) for name in "ab"]
    stored, rotations = b"", 0
    while any(each.poll() is None for each in processes):
        if file.stat().st_size > 100_000:
            logs.rotate(file)
            stored += file.with_suffix(".log.1").read_bytes()
            rotations += 1
    found = (stored + file.read_bytes()).splitlines()
    assert rotations > 3
    for name in (b"a", b"b"):
        assert [int(line.split()[1]) for line in found if line.startswith(name)] == list(range(20000))


def test_a_log_is_truncated_if_the_file_system_cannot_remove_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "remove_beginning", lambda descriptor, count: False)
    file = tmp_path / "x.log"
    file.write_bytes(b"x" * 20_001)
    assert logs.rotate(file) == 20_001
    assert (file.stat().st_size, file.with_suffix(".log.1").stat().st_size) == (0, 20_001)


def test_a_followed_log_is_rotated_without_missing_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "ROTATE_BYTES", 50_000)
    file = tmp_path / "x.log"
    follower = logs.Follower(file)
    shown: list[str] = []
    with logs.open_log(file) as log:
        for number in range(3000):
            log.write(f"{TIME} ERROR x: line {number}\n".encode())
            log.flush()
            shown += follower.new_lines()
            follower.rotate_if_large()
    shown += follower.new_lines()
    assert shown == [f"! line {number}" for number in range(3000)]
    assert file.stat().st_size < 60_000
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


def test_an_existing_log_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    file.write_text("old\n")
    file.chmod(0o644)
    logs.open_log(file).close()
    assert (file.stat().st_mode & 0o777, file.read_text()) == (0o600, "old\n")
