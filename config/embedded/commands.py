"""Prepares a manage.py command: chooses the data folder, and connects to or starts the embedded Postgres."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command
from django.db import OperationalError, connections

from config import env
from config.embedded import data_dir, logs, postgres
from config.embedded.cluster import Cluster, prepare
from config.embedded.locks import Lock
from config.migrations import missing_migrations

# They need only code or files, or choose a database themselves.
WITHOUT_DATABASE = frozenset(
    {"help", "version", "--version", "check", "makemigrations", "collectstatic", "findstatic", "diffsettings",
     "makemessages", "compilemessages", "contract_build", "evaluate", "demo", "parse", "startapp", "startproject", "testserver"}
)  # fmt: skip
# They migrate, show migrations, or create their own tables.
WITHOUT_TABLES = frozenset(
    {
        "migrate",
        "showmigrations",
        "sqlmigrate",
        "sqlflush",
        "squashmigrations",
        "dbshell",
        "test",
        "bench",
        "evaluate",
        "backup",
        "restore",
    }
)
START_SECONDS = 60.0


def choose_data_dir(argv: Sequence[str]) -> None:
    """Copy the --data-dir of `up` into the environment, because settings are read before a command's options."""
    for position, argument in enumerate(argv[2:], start=2):
        if argument.startswith("--data-dir="):
            os.environ[data_dir.VARIABLE] = argument.partition("=")[2]
        elif argument == "--data-dir" and position + 1 < len(argv):
            os.environ[data_dir.VARIABLE] = argv[position + 1]


@contextmanager
def database_for(argv: Sequence[str]) -> Iterator[None]:
    """Keep the embedded Postgres running while the command runs, unless it needs none or uses another database."""
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up":
        choose_data_dir(argv)
    is_without = command in WITHOUT_DATABASE and "--as-it-was" not in argv  # which makes a history first
    if is_without or {"-h", "--help"} & set(argv):
        yield
        return
    if env.database("DATABASE_URL"):
        if command != "up":
            require_migrations(command)
        yield
        return
    if sys.platform != "linux":
        env.stop("The embedded Postgres runs on Linux only. Set DATABASE_URL to your own Postgres.")
    data = data_dir.current()
    if command == "up":
        prepare(data)
        yield  # `up` runs Postgres itself
        return
    data.make()
    with running_postgres(data):
        require_migrations(command, migrate_with=Lock(data.locks / "tables"))
        yield


def require_migrations(command: str, *, migrate_with: Lock | None = None) -> None:
    """Apply missing migrations while holding `migrate_with`. Without it, stop: the database is the operator's."""
    if command in WITHOUT_TABLES:
        return
    django.setup()
    try:
        missing = missing_migrations()
        if missing and migrate_with:
            write("Updating the database schema.")
            migrate_with.wait(START_SECONDS)
            call_command("migrate", verbosity=0, interactive=False)
            migrate_with.release()
        elif missing:
            env.stop(f"{len(missing)} migrations are missing in the database. Run: manage.py migrate")
    except OperationalError as exc:
        env.stop(f"Can't reach the database: {str(exc).strip()}. Fix DATABASE_URL, or start the database.")
    finally:
        connections.close_all()


@contextmanager
def running_postgres(data: data_dir.DataDir) -> Iterator[None]:
    users = Lock(data.locks / "users")
    if not users.wait(
        START_SECONDS, shared=True, on_wait=lambda: write("Waiting for another command to release the database.")
    ):
        env.stop(f"The database in {data.path} is being started or stopped by another process. Try again shortly.")
    try:
        if not postgres.is_ready(data):
            find_or_start(prepare(data))
        yield
    finally:
        users.release()


def find_or_start(cluster: Cluster) -> None:
    """Return when Postgres is ready. Starts a keeper if neither a keeper nor `up` runs it."""
    starting = Lock(cluster.data.locks / "start")
    deadline = time.monotonic() + START_SECONDS
    if not starting.wait(START_SECONDS):
        env.stop(
            f"Another command has been starting the database in {cluster.data.path} for a minute. Wait for it, or stop it."
        )
    owner = Lock(cluster.data.locks / "owner")
    keeper: subprocess.Popen[bytes] | None = None
    try:
        while not postgres.is_ready(cluster.data):
            if keeper is not None and keeper.poll() is not None:
                env.stop(_start_failure(cluster, f"it ended with code {keeper.returncode}"))
            if time.monotonic() > deadline:
                env.stop(_start_failure(cluster, f"it didn't respond within {START_SECONDS:.0f} seconds"))
            if keeper is None and owner.is_free():
                keeper = start_keeper(cluster)
            time.sleep(0.05)
    finally:
        starting.release()


def start_keeper(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start the keeper in a new session: it outlives this command, for the next one."""
    with logs.open_log(cluster.data.log("keeper")) as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "config.embedded.keeper", str(cluster.data.path)],
            cwd=data_dir.PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _start_failure(cluster: Cluster, reason: str) -> str:
    files = [cluster.data.log("keeper"), cluster.data.log("postgres")]
    last = [line for log in files for line in _last_lines(log)]
    return "\n".join(
        [f"The embedded Postgres didn't start: {reason}. The end of its log in {cluster.data.logs}:", *last]
    )


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []


def write(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
