"""The current actor: the user of a request, the account that runs a command, or the system."""

import getpass
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

WEB, API, CLI, SYSTEM = "web", "api", "cli", "system"
API_PREFIXES = ("/api/", "/mcp")
REQUEST_ID_HEADER = "X-Request-ID"
GetResponse = Callable[[HttpRequest], HttpResponseBase]  # of a middleware


@dataclass(frozen=True)
class Actor:
    """Who acts, and from which address. `person` is called lazily: middleware that runs later sets the request's user."""

    by: str = SYSTEM
    address: str | None = None
    request_id: str = ""
    person: Callable[[], Any] = lambda: None
    account: str = ""  # user@host of a command


_current: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - frozen


def current_actor() -> Actor:
    return _current.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)


@contextmanager
def command_line_actor() -> Iterator[Actor]:
    """Make the account that started the command the actor of the block."""
    with acting_as(Actor(CLI, account=f"{_account()}@{socket.gethostname()}", request_id=uuid4().hex)) as actor:
        yield actor


def set_request_actor(get_response: GetResponse) -> GetResponse:
    """Middleware: set the actor and a new request ID, and return the ID in X-Request-ID. IDs from outside are ignored."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        by = API if request.path.startswith(API_PREFIXES) else WEB
        id = uuid4().hex
        with acting_as(Actor(by, address_of(request), id, lambda: getattr(request, "user", None))):
            response = get_response(request)
        response.headers[REQUEST_ID_HEADER] = id
        return response

    return middleware


def address_of(request: HttpRequest) -> str | None:
    """Return the client's IP address as our outermost trusted proxy saw it, or None if it isn't an address."""
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if 0 < settings.TRUSTED_PROXIES <= len(forwarded):
        address = forwarded[-settings.TRUSTED_PROXIES]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run as accounts without a name
        return "unnamed"
