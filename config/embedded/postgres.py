"""Runs the embedded Postgres as a child process, reached over a private socket with a password."""

import signal
import subprocess
import time

import psycopg

from config.embedded import binaries, child, logs, sockets
from config.embedded.cluster import DATABASE, USER, Cluster, wait_until_startable
from config.embedded.data_dir import DataDir

# https://www.postgresql.org/docs/current/server-shutdown.html
FAST_SHUTDOWN = signal.SIGINT  # ends sessions, then shuts down cleanly
IMMEDIATE_SHUTDOWN = signal.SIGQUIT  # recovers from its write-ahead log at the next start


def argv(cluster: Cluster) -> list[str]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
        # Less memory and fewer processes: nothing replicates this database, and no query is worth compiling.
        "jit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_logical_replication_workers": "0",
        "shared_buffers": "64MB",
        "wal_buffers": "512kB",
    }
    if binaries.major_version(cluster.programs) >= 18:
        options["io_method"] = "sync"
    arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
    return [str(cluster.programs / "postgres"), "-D", str(cluster.files), *arguments]


def environment() -> dict[str, str]:
    """A minimal environment, without PGDATA, PGPORT and the like from the terminal."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def start(cluster: Cluster, wait: float = 30) -> subprocess.Popen[bytes]:
    """Start Postgres as a child that shuts down cleanly when this process dies. Returns before it is ready."""
    wait_until_startable(cluster, wait)
    with logs.open_log(cluster.data.log("postgres")) as log:
        return child.spawn(
            argv(cluster), log=log, env=environment(), parent_death_signal=FAST_SHUTDOWN, account=cluster.account
        )


def stop(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    for number, limit in ((FAST_SHUTDOWN, seconds), (IMMEDIATE_SHUTDOWN, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            continue


def connect(data: DataDir, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(sockets.postgres_folder(data)),
        port=5432,
        user=USER,
        password=data.database_password(),
        dbname=database,
        connect_timeout=2,
        autocommit=True,
    )


def is_ready(data: DataDir) -> bool:
    """Whether Postgres accepts connections. Creates our database if it is missing."""
    if not sockets.postgres_folder(data).exists():
        return False
    try:
        with connect(data, DATABASE):
            return True
    except psycopg.OperationalError as exc:
        if "does not exist" not in str(exc) or f'database "{DATABASE}"' not in str(exc):
            return False
    try:
        with connect(data, "postgres") as session:
            session.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.errors.DuplicateDatabase:
        pass  # another command created it at the same time
    except psycopg.OperationalError:
        return False
    return True


def wait_until_ready(cluster: Cluster, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """False if the process ended or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if is_ready(cluster.data):
            return True
        time.sleep(0.05)
    return False
