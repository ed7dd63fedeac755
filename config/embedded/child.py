"""Child processes that never outlive their parent, and facts about processes from /proc."""

import contextvars
import ctypes
import gc
import importlib
import importlib.util
import logging
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Generic, NoReturn, TypeVar, cast

T = TypeVar("T")

SUPERVISED = "COBROWSE_DOCTOR_SUPERVISED"
READY_FILE = "COBROWSE_DOCTOR_READY_FILE"
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
M_ARENA_MAX = -8  # malloc.h
GC_THRESHOLDS = (700, 10, 10)  # the interpreter's own; manage.py has set others
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


class ForkedProcess:
    """A child made by `fork_module`, with the part of `subprocess.Popen` that the supervisor uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)


def fork_module(
    name: str,
    argv: Sequence[str],
    *,
    log: IO[bytes],
    env: Mapping[str, str],
    cwd: Path | str = "/",
    parent_death_signal: signal.Signals = signal.SIGKILL,
) -> ForkedProcess:
    """Do the same as `spawn` with `python -m MODULE ARGUMENTS`, but start from the code that this process has loaded.

    This takes milliseconds instead of a second, and the children share the memory of that code. The module needs a
    function `main`. This process must have no other threads. `name` is what `top` shows.
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    # Objects that exist now are never collected, so that a collection in a child doesn't copy their memory.
    gc.collect()
    gc.freeze()
    if pid := os.fork():
        return ForkedProcess(pid)
    code = 1
    try:
        os.setpgid(0, 0)
        _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
        die_with_parent(parent_death_signal, parent)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _replace_files(log.fileno())
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        for handler in logging.root.handlers:
            handler.removeFilter(is_warning)
        gc.set_threshold(*GC_THRESHOLDS)
        _, _, module, *arguments = argv
        # Not in the context of this thread, which has the log context of what the parent does.
        contextvars.Context().run(_run_module, module, arguments)
    except SystemExit as exit_request:
        code = exit_request.code if isinstance(exit_request.code, int) else int(exit_request.code is not None)
    except BaseException:
        logging.getLogger(__name__).exception("A process failed.")
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def is_warning(record: logging.LogRecord) -> bool:
    """A filter that the supervisor adds to its handlers. It has its own lines for what is less important.

    `logging.disable` would do the same, but to undo it in a child copies the memory of all loggers.
    """
    return record.levelno >= logging.WARNING


class ForkedWork(Generic[T]):
    """Calls a function in a fork, so that the memory it needs is free afterwards."""

    def __init__(self, function: Callable[[], T]) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(writer)
            return
        try:
            os.setpgid(0, 0)  # Ctrl-C is for the parent
            die_with_parent(signal.SIGKILL, parent)
            with os.fdopen(writer, "wb") as stream:
                stream.write(_outcome(function))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def result(self) -> T:
        """Wait for it. Raises what the function raised. If interrupted, it kills the fork."""
        try:
            with os.fdopen(self.reader, "rb") as stream:
                content = stream.read()
        except BaseException:
            os.kill(self.pid, signal.SIGKILL)
            raise
        finally:
            os.waitpid(self.pid, 0)
        if not content:
            raise ChildProcessError("A process died while it prepared the start.")
        value, error = pickle.loads(content)  # noqa: S301 - written by our own fork
        if error is not None:
            raise error
        return cast("T", value)


def _outcome(function: Callable[[], Any]) -> bytes:
    """A pickle of (result, exception)."""
    try:
        return pickle.dumps((function(), None))
    except (Exception, SystemExit) as error:
        try:
            return pickle.dumps((None, type(error)(*error.args)))
        except Exception:  # not every exception can be pickled
            return pickle.dumps((None, RuntimeError("".join(traceback.format_exception(error)))))


def _replace_files(log: int) -> None:
    """Standard input, output and errors as in `spawn`; no other file of the parent stays open."""
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _run_module(name: str, arguments: Sequence[str]) -> NoReturn:
    spec = importlib.util.find_spec(name)
    is_package = spec is not None and spec.submodule_search_locations is not None
    module = importlib.import_module(f"{name}.__main__" if is_package else name)
    sys.argv = [str(module.__file__), *arguments]
    sys.exit(module.main())


def set_parent_death_signal(number: int) -> None:
    """Have the kernel send this process a signal when its parent dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def die_with_parent(parent_death_signal: signal.Signals, parent: int) -> None:
    """Have the kernel signal this process when its parent dies. Exits at once if the parent is dead already."""
    set_parent_death_signal(parent_death_signal)
    if os.getppid() != parent:
        os._exit(1)


def die_with_supervised_parent() -> None:
    """For grandchildren of the supervisor (pool and web workers), so that they die with their own parent."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor:
        set_parent_death_signal(signal.SIGKILL)
        # If our parent is dead already, the one we have now is not a child of the supervisor.
        if parent_of(os.getppid()) != int(supervisor):
            os._exit(1)


def announce_ready() -> None:
    """Create the file that tells the supervisor that this process is ready."""
    if file := os.environ.get(READY_FILE):
        Path(file).touch()


def save_memory() -> None:
    """Give the system back what was needed while the code was loaded. From now on, threads share one heap.

    This holds for processes that are forked afterwards, too. C libraries other than glibc lack both calls.
    """
    gc.collect()
    if hasattr(_libc, "malloc_trim") and hasattr(_libc, "mallopt"):
        _libc.mallopt(M_ARENA_MAX, 1)
        _libc.malloc_trim(0)


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


def name_of(pid: int) -> str:
    """The name of a process, of at most 15 characters; "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""


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
