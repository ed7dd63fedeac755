"""Commands with closed output, signals, a full disk, or no terminal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.data_dir import PROJECT

# A process that a script started in the background ignores SIGINT, and so would the program.
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from config import terminal
def command():
    {body}
terminal.run(command)
"""


def start(body: str, **streams: object) -> "subprocess.Popen[bytes]":
    code = PROGRAM.format(body=body)
    return subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stderr=subprocess.PIPE, **streams)  # type: ignore[call-overload,no-any-return]


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    _, message = process.communicate(timeout=60)
    return process.returncode, message.decode()


def test_a_closed_pipe_changes_neither_exit_code_nor_effects(tmp_path: Path) -> None:
    done = tmp_path / "done"
    body = f"print('x' * 100_000); print('y' * 100_000); open({str(done)!r}, 'w').close(); sys.exit(3)"
    read, write = os.pipe()
    process = start(body, stdout=write)
    os.close(write)
    os.read(read, 10)
    os.close(read)
    assert ended(process) == (3, "")
    assert done.exists()


def test_a_full_disk_prints_one_message() -> None:
    with open("/dev/full", "wb") as full:
        code, message = ended(start("print('x' * 100_000)", stdout=full))
    assert (code, message.count("\n")) == (1, 1)
    assert "disk is full" in message


def test_a_full_disk_at_the_last_flush_prints_one_message() -> None:
    with open("/dev/full", "wb") as full:
        code, message = ended(start("print('short')", stdout=full))
    assert (code, message.count("\n")) == (1, 1)


def test_a_full_disk_elsewhere_names_the_file() -> None:
    code, message = ended(start("raise OSError(28, 'No space left on device', '/backups/today')"))
    assert (code, "/backups/today" in message, message.count("\n")) == (1, True, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_prints_one_message(number: signal.Signals, code: int) -> None:
    process = start("print('ready', flush=True); import time; time.sleep(60)", stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    got, message = ended(process)
    assert (got, message.count("\n"), "Traceback" in message) == (code, 1, False)


def test_a_prompt_without_a_terminal_prints_one_message() -> None:
    code, message = ended(start("input()", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
    assert (code, message.count("\n")) == (1, 1)


def test_closed_standard_streams_are_replaced() -> None:
    code = PROGRAM.format(body="sys.stdin.read(); print('hello'); sys.exit(4)")
    script = 'exec "$0" -c "$1" <&- >&-'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, code], cwd=PROJECT, stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (4, b"")


def test_output_survives_a_terminal_without_unicode() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    code, message = ended(start(r"print('\u2013 \udc80 \u4f1a')", stdout=subprocess.DEVNULL, env=environment))
    assert (code, message) == (0, "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_stored_text_cannot_control_the_terminal(stream: str) -> None:
    """Rows of earlier versions may have such characters."""
    text = "a\x1b]0;title\x07b\x9bmc\u202ed\re\u2066f\ufeffg\x00h\u2028i\ud800j\tk\u00e9\u0645\u200d"
    process = start(f"print({text!r}, file=sys.{stream})", stdout=subprocess.PIPE)
    output, errors = process.communicate(timeout=60)
    shown = (output if stream == "stdout" else errors).decode()
    assert shown.count("\n") == 1
    assert not set(shown.rstrip("\n")) & {chr(number) for number in (*range(9), *range(10, 32), *range(0x7F, 0xA0))}
    assert not set(shown) & set("\u202e\u2066\ufeff\u2028")
    assert "j\tk\u00e9\u0645\u200d" in shown
    assert "\\x1b]0;title" in shown
