"""Child processes that never outlive their parent, and questions about processes."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

SUPERVISED = "COBROWSE_DOCTOR_SUPERVISED"
READY_FILE = "COBROWSE_DOCTOR_READY_FILE"
PR_SET_PDEATHSIG = 1
FALLOC_FL_COLLAPSE_RANGE = 0x08  # linux/falloc.h

# Loaded at import: between fork and exec nothing may be looked up any more.
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    argv: Sequence[str],
    *,
    log: IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    death_signal: signal.Signals = signal.SIGKILL,
    account: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in a process group of its own that gets `death_signal` when this process dies.

    Call it from the main thread only: the kernel's parent-death signal follows the thread that forked.
    `account` is (user id, group id) to run as; only root can ask for another than its own.
    """
    parent = os.getpid()

    def before_exec() -> None:
        # Python runs this after it has changed user, which matters: changing user clears the signal.
        die_with_parent(death_signal, parent)

    user, group = account if account else (None, None)
    return subprocess.Popen(  # noqa: S603 - the callers' own programs
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        process_group=0,
        user=user,
        group=group,
        extra_groups=[] if account else None,
        preexec_fn=before_exec,  # noqa: PLW1509 - the supervisor has no threads
    )


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Asks the kernel to signal this process when its parent dies; ends at once if that has happened already."""
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def die_with_supervised_parent() -> None:
    """For grandchildren of the supervisor (pool and web workers): a killed master must not leave them behind."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # Too late if the master is dead already: then our parent is no longer a child of the supervisor.
        if parent_of(os.getppid()) != int(supervisor):
            os._exit(1)


def announce_ready() -> None:
    """Makes the file by which the supervisor learns that this part takes work."""
    if file := os.environ.get(READY_FILE):
        Path(file).touch()


def remove_beginning(descriptor: int, count: int) -> bool:
    """Takes whole blocks away from the beginning of an open file, in one step. False where the file system cannot."""
    if not count:
        return False
    return bool(_libc.fallocate(descriptor, FALLOC_FL_COLLAPSE_RANGE, ctypes.c_int64(0), ctypes.c_int64(count)) == 0)


def command_line(pid: int) -> list[str]:
    """The words a process was started with; [] when it is gone or not ours to see."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def working_folder(pid: int) -> Path | None:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether a process with that id exists and is not a zombie."""
    return _status(pid)[:1] not in ([], ["Z"], ["X"])


def parent_of(pid: int) -> int:
    """0 when it is gone."""
    return int([*_status(pid), "0", "0"][1])


def _status(pid: int) -> list[str]:
    """State, parent and the fields after them; [] when there is no such process."""
    try:
        # The name before them is in brackets and may itself contain brackets and blanks.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
