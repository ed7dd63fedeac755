"""How a command meets its terminal: closed pipes, Ctrl-C, a full disk, no terminal at all."""

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

FAILED = 1
STOPPED_BY_SIGNAL = 128  # plus the number of the signal, as shells have it


# What a terminal would obey, or show in another order than it was written. Rows from before such characters were cleaned
# may hold them. Tabs and line ends are ours.
ESCAPED = {
    number: f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    for first, last in ((0, 8), (11, 31), (127, 159), (0x2028, 0x202E), (0x2066, 0x2069), (0xFEFF, 0xFEFF))
    for number in range(first, last + 1)
}


class Terminated(BaseException):
    """The process was asked to end (SIGTERM, SIGHUP). Not an Exception: only clean-up may catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class ClosableOutput(io.FileIO):
    """Writes to a file descriptor until its reader goes away, as `head` does; then everything is dropped.

    The command goes on to its end: what it does and its exit code don't depend on who reads its output.
    """

    is_closed_by_reader = False

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.is_closed_by_reader:
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:
            self.is_closed_by_reader = True
            return len(data)
        except OSError:
            self.is_closed_by_reader = True  # said once, by who asked for this write
            raise


class EscapingOutput(io.TextIOWrapper):
    """Text for a terminal: every command writes through it, so no stored text can steer the terminal."""

    def write(self, text: str, /) -> int:
        super().write(text.translate(ESCAPED))
        return len(text)


def run(command: Callable[[], None]) -> NoReturn:
    """Run a command to its exit code. What goes wrong outside of it ends in one sentence, never in a traceback."""
    prepare_streams()
    try:
        with ended_by_signals():
            code = exit_code_of(command)
            sys.stdout.flush()
    except KeyboardInterrupt:
        stop("Stopped.", signal.SIGINT)
    except Terminated as end:
        stop("Stopped: the process was asked to end.", end.number)
    except EOFError:
        code = failed("This command asks for input, and there is no terminal to ask at. Run it in a terminal.")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        code = failed(
            f"Nothing more could be written{location_of(error)}: the disk is full. Make room and run it again."
        )
    flush()
    sys.exit(code)


def exit_code_of(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as end:
        if isinstance(end.code, str):
            return failed(end.code)
        return end.code or 0
    return 0


def prepare_streams() -> None:
    """Standard streams that exist and take any character, whatever the shell has closed or set."""
    os.environ["DJANGO_COLORS"] = "nocolor"  # colors are escape sequences, which are escaped like all others
    if sys.stderr is not None:
        sys.stderr.flush()
        sys.stderr = EscapingOutput(
            sys.stderr.buffer, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
        )
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - likewise
        return
    sys.stdout.flush()
    output: io.RawIOBase = ClosableOutput(sys.stdout.fileno(), "w", closefd=False)
    sys.stdout = EscapingOutput(
        io.BufferedWriter(output),
        encoding=sys.stdout.encoding,
        errors="backslashreplace",
        line_buffering=sys.stdout.isatty(),
    )


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end a command as Ctrl-C does: it closes what it has begun."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:  # `nohup` ignores SIGHUP, and that stays so
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(sentence: str, number: int) -> NoReturn:
    """Ends at once: requests that other threads still wait for would hold the process for their whole timeout."""
    write(sentence)
    flush()
    os._exit(STOPPED_BY_SIGNAL + number)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def failed(sentence: str) -> int:
    write(sentence)
    return FAILED


def write(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)


def location_of(error: OSError) -> str:
    return f" to {error.filename}" if isinstance(error.filename, str) else ""
