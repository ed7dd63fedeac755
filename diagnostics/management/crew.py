"""Workers, beat, a broker and web servers for a measurement, as `up` starts them, on this process's database; all end
with it.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from config.embedded import child, parts, sockets
from config.embedded.data_dir import PROJECT, VARIABLE, DataDir
from config.embedded.supervisor import SupervisedProcess

PATIENCE = 60.0
STOP_SECONDS = 20.0


@contextmanager
def crew(processes: int, endpoints: Mapping[str, Any], *, ticks: bool) -> Iterator[str]:
    """The workers of scheduled runs, with beat where it `ticks`; gives the broker's address."""
    with ExitStack() as stack:
        data = stack.enter_context(_folder())
        link = f"redis+socket://{sockets.broker_file(data)}"
        given = _environment(data, link, endpoints)
        stack.enter_context(_at_work(parts.queue(data), given))
        stack.enter_context(_at_work(parts.background(data, processes), given))
        if ticks:
            stack.enter_context(_at_work(parts.beat(data), given))
        yield link


@contextmanager
def web_server() -> Iterator[int]:
    """The pages; gives their port on 127.0.0.1. There is no queue behind them."""
    with _folder() as data:
        with socket.socket() as probe:
            probe.bind((parts.HOST, 0))
            port: int = probe.getsockname()[1]
        link = f"redis+socket://{sockets.broker_file(data)}"
        given = _environment(data, link, {})
        _collect_static_files(data, given)
        with _at_work(parts.web(data, port, "localhost"), given):
            yield port


def _collect_static_files(data: DataDir, given: dict[str, str]) -> None:
    """Into the folder of this measurement, as `up` does at its start."""
    words = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    env = {**parts.environment(data), **given}
    done = subprocess.run(words, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(f"The static files for this measurement could not be collected: {done.stderr[-1000:]}")


@contextmanager
def _folder() -> Iterator[DataDir]:
    folder = Path(tempfile.mkdtemp(prefix="cobrowse-doctor-bench-"))
    try:
        data = DataDir(folder)
        data.make()
        (folder / "broker").mkdir(mode=0o700)
        yield data
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _at_work(part: SupervisedProcess, given: dict[str, str]) -> Iterator[None]:
    part.before()
    with part.log.open("ab") as log:
        env = part.env if part.name == "broker" else {**(part.env or {}), **given}
        process = child.spawn(part.argv, log=log, env=env, cwd=part.cwd)
    try:
        _wait(part.is_ready, process, part)
        yield
    finally:
        _end(process)


def _wait(is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]", part: SupervisedProcess) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"The {part.name} for this measurement did not start: {part.log.read_text()[-1000:]}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def _environment(data: DataDir, link: str, endpoints: Mapping[str, Any]) -> dict[str, str]:
    """The same database and keys as here, and nothing else of what this machine serves."""
    now = connection.settings_dict
    account = f"{quote(now['USER'])}:{quote(now['PASSWORD'], safe='')}"
    place = f"host={quote(str(now['HOST']), safe='')}" + (f"&port={now['PORT']}" if now["PORT"] else "")
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{account}@/{quote(str(now['NAME']))}?{place}",
        "CELERY_BROKER_URL": link,
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "GENESYS_ENDPOINTS": json.dumps(endpoints),
        VARIABLE: str(data.path),
    }
