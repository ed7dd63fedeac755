"""The data directory of the embedded Postgres: created once, checked before each start."""

import os
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from config import env
from config.embedded import accounts, binaries, child, sockets
from config.embedded.data_dir import DataDir, write_private
from config.embedded.locks import Lock

USER = "cobrowse_doctor"
DATABASE = "cobrowse_doctor"


@dataclass(frozen=True)
class Cluster:
    data: DataDir
    home: Path
    programs: Path
    account: tuple[int, int] | None

    @property
    def files(self) -> Path:
        return self.home / "cluster"

    @property
    def socket_folder(self) -> Path:
        return sockets.postgres_folder(self.data)

    @property
    def pid_file(self) -> Path:
        return self.files / "postmaster.pid"


def prepare(data: DataDir) -> Cluster:
    """Find the database's data directory, or create it. Safe when several commands call it at the same time."""
    data.make()
    lock = Lock(data.locks / "prepare")
    if not lock.wait(120):
        env.stop(
            f"Another command has been preparing the database in {data.path} for two minutes. Wait for it, or stop it."
        )
    try:
        account = accounts.for_postgres()
        cluster = Cluster(data, _find_home(data, account), binaries.find(account), account)
        _make_folder(cluster.home, account)
        sockets.prepare(data, "postgres-socket", cluster.home / "run", sockets.POSTGRES_SOCKET, account)
        sockets.prepare(data, "broker-socket", data.path / "broker", sockets.BROKER_SOCKET, None)
        if not (cluster.files / "PG_VERSION").exists():
            _initialize(cluster)
        _check_version(cluster)
        return cluster
    except OSError as exc:
        env.stop(f"Can't prepare the database's files: {exc}. Free some space or fix the permissions.")
    finally:
        lock.release()


def _find_home(data: DataDir, account: tuple[int, int] | None) -> Path:
    recorded = data.recorded_folder("postgres-home")
    if recorded is not None:
        if not (recorded / "cluster" / "PG_VERSION").exists():
            env.stop(
                f"{data.path / 'postgres-home'} says that the database lies in {recorded}, but there is none. Restore "
                f"that folder, or delete the file to begin with an empty database."
            )
        return recorded
    usual = data.path / "postgres"
    if usual.exists() or accounts.can_enter(data.path, account):
        return usual
    # We are root, and the database's account cannot enter the data folder, because a parent folder is private.
    return binaries.make_system_home() / secrets.token_hex(8)


def _make_folder(folder: Path, account: tuple[int, int] | None) -> None:
    if folder.exists():
        return
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, *account)


def _initialize(cluster: Cluster) -> None:
    """Run initdb in a draft folder, then rename it, so that an interrupted start leaves no partial database."""
    draft = cluster.home / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    password = cluster.home / "password"
    write_private(password, cluster.data.database_password())
    if cluster.account:
        os.chown(password, *cluster.account)
    try:
        _run_initdb(cluster, draft, password)
    finally:
        password.unlink()
    draft.rename(cluster.files)
    if cluster.home != cluster.data.path / "postgres":
        cluster.data.record_folder("postgres-home", cluster.home)


def _run_initdb(cluster: Cluster, draft: Path, password: Path) -> None:
    locale = ["--locale=C"]
    if binaries.major_version(cluster.programs) >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    user, group = cluster.account or (None, None)
    done = subprocess.run(  # noqa: S603 - our own program
        [str(cluster.programs / "initdb"), "-D", str(draft), "-U", USER, "--auth=scram-sha-256",
         f"--pwfile={password}", "--encoding=UTF8", *locale],
        user=user, group=group, extra_groups=[] if cluster.account else None,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-3:]
        env.stop(f"Can't create the database in {cluster.home}: {' '.join(reason)}")


def _check_version(cluster: Cluster) -> None:
    required = (cluster.files / "PG_VERSION").read_text().strip()
    available = binaries.major_version(cluster.programs)
    if required != str(available):
        env.stop(
            f"The data in {cluster.files} was written by Postgres {required}, but the installed version is {available}. "
            f"Set {binaries.VARIABLE} to the program folder of Postgres {required}, or move the data with pg_dump."
        )


class StillRunning(Exception):
    """Another Postgres server uses the data directory."""


def wait_until_startable(cluster: Cluster, seconds: float) -> None:
    """Wait until processes of a crashed Postgres have ended, then delete lock files that name an unrelated process.

    Postgres refuses to start while any process has the ID in its lock file. Nothing is killed here. A lock file whose
    process is gone stays: Postgres handles that itself.
    """
    sockets.make_private(cluster.socket_folder, cluster.account)
    deadline = time.monotonic() + seconds
    while running := _processes_of(cluster):
        if time.monotonic() > deadline:
            raise StillRunning(
                f"Postgres (process {running[0]}) still uses {cluster.files}, and wasn't started by us. "
                f"Stop it first: kill -INT {running[0]}"
            )
        time.sleep(0.05)
    for file in (cluster.pid_file, cluster.socket_folder / f"{sockets.POSTGRES_SOCKET}.lock"):
        if file.exists() and _names_other_process(file):
            file.unlink()


def _processes_of(cluster: Cluster) -> list[int]:
    """IDs of the postmaster and its backends, recognized by their working directory, which is the data directory."""
    files = cluster.files.resolve()
    return [
        pid
        for pid in child.all_pids()
        if child.working_directory(pid) == files
        and child.is_alive(pid)
        and "postgres" in "".join(child.command_line(pid)[:1])
    ]


def _names_other_process(file: Path) -> bool:
    """Whether the lock file is malformed or names a live process, which is not Postgres: see the wait above."""
    first = file.read_text(errors="replace").split("\n", 1)[0].strip()
    return not first.isdigit() or child.is_alive(int(first))
