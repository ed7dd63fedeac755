"""What goes along with a message to a worker: whose request it was, and which trace it belongs to."""

from typing import Any

import structlog
from celery import Task
from celery.result import AsyncResult

from diagnostics.accounts import actor as acting
from diagnostics.telemetry import tracing as traces

REQUEST = "x-request-id"


class CarriedTask(Task):  # type: ignore[type-arg]
    """Every task of ours. Its lines in the log name the request that it came from."""

    def apply_async(self, *args: Any, **options: Any) -> "AsyncResult[Any]":
        carried = {REQUEST: acting.current_actor().request_id, **traces.carrier()}
        options["headers"] = {**carried, **(options.get("headers") or {})}
        sent: AsyncResult[Any] = super().apply_async(*args, **options)
        return sent

    def __call__(self, *args: Any, **named: Any) -> Any:
        came = self._headers()
        here = acting.current_actor()
        name = self.name.rpartition(".")[2]
        within = acting.Actor(acting.SYSTEM, request_id=came[REQUEST]) if came.get(REQUEST) else here
        with (
            acting.acts(within),
            structlog.contextvars.bound_contextvars(task=name),
            traces.span(name, kind="consumer", parent=came),
        ):
            return self.run(*args, **named)

    def _headers(self) -> dict[str, str]:
        told = getattr(self.request, "headers", None) or {}
        return {str(key): str(value) for key, value in told.items() if isinstance(value, str)}
