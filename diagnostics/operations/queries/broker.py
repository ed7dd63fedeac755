"""The state of the broker and its queues."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from kombu import Connection

TIMEOUT_SECONDS = 2
TRANSPORTS = {
    "redis": "Redis or Valkey",
    "rediss": "Redis or Valkey, over TLS",
    "redis+socket": "Valkey on this machine",
    "amqp": "RabbitMQ",
    "amqps": "RabbitMQ, over TLS",
}


@dataclass(frozen=True)
class Broker:
    """`error` is the class of the error, `queues` the number of waiting messages by queue."""

    description: str
    answers: bool
    ms: float = 0.0
    error: str = ""
    queues: Mapping[str, int] = field(default_factory=dict)


def broker_state() -> Broker:
    """Never raises. Takes about two seconds at most."""
    description = describe_broker(settings.CELERY_BROKER_URL)
    began = time.perf_counter()
    try:
        with _connection() as connection:
            connection.ensure_connection(max_retries=1, timeout=TIMEOUT_SECONDS, reraise_as_library_errors=False)
            waiting = {name: _length(connection, name) for name in settings.QUEUES}
    except Exception as error:  # each transport has its own exceptions
        return Broker(description, answers=False, error=type(error).__name__)
    return Broker(description, answers=True, ms=(time.perf_counter() - began) * 1000, queues=waiting)


def describe_broker(url: str) -> str:
    """Kind and host, without user and password."""
    parts = urlsplit(url)
    kind = TRANSPORTS.get(parts.scheme, parts.scheme)
    return f"{kind} at {parts.hostname}" if parts.hostname else kind


def _connection() -> Connection:
    limits = {"socket_connect_timeout": TIMEOUT_SECONDS, "socket_timeout": TIMEOUT_SECONDS} if _is_redis() else {}
    connection: Connection = current_app.connection_for_read(connect_timeout=TIMEOUT_SECONDS, transport_options=limits)
    return connection


def _is_redis() -> bool:
    return settings.CELERY_BROKER_URL.startswith("redis")


def _length(connection: Connection, queue: str) -> int:
    """0 for a queue that doesn't exist: some transports delete an empty queue."""
    with connection.channel() as channel:
        declare: Any = channel.queue_declare  # type: ignore[attr-defined]  # every transport has it
        try:
            return int(declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0
