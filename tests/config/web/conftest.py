"""A real web server with its own Postgres, which tests stop, freeze and restart."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.embedded import child, cluster, postgres
from config.embedded.data_dir import PROJECT, VARIABLE, DataDir
from tests.config.embedded.conftest import Manage, remove, wait_for

SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from diagnostics.models import User
user = User.objects.create_superuser("admin", password="none-needed-1", role=User.Role.ADMIN)
session = SessionStore()
session.update({SESSION_KEY: str(user.pk), HASH_SESSION_KEY: user.get_session_auth_hash(),
    BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend"})
session.save()
print("session:", session.session_key)
"""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Site:
    """The pages as a signed-in admin gets them, and their database."""

    data: DataDir
    postgres_cluster: cluster.Cluster
    port: int = 0
    session: str = ""
    server: "subprocess.Popen[bytes] | None" = None
    database: "subprocess.Popen[bytes] | None" = None
    statuses: list[int] = field(default_factory=list)

    def request(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        csrf = "a" * 32
        sent = {"Cookie": f"sessionid={self.session}; csrftoken={csrf}", "X-CSRFToken": csrf, **headers}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, named, response.read().decode())
        finally:
            connection.close()

    def is_up(self) -> bool:
        try:
            return self.request("/health/live").status == 200
        except OSError:
            return False

    def start_database(self) -> None:
        self.database = postgres.start(self.postgres_cluster)
        assert postgres.wait_until_ready(self.postgres_cluster, self.database)

    def stop_database(self) -> None:
        assert self.database
        postgres.stop(self.database)

    def signal_database(self, number: signal.Signals) -> None:
        """Signal the server and its child processes."""
        assert self.database
        server = self.database.pid
        os.kill(server, number)  # first, so that it starts no new process
        for pid in child.all_pids():  # each has its own process group
            if child.parent_of(pid) == server:
                os.kill(pid, number)

    def log(self) -> str:
        return self.data.log("web").read_text()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o711)
    data = DataDir(folder)
    data.make()
    made = Site(data, cluster.prepare(data))
    manage = Manage(data)
    try:
        made.start_database()
        done = manage.run("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        done = manage.run("collectstatic", "--noinput", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        done = manage.run("shell", "-v", "0", "-c", SIGN_IN)
        made.session = done.stdout.partition("session: ")[2].strip()
        assert made.session, done.stderr
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            made.port = probe.getsockname()[1]
        with open(data.log("web"), "ab") as log:
            made.server = subprocess.Popen(
                [sys.executable, "-m", "config.web", "--port", str(made.port)], cwd=PROJECT,
                env={**manage.environment(**{VARIABLE: str(data.path)}), "DJANGO_SETTINGS_MODULE": "config.settings"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(made.is_up, "the web server")
        yield made
    finally:
        if made.server is not None:
            made.server.terminate()
            made.server.wait(30)
        if made.database and made.database.poll() is None:
            made.signal_database(signal.SIGCONT)
            made.stop_database()
        remove(data)
        shutil.rmtree(folder, ignore_errors=True)
