"""Runs a command in a terminal: handles closed pipes, signals, a full disk and missing standard streams."""

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
STOPPED_BY_SIGNAL = 128  # plus the number of the signal, as in shells

# Control characters and bidirectional overrides, except tab and newline. Stored rows of earlier versions may have them.
ESCAPED = {
    number: f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    for first, last in ((0, 8), (11, 31), (127, 159), (0x2028, 0x202E), (0x2066, 0x2069), (0xFEFF, 0xFEFF))
    for number in range(first, last + 1)
}


class Terminated(BaseException):
    """SIGTERM or SIGHUP was received. Not an Exception, so that only cleanup code catches it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class ClosableOutput(io.FileIO):
    """Writes to a file descriptor until its reader closes the pipe, as `head` does; drops the rest.

    The command continues, so its effects and its exit code don't depend on the reader.
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
            self.is_closed_by_reader = True  # reported once, by the caller of this write
            raise


class EscapingOutput(io.TextIOWrapper):
    """Text output with control characters escaped, so that stored text cannot control the terminal."""

    def write(self, text: str, /) -> int:
        super().write(text.translate(ESCAPED))
        return len(text)


def run(command: Callable[[], None]) -> NoReturn:
    """Run the command and exit with its code. Signals, a missing terminal and a full disk print one message."""
    prepare_streams()
    try:
        with terminating_signals():
            code = exit_code_of(command)
            sys.stdout.flush()
    except KeyboardInterrupt:
        stop("Stopped.", signal.SIGINT)
    except Terminated as terminated:
        stop("Stopped by a signal.", terminated.number)
    except EOFError:
        code = report_failure("This command asks for input. Run it in a terminal.")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        code = report_failure(f"Can't write{location_of(error)}: the disk is full. Free some space and run it again.")
    flush()
    sys.exit(code)


def exit_code_of(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as exc:
        if isinstance(exc.code, str):
            return report_failure(exc.code)
        return exc.code or 0
    return 0


def prepare_streams() -> None:
    """Replace the standard streams by ones that exist and accept any character, whatever the shell has set."""
    os.environ["DJANGO_COLORS"] = "nocolor"  # color codes would be escaped
    if sys.stderr is not None:
        sys.stderr.flush()
        sys.stderr = EscapingOutput(
            sys.stderr.buffer, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
        )
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open until the process exits
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
def terminating_signals() -> Iterator[None]:
    """Raise Terminated on SIGTERM and SIGHUP, so that the command cleans up as on Ctrl-C."""

    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated(number)

    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in previous.items():
        if handler is signal.SIG_DFL:  # keeps `nohup`, which ignores SIGHUP
            signal.signal(number, terminate)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def stop(sentence: str, number: int) -> NoReturn:
    """Exit without waiting for other threads, whose pending requests would delay it until their timeout."""
    write(sentence)
    flush()
    os._exit(STOPPED_BY_SIGNAL + number)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def report_failure(sentence: str) -> int:
    write(sentence)
    return FAILED


def write(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)


def location_of(error: OSError) -> str:
    return f" to {error.filename}" if isinstance(error.filename, str) else ""
