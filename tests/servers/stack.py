"""The parts of the product, started like the deployment guide starts them, on given servers."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config import env, queues
from config.embedded import data_dir
from diagnostics.accounts.api_tokens import make_token
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from tests.factories import make_user
from tests.servers.programs import HOST, PATIENCE, free_port, running, url_of, wait_for

CASE = scenario("healthy-web")


@contextmanager
def migrated_database(url: str) -> Iterator[dict[str, Any]]:
    """Migrates the database and makes this process use it. Yields Django's settings of it."""
    usual = dict(connection.settings_dict)
    with _variable("DATABASE_URL", url):
        entry = env.database("DATABASE_URL")
    connection.close()
    connection.settings_dict.update({name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield connection.settings_dict
    finally:
        connection.close()
        connection.settings_dict.update(usual)


def url_of_database() -> str:
    """Of the database that this process uses."""
    made = connection.settings_dict
    return url_of(made["USER"], made["PASSWORD"], made["NAME"], made["HOST"], made["PORT"] or 5432)


@contextmanager
def new_database(name: str) -> Iterator[None]:
    """An empty database on the server that this process uses."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    yield


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


@dataclass
class Stack:
    """A web server and a worker on one database and one broker. More parts can be added."""

    database: str
    broker: str
    endpoints: Mapping[str, Mapping[str, str]]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    parts: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Stack":
        self.folder.mkdir()
        return self

    def __exit__(self, *exception: object) -> None:
        self.parts.close()

    def start_web_and_worker(self) -> None:
        """Both at once, since each takes seconds to import its code."""
        worker = self.start_worker()
        self.spawn("web", "-m", "config.web", "--host", HOST, "--port", str(self.port), "--processes", "1")
        wait_for(self.is_serving, lambda: self.log("web"))
        wait_for(lambda: "ready." in self.log("worker") or worker.poll() is not None, lambda: self.log("worker"))

    def start_worker(self) -> "Popen[bytes]":
        names = ",".join(queues.ALL)
        words = ["--concurrency", "2", "--queues", names, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        return self.spawn("worker", "-m", "celery", "--app", "config", "worker", *words)

    def start_beat(self, name: str) -> None:
        words = ["--pidfile=", "--loglevel", "INFO"]
        self.spawn(name, "-u", "-m", "celery", "--app", "config", "beat", *words)

    def spawn(self, name: str, *arguments: str) -> "Popen[bytes]":
        return self.parts.enter_context(
            running(
                [sys.executable, *arguments],
                self.folder / f"{name}.log",
                lambda: True,
                env=self.environment(),
                cwd=data_dir.PROJECT,
            )
        )

    def environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **inherited,
            "DATABASE_URL": self.database,
            "CELERY_BROKER_URL": self.broker,
            "SECRET_KEY": "a-key-for-the-tests-of-real-servers-that-is-long-enough-0123456789",
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
            "GENESYS_ENDPOINTS": json.dumps(self.endpoints),
            data_dir.VARIABLE: str(self.folder / "data"),
            **self.variables,
        }

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def wait_for_log(self, name: str, text: str, times: int = 1) -> None:
        wait_for(lambda: self.log(name).count(text) >= times, lambda: self.log(name))

    def is_serving(self) -> bool:
        try:
            return requests.get(f"http://{HOST}:{self.port}/health/live", timeout=5).ok
        except requests.RequestException:
            return False

    def diagnose(self, token: str, client: int) -> dict[str, Any]:
        """Starts a diagnosis like a program would, and polls until it has ended."""
        api, headers = f"http://{HOST}:{self.port}/api/v1", {"Authorization": f"Bearer {token}"}
        body = {"client": client, "call": CASE.call, "conversation_id": CASE.conversation_id}
        started = requests.post(f"{api}/runs", json=body, headers=headers, timeout=PATIENCE)
        assert started.status_code == 202, started.text
        run: dict[str, Any] = started.json()

        def has_ended() -> bool:
            run.update(requests.get(f"{api}/runs/{run['id']}", headers=headers, timeout=PATIENCE).json())
            return run["status"] not in ("queued", "running")

        wait_for(has_ended, lambda: f"{run['status']}\n{self.log('worker')}")
        return run


def make_token_and_client(demo: server.Running) -> tuple[str, int]:
    """A program's token and a healthy client, in the database that this process uses."""
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == CASE.client)
    client = create_client(name="Demo", region_key="demo-published", client_id=known.id, secret=known.secret, user=None)
    _, token = make_token(make_user("ada"), name="A program", scope="run", days=1)
    return token, client.pk
