"""Passes the request ID and trace context to workers in message headers."""

from typing import Any

import structlog
from celery import Task
from celery.result import AsyncResult

from diagnostics.accounts import actor as acting
from diagnostics.telemetry import tracing as traces

REQUEST_ID_HEADER = "x-request-id"


class ContextTask(Task):  # type: ignore[type-arg]
    """The base class of our tasks. Its log lines include the ID of the request that sent the task."""

    def apply_async(self, *args: Any, **options: Any) -> "AsyncResult[Any]":
        context = {REQUEST_ID_HEADER: acting.current_actor().request_id, **traces.carrier()}
        options["headers"] = {**context, **(options.get("headers") or {})}
        sent: AsyncResult[Any] = super().apply_async(*args, **options)
        return sent

    def __call__(self, *args: Any, **named: Any) -> Any:
        headers = self._headers()
        name = self.name.rpartition(".")[2]
        actor = acting.current_actor()
        if headers.get(REQUEST_ID_HEADER):
            actor = acting.Actor(acting.SYSTEM, request_id=headers[REQUEST_ID_HEADER])
        with (
            acting.acting_as(actor),
            structlog.contextvars.bound_contextvars(task=name),
            traces.span(name, kind="consumer", parent=headers),
        ):
            return self.run(*args, **named)

    def _headers(self) -> dict[str, str]:
        headers = getattr(self.request, "headers", None) or {}
        return {str(key): str(value) for key, value in headers.items() if isinstance(value, str)}
