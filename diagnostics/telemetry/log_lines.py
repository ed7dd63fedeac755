"""How a line of the log looks, as text or as JSON; each says which run, client and request it belongs to."""

import logging
from datetime import UTC, datetime

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from diagnostics.accounts import actor as acting
from diagnostics.redaction.redactor import Redactor
from diagnostics.text.cleaning import clean_text

LINES, JSON = "lines", "json"
FIELDS = ("method", "path", "status", "ms", "user")  # of a request
PLAIN = frozenset({"time", "level", "logger", "request_id", "method"})
LONGEST = 100_000
# What a terminal would obey, or could not print.
ESCAPED = {
    number: repr(chr(number))[1:-1]
    for first, last in ((0, 31), (127, 159), (0x2028, 0x202E), (0x2066, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF))
    for number in range(first, last + 1)
}


def formatter(style: str) -> logging.Formatter:
    """For every record, whoever logs it: ours, Django's, Celery's and the libraries'."""
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
    """Of every line, whoever logs it, and of its traceback: an exception's text may quote what an org or a person sent."""
    for key, value in event.items():
        if isinstance(value, str) and key not in PLAIN:
            event[key] = Redactor().text(value[:LONGEST])
    return event


def _as_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Time, level, logger and sentence, as people read them, and in brackets what the line belongs to."""
    time, level, source = event.pop("time"), event.pop("level").upper(), event.pop("logger")
    said = str(event.pop("event")).translate(ESCAPED)  # what others wrote cannot begin a line of its own
    trouble = clean_text(event.pop("exception", ""))
    belongs = " ".join(f"{key}={str(value).translate(ESCAPED)}" for key, value in event.items() if key not in FIELDS)
    line = f"{time.replace('T', ' ')} {level} {source}: {said}"
    return "\n".join(filter(None, (f"{line} [{belongs}]" if belongs else line, trouble)))
