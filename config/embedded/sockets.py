"""Where the unix sockets of the embedded parts lie. Reading only: `sockets.prepare` decides, once."""

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from config.embedded.data_dir import DataDir

# The kernel allows 107 bytes for a socket's path; Postgres adds a temporary lock name beside it.
LONGEST = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
BROKER_SOCKET = "broker.sock"
# Anything else is read otherwise on the way: a comma parts hosts, a ? or % means something in an address.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_/.+-]+")


def postgres_home(data: DataDir) -> Path:
    """The folder that holds cluster and socket: in the data folder, unless its account cannot get there."""
    return data.pointer("postgres-home") or data.path / "postgres"


def postgres_folder(data: DataDir) -> Path:
    return data.pointer("postgres-socket") or postgres_home(data) / "run"


def broker_folder(data: DataDir) -> Path:
    return data.pointer("broker-socket") or data.path / "broker"


def broker_file(data: DataDir) -> Path:
    return broker_folder(data) / BROKER_SOCKET


def prepare(data: DataDir, name: str, usual: Path, socket: str, account: tuple[int, int] | None) -> None:
    """Makes the private folder for a socket; one under the temp folder, recorded, where the path cannot be used."""
    make_private(usual, account)  # the part keeps its own files there, wherever the socket lies
    if can_hold(usual, socket):
        return
    recorded = data.pointer(name)
    if recorded is not None and is_private(recorded, account):
        return
    parent = next((each for each in temp_folders() if can_hold(each / "cobrowse-doctor-12345678", socket)), None)
    if parent is None:
        raise OSError(f"no folder for sockets: none of {', '.join(map(str, temp_folders()))} can be used")
    folder = Path(tempfile.mkdtemp(prefix="cobrowse-doctor-", dir=parent))
    if account:
        os.chown(folder, *account)
    data.point(name, folder)


def can_hold(folder: Path, socket: str) -> bool:
    """Whether a socket there has a path that the kernel and every address that names it can take."""
    return len(os.fsencode(folder / socket)) <= LONGEST and PLAIN_PATH.fullmatch(str(folder)) is not None


def temp_folders() -> list[Path]:
    """Where a folder for sockets may be made: TMPDIR may itself be too long, or have a space."""
    places = (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108
    return [each for each in places if each.is_dir() and os.access(each, os.W_OK | os.X_OK)]


def make_private(folder: Path, account: tuple[int, int] | None) -> None:
    """A folder that is missing, closed to others. Whoever starts a part calls it: another command may have tidied up."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if account:
        os.chown(folder, *account)


def tidy(data: DataDir) -> None:
    """Remove the folders under the temp folder that hold no socket any more. The next start makes new ones."""
    for name in ("postgres-socket", "broker-socket"):
        folder = data.pointer(name)
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.rmdir()


def is_private(folder: Path, account: tuple[int, int] | None) -> bool:
    """Whether the folder still is what we made: a real folder, closed to others, owned by who uses it.

    The temp folder is open to everyone, so another user may have taken the name after a clean-up.
    """
    try:
        found = folder.lstat()
    except OSError:
        return False
    owner = account[0] if account else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == owner
