"""Child processes that never outlive their parent, and facts about processes from /proc."""

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

# Loaded at import: no library may be loaded between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    argv: Sequence[str],
    *,
    log: IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    parent_death_signal: signal.Signals = signal.SIGKILL,
    account: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a new process group. The kernel sends it `parent_death_signal` when this process dies.

    Call it from the main thread only: the kernel's parent-death signal follows the thread that forked.
    `account` is the (user ID, group ID) to run as; only root can use another than its own.
    """
    parent = os.getpid()

    def before_exec() -> None:
        # Runs after the change of user, which would clear the signal.
        die_with_parent(parent_death_signal, parent)

    user, group = account if account else (None, None)
    return subprocess.Popen(  # noqa: S603 - the caller's own program
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


def die_with_parent(parent_death_signal: signal.Signals, parent: int) -> None:
    """Have the kernel signal this process when its parent dies. Exits at once if the parent is dead already."""
    _libc.prctl(PR_SET_PDEATHSIG, int(parent_death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def die_with_supervised_parent() -> None:
    """For grandchildren of the supervisor (pool and web workers), so that they die with their own parent."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # If our parent is dead already, the one we have now is not a child of the supervisor.
        if parent_of(os.getppid()) != int(supervisor):
            os._exit(1)


def announce_ready() -> None:
    """Create the file that tells the supervisor that this process is ready."""
    if file := os.environ.get(READY_FILE):
        Path(file).touch()


def remove_beginning(descriptor: int, count: int) -> bool:
    """Remove whole blocks from the beginning of an open file, atomically. False if the file system cannot."""
    if not count:
        return False
    return bool(_libc.fallocate(descriptor, FALLOC_FL_COLLAPSE_RANGE, ctypes.c_int64(0), ctypes.c_int64(count)) == 0)


def command_line(pid: int) -> list[str]:
    """The arguments of a process; [] if it is gone or not readable."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def working_directory(pid: int) -> Path | None:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether a process with that ID exists and is not a zombie."""
    return _status(pid)[:1] not in ([], ["Z"], ["X"])


def parent_of(pid: int) -> int:
    """The ID of the parent process; 0 if the process is gone."""
    return int([*_status(pid), "0", "0"][1])


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; [] if there is no such process."""
    try:
        # The command name before them is in parentheses and may contain parentheses and spaces.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
