"""Does the broker answer, and what waits in its queues?"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from kombu import Connection

SECONDS = 2
KINDS = {
    "redis": "Redis or Valkey",
    "rediss": "Redis or Valkey, over TLS",
    "redis+socket": "Valkey on this machine",
    "amqp": "RabbitMQ",
    "amqps": "RabbitMQ, over TLS",
}


@dataclass(frozen=True)
class Broker:
    """`trouble` is one word for what went wrong; `queues` holds how many messages wait in each."""

    words: str
    answers: bool
    ms: float = 0.0
    trouble: str = ""
    queues: Mapping[str, int] = field(default_factory=dict)


def broker_state() -> Broker:
    """Never raises, and never takes much longer than two seconds."""
    words = describe_broker(settings.CELERY_BROKER_URL)
    began = time.perf_counter()
    try:
        with _connection() as connection:
            connection.ensure_connection(max_retries=1, timeout=SECONDS, reraise_as_library_errors=False)
            waiting = {name: _length(connection, name) for name in settings.QUEUES}
    except Exception as trouble:  # each transport has exceptions of its own
        return Broker(words, answers=False, trouble=type(trouble).__name__)
    return Broker(words, answers=True, ms=(time.perf_counter() - began) * 1000, queues=waiting)


def describe_broker(url: str) -> str:
    """Kind and host; neither user nor password."""
    parts = urlsplit(url)
    kind = KINDS.get(parts.scheme, parts.scheme)
    return f"{kind} at {parts.hostname}" if parts.hostname else kind


def _connection() -> Connection:
    limits = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS} if _is_redis() else {}
    made: Connection = current_app.connection_for_read(connect_timeout=SECONDS, transport_options=limits)
    return made


def _is_redis() -> bool:
    return settings.CELERY_BROKER_URL.startswith("redis")


def _length(connection: Connection, queue: str) -> int:
    """A queue that is not there, for nothing was ever sent to it or it ran empty, holds nothing."""
    with connection.channel() as channel:
        declare: Any = channel.queue_declare  # type: ignore[attr-defined]  # every transport has it
        try:
            return int(declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0
