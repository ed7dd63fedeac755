"""Locations of the Unix sockets of the embedded Postgres and broker. `prepare` chooses them once."""

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from config.embedded.data_dir import DataDir

# The kernel allows 107 bytes for a socket's path (unix(7)). Postgres appends to it for its lock file.
MAX_PATH_BYTES = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
BROKER_SOCKET = "broker.sock"
# Other characters have a meaning in connection strings and URLs: a comma separates hosts, ? and % are special.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_/.+-]+")


def postgres_home(data: DataDir) -> Path:
    """The folder with the data directory and the socket: in the data folder, unless the account cannot enter it."""
    return data.recorded_folder("postgres-home") or data.path / "postgres"


def postgres_folder(data: DataDir) -> Path:
    return data.recorded_folder("postgres-socket") or postgres_home(data) / "run"


def broker_folder(data: DataDir) -> Path:
    return data.recorded_folder("broker-socket") or data.path / "broker"


def broker_file(data: DataDir) -> Path:
    return broker_folder(data) / BROKER_SOCKET


def prepare(data: DataDir, name: str, usual: Path, socket: str, account: tuple[int, int] | None) -> None:
    """Create the private folder for a socket, or a recorded one in a temp folder if the usual path cannot be used."""
    make_private(usual, account)  # the process keeps its other files there
    if is_usable(usual, socket):
        return
    recorded = data.recorded_folder(name)
    if recorded is not None and is_private(recorded, account):
        return
    candidates = temp_folders()
    parent = next((folder for folder in candidates if is_usable(folder / "cobrowse-doctor-12345678", socket)), None)
    if parent is None:
        raise OSError(f"no folder for sockets: none of {', '.join(map(str, candidates))} can be used")
    folder = Path(tempfile.mkdtemp(prefix="cobrowse-doctor-", dir=parent))
    if account:
        os.chown(folder, *account)
    data.record_folder(name, folder)


def is_usable(folder: Path, socket: str) -> bool:
    """Whether the path of a socket in the folder fits the kernel's limit and needs no escaping in a URL."""
    return len(os.fsencode(folder / socket)) <= MAX_PATH_BYTES and PLAIN_PATH.fullmatch(str(folder)) is not None


def temp_folders() -> list[Path]:
    """Writable temp folders. There are several because TMPDIR may be too long or contain a space."""
    folders = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108
    return [folder for folder in folders if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)]


def make_private(folder: Path, account: tuple[int, int] | None) -> None:
    """Create the folder if it is missing, with access only for the account.

    Called before each start, because another command may have called `remove_temporary_folders`.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if account:
        os.chown(folder, *account)


def remove_temporary_folders(data: DataDir) -> None:
    """Remove recorded folders without a socket in them. The next start creates them again."""
    for name in ("postgres-socket", "broker-socket"):
        folder = data.recorded_folder(name)
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.rmdir()


def is_private(folder: Path, account: tuple[int, int] | None) -> bool:
    """Whether the folder is a real folder that only the account can access.

    Everyone can write to the temp folder, so after a clean-up another user may have created the name.
    """
    try:
        status = folder.lstat()
    except OSError:
        return False
    owner = account[0] if account else os.geteuid()
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700 and status.st_uid == owner
