"""Log formatters for text and JSON lines, with the run, client and request that a line belongs to."""

import logging
from datetime import UTC, datetime

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from diagnostics.accounts import actor as acting
from diagnostics.redaction.redactor import Redactor
from diagnostics.text.cleaning import clean_text

LINES, JSON = "lines", "json"
FIELDS = ("method", "path", "status", "ms", "user")  # of a request
UNREDACTED_FIELDS = frozenset({"time", "level", "logger", "request_id", "method"})
MAX_LENGTH = 100_000
# Control characters that a terminal would obey, and characters it can't print.
ESCAPES = {
    number: repr(chr(number))[1:-1]
    for first, last in ((0, 31), (127, 159), (0x2028, 0x202E), (0x2066, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF))
    for number in range(first, last + 1)
}


def formatter(style: str) -> logging.Formatter:
    """Return a formatter for all records: ours and those of Django, Celery and other libraries."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=FIELDS),
        _add_time,
        _add_request,
        structlog.processors.format_exc_info,
        _redact,
    ]
    last: Processor = structlog.processors.JSONRenderer() if style == JSON else _as_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )


def _add_time(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    event["time"] = datetime.fromtimestamp(event["_record"].created, UTC).isoformat(timespec="milliseconds")
    return event


def _add_request(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    if id := acting.current_actor().request_id:
        event["request_id"] = id
    return event


def _redact(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Redact the message and traceback: an exception's message may quote what an org or a person sent."""
    for key, value in event.items():
        if isinstance(value, str) and key not in UNREDACTED_FIELDS:
            event[key] = Redactor().text(value[:MAX_LENGTH])
    return event


def _as_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Render time, level, logger, message, and the context in brackets."""
    time, level, source = event.pop("time"), event.pop("level").upper(), event.pop("logger")
    message = str(event.pop("event")).translate(ESCAPES)  # so that input can't start a new line
    traceback = clean_text(event.pop("exception", ""))
    context = " ".join(f"{key}={str(value).translate(ESCAPES)}" for key, value in event.items() if key not in FIELDS)
    line = f"{time.replace('T', ' ')} {level} {source}: {message}"
    return "\n".join(filter(None, (f"{line} [{context}]" if context else line, traceback)))
