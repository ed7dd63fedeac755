"""What happens before a manage.py command: the data folder is chosen, the embedded Postgres found or started."""

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
from config.embedded import cluster, data_dir, logs, postgres
from config.embedded.cluster import Cluster
from config.embedded.locks import Lock
from config.migrations import missing_migrations

# They look at code or files only, or say themselves which database they want.
NEED_NO_DATABASE = frozenset(
    {"help", "version", "--version", "check", "makemigrations", "collectstatic", "findstatic", "diffsettings",
     "makemessages", "compilemessages", "contract_build", "evaluate", "demo", "parse", "startapp", "startproject", "testserver"}
)  # fmt: skip
# They bring the tables up to date, show how far they are, or make tables of their own.
NEED_NO_TABLES = frozenset(
    {
        "migrate",
        "showmigrations",
        "sqlmigrate",
        "sqlflush",
        "squashmigrations",
        "dbshell",
        "test",
        "bench",
        "backup",
        "restore",
    }
)
START_SECONDS = 60.0


def choose_data_dir(argv: Sequence[str]) -> None:
    """Settings are read before `up` reads its options, so its --data-dir goes into the environment here."""
    for position, word in enumerate(argv[2:], start=2):
        if word.startswith("--data-dir="):
            os.environ[data_dir.VARIABLE] = word.partition("=")[2]
        elif word == "--data-dir" and position + 1 < len(argv):
            os.environ[data_dir.VARIABLE] = argv[position + 1]


@contextmanager
def database_for(argv: Sequence[str]) -> Iterator[None]:
    """Holds the embedded Postgres for as long as the command runs, unless it needs none or has another."""
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up":
        choose_data_dir(argv)
    if command in NEED_NO_DATABASE or {"-h", "--help"} & set(argv):
        yield
        return
    if env.database("DATABASE_URL"):
        if command != "up":
            need_tables(command, make_them=False)
        yield
        return
    if sys.platform != "linux":
        env.stop("The embedded Postgres runs on Linux only. Set DATABASE_URL to a Postgres of your own.")
    data = data_dir.current()
    if command == "up":
        cluster.prepare(data)
        yield  # runs Postgres itself
        return
    data.make()
    with held(data):
        need_tables(command, make_them=True, alone=Lock(data.locks / "tables"))
        yield


def need_tables(command: str, *, make_them: bool, alone: Lock | None = None) -> None:
    """Makes missing tables in our own database; in a given one that is the operator's decision, so it only says so."""
    if command in NEED_NO_TABLES:
        return
    django.setup()
    try:
        missing = missing_migrations()
        if missing and make_them and alone:
            write("Bringing the database's tables up to date.")
            alone.wait(START_SECONDS)
            call_command("migrate", verbosity=0, interactive=False)
            alone.release()
        elif missing:
            env.stop(f"The database lacks {len(missing)} migrations of this version. Run first: manage.py migrate")
    except OperationalError as exc:
        env.stop(f"The database cannot be reached: {str(exc).strip()}. Correct DATABASE_URL, or start that database.")
    finally:
        connections.close_all()


@contextmanager
def held(data: data_dir.DataDir) -> Iterator[None]:
    users = Lock(data.locks / "users")
    if not users.wait(START_SECONDS, shared=True, waiting=lambda: write("Waiting for the database to change hands.")):
        env.stop(f"The database in {data.path} is being started or stopped by another process. Try again shortly.")
    try:
        if not postgres.answers(data):
            find_or_start(cluster.prepare(data))
        yield
    finally:
        users.release()


def find_or_start(place: Cluster) -> None:
    """Returns when Postgres answers. Starts a keeper when neither one nor `up` runs it."""
    starting = Lock(place.data.locks / "start")
    deadline = time.monotonic() + START_SECONDS
    if not starting.wait(START_SECONDS):
        env.stop(f"Another command has been starting the database in {place.data.path} for a minute. Look for it.")
    owner = Lock(place.data.locks / "owner")
    keeper: subprocess.Popen[bytes] | None = None
    try:
        while not postgres.answers(place.data):
            if keeper is not None and keeper.poll() is not None:
                env.stop(_why_not(place, f"it ended with code {keeper.returncode}"))
            if time.monotonic() > deadline:
                env.stop(_why_not(place, f"it did not answer within {START_SECONDS:.0f} seconds"))
            if keeper is None and owner.is_free():
                keeper = start_keeper(place)
            time.sleep(0.05)
    finally:
        starting.release()


def start_keeper(place: Cluster) -> subprocess.Popen[bytes]:
    """A process of its own session: it outlives this command for the few seconds in which a next one may come."""
    with logs.open_log(place.data.log("keeper")) as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "config.embedded.keeper", str(place.data.path)],
            cwd=data_dir.PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _why_not(place: Cluster, what: str) -> str:
    files = [place.data.log("keeper"), place.data.log("postgres")]
    last = [line for log in files for line in _last_lines(log)]
    return "\n".join([f"The embedded Postgres did not start: {what}. Its last words, from {place.data.logs}:", *last])


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []


def write(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
