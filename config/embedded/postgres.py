"""The embedded Postgres at work: one foreground child, reached over a private socket with a password."""

import signal
import subprocess
import time

import psycopg

from config.embedded import child, logs, sockets
from config.embedded.cluster import DATABASE, USER, Cluster, clear_the_way
from config.embedded.data_dir import DataDir

FAST_STOP = signal.SIGINT  # ends sessions and closes its files in order
HARD_STOP = signal.SIGQUIT  # stops at once and repairs its files at the next start


def argv(cluster: Cluster) -> list[str]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
    }
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return [str(cluster.programs / "postgres"), "-D", str(cluster.files), *words]


def environment() -> dict[str, str]:
    """Almost nothing: PGDATA, PGPORT and their like of the person at the terminal are not meant for us."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def start(cluster: Cluster, wait: float = 30) -> subprocess.Popen[bytes]:
    """Starts it as a child that ends, in order, when this process dies. Returns before it answers."""
    clear_the_way(cluster, wait)
    with logs.open_log(cluster.data.log("postgres")) as log:
        return child.spawn(argv(cluster), log=log, env=environment(), death_signal=FAST_STOP, account=cluster.account)


def stop(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    for order, limit in ((FAST_STOP, seconds), (HARD_STOP, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(order)
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


def answers(data: DataDir) -> bool:
    """Whether it takes connections. Makes our database on its first answer."""
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
        pass  # another command was first
    except psycopg.OperationalError:
        return False
    return True


def wait_until_it_answers(cluster: Cluster, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """False when it ended instead, or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if answers(cluster.data):
            return True
        time.sleep(0.05)
    return False
