"""The processes that `up` supervises: command, readiness probe and shutdown of each."""

import contextlib
import http.client
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

from config import queues
from config.embedded import broker, child, postgres, sockets
from config.embedded.cluster import Cluster, wait_until_startable
from config.embedded.data_dir import PROJECT, VARIABLE, DataDir
from config.embedded.supervisor import SupervisedProcess

HOST = "127.0.0.1"
# A warm shutdown lets running checks finish. They need the demo orgs, the broker and the database, which stop afterwards.
STOP_GROUPS = (("beat", "web", "worker", "background"), ("demo", "broker"), ("database",))
WORKER_PROCESSES = 4
SCHEDULED_PROCESSES = 2
SMALL_PROCESSES = 2  # of the only worker on a machine with little memory
WEB_PROCESSES = 2
LITTLE_MEMORY = 1024**3
# Most runs end much sooner. The sweep closes a run that is killed here.
WORKER_STOP_SECONDS = 45.0


def database(cluster: Cluster) -> SupervisedProcess:
    return SupervisedProcess(
        name="database",
        argv=postgres.argv(cluster),
        log=cluster.data.log("postgres"),
        is_ready=partial(postgres.is_ready, cluster.data),
        ready_message=f"Postgres ready, data in {cluster.files}",
        prepare=partial(wait_until_startable, cluster, 20),
        env=postgres.environment(),
        account=cluster.account,
        stop_signal=postgres.FAST_SHUTDOWN,
        kill_signal=postgres.IMMEDIATE_SHUTDOWN,
        parent_death_signal=postgres.FAST_SHUTDOWN,
        stop_seconds=20,
    )


def queue(data: DataDir) -> SupervisedProcess:
    return SupervisedProcess(
        name="broker",
        argv=broker.argv(data),
        log=data.log("broker"),
        is_ready=partial(broker.is_ready, data),
        ready_message="queue ready",
        prepare=partial(sockets.make_private, sockets.broker_folder(data), None),
        env={"PATH": "/usr/bin:/bin"},
        parent_death_signal=signal.SIGTERM,  # lets it finish writing its append-only file
    )


def demo(data: DataDir, port: int) -> SupervisedProcess:
    return SupervisedProcess(
        name="demo",
        argv=[sys.executable, "-m", "diagnostics.demo.server", "--port", str(port)],
        log=data.log("demo"),
        is_ready=lambda: accepts_connections(port) and accepts_connections(port + 1),
        ready_message=f"demo orgs on ports {port} and {port + 1}",
        env=environment(data),
        cwd=PROJECT,
        is_forked=True,
    )


def workers(data: DataDir, *, is_small: bool) -> list[SupervisedProcess]:
    """One for each kind of run, or a single one for a machine with little memory."""
    if is_small:
        return [_worker(data, "worker", ",".join(queues.ALL), SMALL_PROCESSES, f"{SMALL_PROCESSES} runs at a time")]
    return [worker(data), background(data)]


def worker(data: DataDir) -> SupervisedProcess:
    """The worker for runs that people start."""
    return _worker(data, "worker", queues.RUNS, WORKER_PROCESSES, f"{WORKER_PROCESSES} runs at a time")


def background(data: DataDir, processes: int = SCHEDULED_PROCESSES) -> SupervisedProcess:
    """The worker for scheduled runs, so that they never delay a run that a person starts."""
    return _worker(data, "background", queues.SCHEDULED, processes, f"{processes} scheduled runs at a time")


def _worker(data: DataDir, name: str, queue_names: str, processes: int, ready_message: str) -> SupervisedProcess:
    return celery(
        data,
        name,
        ["config.worker", "--concurrency", str(processes), "--queues", queue_names, "--hostname", f"{name}@localhost"],
        ready_message=ready_message,
        stop_seconds=WORKER_STOP_SECONDS,
    )


def beat(data: DataDir) -> SupervisedProcess:
    return celery(data, "beat", ["config.beat"], ready_message="looks for due work")


def celery(
    data: DataDir, name: str, arguments: list[str], ready_message: str, stop_seconds: float = 10.0
) -> SupervisedProcess:
    ready_file = data.path / f"{name}.ready"
    return SupervisedProcess(
        name=name,
        argv=[sys.executable, "-m", *arguments],
        log=data.log(name),
        is_ready=ready_file.exists,
        ready_message=ready_message,
        prepare=partial(ready_file.unlink, missing_ok=True),
        # `up` has run Django's checks.
        env={**environment(data), child.READY_FILE: str(ready_file), "CELERY_SKIP_CHECKS": "true"},
        cwd=PROJECT,
        stop_seconds=stop_seconds,
        is_forked=True,
    )


def web(data: DataDir, port: int, host_header: str = HOST, processes: int = WEB_PROCESSES) -> SupervisedProcess:
    """The web server. The readiness probe sends `host_header`, which must be in ALLOWED_HOSTS."""
    return SupervisedProcess(
        name="web",
        argv=[sys.executable, "-m", "config.web", "--host", HOST, "--port", str(port), "--processes", str(processes)],
        log=data.log("web"),
        is_ready=partial(serves_pages, port, host_header),
        ready_message=f"pages on http://{HOST}:{port}",
        env=environment(data),
        cwd=PROJECT,
        is_forked=True,
    )


def environment(data: DataDir) -> dict[str, str]:
    """Our own environment, so that all processes read the same settings, plus the supervisor's process ID."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "PYTHONUNBUFFERED": "1",
        VARIABLE: str(data.path),
        child.SUPERVISED: str(os.getpid()),
    }


def has_little_memory() -> bool:
    """Whether this machine, or the container, has less than LITTLE_MEMORY."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # a container without a limit
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total < LITTLE_MEMORY


def serves_pages(port: int, host_header: str = HOST) -> bool:
    """Whether a request gets a response, with any status: Django has started then."""
    session = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        session.request("GET", "/", headers={"Host": host_header})
        return session.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        session.close()


def accepts_connections(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port with connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port_pair(first: int, excluded: int) -> int | None:
    """The lower of two adjacent free ports from `first` upward, neither of which is `excluded`."""
    candidates = range(first, min(first + 200, 65535), 2)
    for port in candidates:
        if excluded not in (port, port + 1) and is_free(port) and is_free(port + 1):
            return port
    return None
