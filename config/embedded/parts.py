"""The parts of `up`: what each one runs, how it is asked whether it works, and how it ends."""

import http.client
import os
import signal
import socket
import sys
from functools import partial

from config import queues
from config.embedded import broker, child, postgres, sockets
from config.embedded.cluster import Cluster, clear_the_way
from config.embedded.data_dir import PROJECT, VARIABLE, DataDir
from config.embedded.supervisor import SupervisedProcess

HOST = "127.0.0.1"
STOP_ORDER = ["beat", "web", "worker", "background", "demo", "broker", "database"]
WORKER_PROCESSES = 4
SCHEDULED_PROCESSES = 4
# A run has its own deadline of less than that; the sweep closes what is cut off here.
WORKER_STOP_SECONDS = 45.0


def database(cluster: Cluster) -> SupervisedProcess:
    return SupervisedProcess(
        name="database",
        argv=postgres.argv(cluster),
        log=cluster.data.log("postgres"),
        is_ready=partial(postgres.answers, cluster.data),
        about=f"Postgres ready, data in {cluster.files}",
        before=partial(clear_the_way, cluster, 20),
        env=postgres.environment(),
        account=cluster.account,
        stop_signal=postgres.FAST_STOP,
        hard_signal=postgres.HARD_STOP,
        death_signal=postgres.FAST_STOP,
        stop_seconds=20,
    )


def queue(data: DataDir) -> SupervisedProcess:
    return SupervisedProcess(
        name="broker",
        argv=broker.argv(data),
        log=data.log("broker"),
        is_ready=partial(broker.answers, data),
        about="queue ready",
        before=partial(sockets.make_private, sockets.broker_folder(data), None),
        env={"PATH": "/usr/bin:/bin"},
        death_signal=signal.SIGTERM,  # writes its file to the end
    )


def demo(data: DataDir, port: int) -> SupervisedProcess:
    return SupervisedProcess(
        name="demo",
        argv=[sys.executable, "-m", "diagnostics.demo.server", "--port", str(port)],
        log=data.log("demo"),
        is_ready=lambda: accepts(port) and accepts(port + 1),
        about=f"demo orgs on ports {port} and {port + 1}",
        env=environment(data),
        cwd=PROJECT,
    )


def worker(data: DataDir) -> SupervisedProcess:
    """For what a person waits for."""
    return _worker(data, "worker", queues.OF_PEOPLE, WORKER_PROCESSES, f"{WORKER_PROCESSES} runs at a time")


def background(data: DataDir, processes: int = SCHEDULED_PROCESSES) -> SupervisedProcess:
    """For what runs by itself, which must never stand before a person's click."""
    about = f"{processes} scheduled runs at a time"
    return _worker(data, "background", queues.AUTOMATIC, processes, about)


def _worker(data: DataDir, name: str, takes: str, processes: int, about: str) -> SupervisedProcess:
    return celery(
        data,
        name,
        ["worker", "--pool", "prefork", "--concurrency", str(processes), "--queues", takes, "--loglevel", "INFO",
         "--hostname", f"{name}@localhost", "--without-gossip", "--without-mingle"],
        about=about,
        stop_seconds=WORKER_STOP_SECONDS,
    )  # fmt: skip


def beat(data: DataDir) -> SupervisedProcess:
    # Its one entry is fixed, so it remembers nothing and needs no file of its own.
    words = ["beat", "--scheduler", "celery.beat:Scheduler", "--loglevel", "INFO", "--pidfile="]
    return celery(data, "beat", words, about="looks for due work", stop_seconds=5)


def celery(data: DataDir, name: str, words: list[str], about: str, stop_seconds: float) -> SupervisedProcess:
    ready_file = data.path / f"{name}.ready"
    return SupervisedProcess(
        name=name,
        argv=[sys.executable, "-m", "celery", "--app", "config", *words],
        log=data.log(name),
        is_ready=ready_file.exists,
        about=about,
        before=partial(ready_file.unlink, missing_ok=True),
        env={**environment(data), child.READY_FILE: str(ready_file)},
        cwd=PROJECT,
        stop_seconds=stop_seconds,
    )


def web(data: DataDir, port: int, name: str = HOST) -> SupervisedProcess:
    """`name` is one that the pages answer to."""
    return SupervisedProcess(
        name="web",
        argv=[sys.executable, "-m", "config.web", "--host", HOST, "--port", str(port)],
        log=data.log("web"),
        is_ready=partial(serves, port, name),
        about=f"pages on http://{HOST}:{port}",
        env=environment(data),
        cwd=PROJECT,
    )


def environment(data: DataDir) -> dict[str, str]:
    """Ours, so that all parts read the same settings, and the supervisor's id for those that start others."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "PYTHONUNBUFFERED": "1",
        VARIABLE: str(data.path),
        child.SUPERVISED: str(os.getpid()),
    }


def serves(port: int, name: str = HOST) -> bool:
    """Whether a page is answered, with whatever status: then the settings were read and the pages stand."""
    session = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        session.request("GET", "/", headers={"Host": name})
        return session.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        session.close()


def accepts(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are only fading out counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_pair(first: int, taken: int) -> int | None:
    """The first of two neighbouring free ports, from `first` on, without the port that the pages take."""
    candidates = range(first, min(first + 200, 65535), 2)
    return next(
        (port for port in candidates if taken not in (port, port + 1) and is_free(port) and is_free(port + 1)), None
    )
