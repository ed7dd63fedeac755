"""Starts Debian's servers on free ports of 127.0.0.1, with their files in a temporary folder."""

import json
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from kombu import Connection

from config.embedded import accounts, broker, child, cluster, data_dir, postgres, sockets

HOST = "127.0.0.1"
PATIENCE = 60.0
VHOSTS = ("classic", "quorum")
# tests/run.py installs what is missing.
PACKAGES = {
    "redis-server": ("/usr/bin/redis-server",),
    "rabbitmq-server": ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/bin/epmd"),
    "pgbouncer": ("/usr/sbin/pgbouncer",),
}


def program(package: str, position: int = 0) -> str:
    path = PACKAGES[package][position]
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} isn't on this machine. Install it: apt-get install {package}", pytrace=False)
    return path


def oldest_postgres() -> Path:
    """The program folder of the oldest Postgres that Debian has installed here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("Debian's Postgres isn't on this machine. Install it: apt-get install postgresql", pytrace=False)
    return found[0].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


@contextmanager
def running(
    argv: Sequence[str],
    log: Path,
    is_ready: Callable[[], object],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    account: tuple[int, int] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as stream:
        process = child.spawn(argv, log=stream, env=env, cwd=cwd, account=account)
    try:
        wait_for(lambda: is_ready() or process.poll() is not None, lambda: log.read_text()[-2000:])
        assert process.poll() is None, log.read_text()[-2000:]
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def takes_connections(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2, reraise_as_library_errors=False)
    except Exception:  # each transport has its own
        return False
    return True


@contextmanager
def debian_postgres(folder: Path) -> Iterator[str]:
    """Debian's Postgres, started by our own launcher as an operator would configure it. Yields a URL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBROWSE_DOCTOR_POSTGRES_BIN", str(oldest_postgres()))
        data = data_dir.DataDir(folder / "postgres")
        made = cluster.prepare(data)
    with (made.files / "postgresql.conf").open("a") as settings_file:
        settings_file.write("fsync = off\nsynchronous_commit = off\n")
    process = postgres.start(made)
    try:
        assert postgres.wait_until_ready(made, process), data.log("postgres").read_text()
        yield url_of(cluster.USER, data.database_password(), cluster.DATABASE, sockets.postgres_folder(data), 5432)
    finally:
        postgres.stop(process)
        sockets.remove_temporary_folders(data)


def url_of(user: str, password: str, database: str, host: object, port: int) -> str:
    return f"postgres://{user}:{quote(password, safe='')}@/{database}?host={quote(str(host), safe='')}&port={port}"


@contextmanager
def pgbouncer(folder: Path, settings: Mapping[str, str], database: str) -> Iterator[str]:
    """PgBouncer in transaction mode with two connections for everybody. Yields a URL. `settings` are Django's."""
    port, account = free_port(), accounts.for_postgres()
    home = folder / "pgbouncer"
    home.mkdir()
    (home / "users").write_text(f'"{settings["USER"]}" "{settings["PASSWORD"]}"\n')
    target = f"host={settings['HOST']} port=5432 user={settings['USER']} password={settings['PASSWORD']}"
    (home / "pgbouncer.ini").write_text(
        f"[databases]\n{database} = {target}\n"
        f"[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {home / 'users'}\n"
        "pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200\nserver_check_query = select 1\n"
    )
    for path in (home, *home.iterdir()):
        if account:
            os.chown(path, *account)
    url = url_of(settings["USER"], settings["PASSWORD"], database, HOST, port)

    def is_ready() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    argv = [program("pgbouncer"), str(home / "pgbouncer.ini")]
    with running(argv, folder / "pgbouncer.log", is_ready, account=account):
        yield url


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    with _redis_protocol(program("redis-server"), folder / "redis") as url:
        yield url


@contextmanager
def valkey_over_tcp(folder: Path) -> Iterator[str]:
    """The Valkey program of our own package, reached like one on another machine."""
    with _redis_protocol(str(broker.program()), folder / "valkey") as url:
        yield url


@contextmanager
def _redis_protocol(path: str, folder: Path) -> Iterator[str]:
    folder.mkdir()
    port, password = free_port(), "a-password"
    argv = [path, "--bind", HOST, "--port", str(port), "--requirepass", password, "--dir", str(folder), "--save", ""]
    url = f"redis://:{password}@{HOST}:{port}/0"
    with running(argv, folder / "log", lambda: takes_connections(url)):
        yield url


@dataclass(frozen=True)
class RabbitMQ:
    """`classic` and `quorum` are URLs of virtual hosts with that default type of queue."""

    classic: str
    quorum: str


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    home = folder / "rabbitmq"
    home.mkdir()
    port, epmd_port = free_port(), free_port()
    _write_rabbitmq_files(home, port)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": "tests@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
    }
    account = _owner(home)
    urls = RabbitMQ(*(f"amqp://doctor:a-password@{HOST}:{port}/{name}" for name in VHOSTS))
    names = [program("rabbitmq-server", 1), "-port", str(epmd_port), "-address", HOST]
    with (
        running(names, home / "epmd.log", lambda: True, account=account),
        running(
            [program("rabbitmq-server")],
            home / "server.log",
            lambda: takes_connections(urls.quorum),
            env=environment,
            cwd=home,
            account=account,
        ),
    ):
        yield urls


def _write_rabbitmq_files(home: Path, port: int) -> None:
    """A user and the two virtual hosts, so that no `rabbitmqctl` has to run, which takes seconds each time."""
    definitions = {
        "users": [{"name": "doctor", "password": "a-password", "tags": []}],
        "vhosts": [
            {"name": name, "metadata": {"default_queue_type": name, "description": "", "tags": []}} for name in VHOSTS
        ],
        "permissions": [
            {"user": "doctor", "vhost": name, "configure": ".*", "write": ".*", "read": ".*"} for name in VHOSTS
        ],
    }
    (home / "definitions.json").write_text(json.dumps(definitions))
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = {HOST}:{port}\nload_definitions = {home / 'definitions.json'}\n"
        "log.console = true\nlog.file = false\n"
    )
    (home / "plugins").write_text("[].\n")


def _owner(home: Path) -> tuple[int, int] | None:
    """RabbitMQ's own user if we are root, who then owns `home`."""
    if os.geteuid():
        return None
    entry = pwd.getpwnam("rabbitmq")
    for path in (home, *home.iterdir()):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return entry.pw_uid, entry.pw_gid
