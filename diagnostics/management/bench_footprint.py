"""Memory and processor time of `up` with the demo when nobody uses it, and how soon its first page is there."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from config.embedded import child
from config.embedded.data_dir import PROJECT
from config.embedded.processes import HOST
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow

PATIENCE = 120.0
SETTLE_SECONDS = 15.0  # the demo's first syncs are done by then
IDLE_SECONDS = 60.0
MOST_MEGABYTES = {"up": 300, "up --small": 256}
MOST_PROCESSOR = 1.0
COLD_SECONDS, WARM_SECONDS = 5.0, 2.0
TICKS = os.sysconf("SC_CLK_TCK")


def footprint(options: BenchOptions) -> list[BenchRow]:
    """Each in a data folder of its own that is deleted afterwards."""
    rows: list[BenchRow] = []
    for name, most in MOST_MEGABYTES.items():
        folder = Path(tempfile.mkdtemp(prefix="cobrowse-doctor-bench-"))
        folder.chmod(0o711)  # the account of the database must be able to enter
        words = [*name.split(), "--data-dir", str(folder), "--port", "8971"]
        try:
            with _running(words) as (process, cold):
                time.sleep(SETTLE_SECONDS)
                processor = _processor_share(process.pid)
                memory, count = _memory_megabytes(process.pid), len(_family(process.pid))
            with _running(words) as (_, warm):
                pass
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        rows += [
            BenchRow(f"{name}, idle: memory (PSS)", round(memory), "MB", f"at most {most} MB", memory <= most),
            BenchRow(
                f"{name}, idle: processor", round(processor, 2), "%", f"at most {MOST_PROCESSOR:.0f} % of a core",
                processor <= MOST_PROCESSOR,
            ),
            BenchRow(f"{name}: processes", count, ""),
            BenchRow(f"{name}: first page, cold", round(cold, 1), "s", f"at most {COLD_SECONDS:.0f} s", cold <= COLD_SECONDS),
            BenchRow(f"{name}: first page, warm", round(warm, 1), "s", f"at most {WARM_SECONDS:.0f} s", warm <= WARM_SECONDS),
        ]  # fmt: skip
    return rows


@contextmanager
def _running(words: list[str]) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """`up` with these arguments, and the seconds until a page was served."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not re.match("DATABASE_|CELERY_|DJANGO_", name)}
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "manage.py", *words],
        cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while not _serves_page(int(words[-1])):
            if process.poll() is not None or time.monotonic() - began > PATIENCE:
                raise RuntimeError("`up` did not start; its reason is above.")
            time.sleep(0.02)
        yield process, time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _serves_page(port: int) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://{HOST}:{port}/login/", timeout=10).ok
    return False


def _family(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid in child.all_pids():
        children.setdefault(child.parent_of(pid), []).append(pid)
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _memory_megabytes(root: int) -> float:
    """The sum of the proportional set sizes: each shared page counts once, divided among those who share it."""
    kilobytes = 0
    for pid in _family(root):
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            kilobytes += int(found[1]) if found else 0
    return kilobytes / 1024


def _processor_share(root: int) -> float:
    """Per cent of one core, over IDLE_SECONDS."""
    before = _processor_seconds(root)
    time.sleep(IDLE_SECONDS)
    return 100 * (_processor_seconds(root) - before) / IDLE_SECONDS


def _processor_seconds(root: int) -> float:
    """What the processes have used so far. When one ends, its parent's share of ended children takes over its time."""
    seconds = 0.0
    for pid in _family(root):
        with contextlib.suppress(OSError):
            values = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            seconds += sum(map(int, values[11:15])) / TICKS  # user and system time, own and of ended children
    return seconds
