"""Starts workers, beat, a broker and a web server for a benchmark, as `up` does, on the database of this process."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from config.embedded import child, processes, sockets
from config.embedded.data_dir import PROJECT, VARIABLE, DataDir
from config.embedded.supervisor import SupervisedProcess

START_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextmanager
def workers(concurrency: int, endpoints: Mapping[str, Any], *, ticks: bool) -> Iterator[str]:
    """A broker, a worker for scheduled runs and, if `ticks`, beat. Yields the broker's URL."""
    with ExitStack() as stack:
        data = stack.enter_context(_data_folder())
        broker_url = f"redis+socket://{sockets.broker_file(data)}"
        environment = _environment(data, broker_url, endpoints)
        stack.enter_context(_running(processes.queue(data), environment))
        stack.enter_context(_running(processes.background(data, concurrency), environment))
        if ticks:
            stack.enter_context(_running(processes.beat(data), environment))
        yield broker_url


@contextmanager
def web_server() -> Iterator[int]:
    """A web server without a broker. Yields its port on 127.0.0.1."""
    with _data_folder() as data:
        environment = _environment(data, f"redis+socket://{sockets.broker_file(data)}", {})
        with _web(data, environment) as port:
            yield port


@contextmanager
def site(endpoints: Mapping[str, Any], broker_url: str = "") -> Iterator[int]:
    """A web server and the worker for runs that people start, on this broker or on one of its own. Yields the port."""
    with ExitStack() as stack:
        data = stack.enter_context(_data_folder())
        environment = _environment(data, broker_url or f"redis+socket://{sockets.broker_file(data)}", endpoints)
        environment["RUNS_PER_MINUTE"] = "100000"  # one person starts all of them
        if not broker_url:
            stack.enter_context(_running(processes.queue(data), environment))
        stack.enter_context(_running(processes.worker(data), environment))
        yield stack.enter_context(_web(data, environment))


@contextmanager
def _web(data: DataDir, environment: dict[str, str]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind((processes.HOST, 0))
        port: int = probe.getsockname()[1]
    _collect_static_files(data, environment)
    with _running(processes.web(data, port, "localhost"), environment):
        yield port


def _collect_static_files(data: DataDir, environment: dict[str, str]) -> None:
    """Collect them into the benchmark's data folder."""
    argv = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    env = {**processes.environment(data), **environment}
    done = subprocess.run(argv, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(f"The static files for this measurement could not be collected: {done.stderr[-1000:]}")


@contextmanager
def _data_folder() -> Iterator[DataDir]:
    folder = Path(tempfile.mkdtemp(prefix="cobrowse-doctor-bench-"))
    try:
        data = DataDir(folder)
        data.make()
        (folder / "broker").mkdir(mode=0o700)
        yield data
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(supervised: SupervisedProcess, environment: dict[str, str]) -> Iterator[None]:
    supervised.prepare()
    with supervised.log.open("ab") as log:
        env = supervised.env if supervised.name == "broker" else {**(supervised.env or {}), **environment}
        process = child.spawn(supervised.argv, log=log, env=env, cwd=supervised.cwd)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not supervised.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                output = supervised.log.read_text()[-1000:]
                raise CommandError(f"The {supervised.name} for this measurement did not start: {output}")
            time.sleep(0.05)
        yield
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def _environment(data: DataDir, broker_url: str, endpoints: Mapping[str, Any]) -> dict[str, str]:
    """The database and keys of this process, and otherwise default settings."""
    database = connection.settings_dict
    credentials = f"{quote(database['USER'])}:{quote(database['PASSWORD'], safe='')}"
    options = f"host={quote(str(database['HOST']), safe='')}"
    if database["PORT"]:
        options += f"&port={database['PORT']}"
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{credentials}@/{quote(str(database['NAME']))}?{options}",
        "CELERY_BROKER_URL": broker_url,
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "GENESYS_ENDPOINTS": json.dumps(endpoints),
        VARIABLE: str(data.path),
    }
