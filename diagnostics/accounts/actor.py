"""Who acts now, and from where: a request's person, or somebody at the command line; else the product by itself."""

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
API_PREFIX = "/api/"
HEADER = "X-Request-ID"


def _no_person() -> Any:
    return None


@dataclass(frozen=True)
class Actor:
    """`person` is asked only when something is done: who a request comes from is known later than that it comes."""

    by: str = SYSTEM
    address: str | None = None
    request_id: str = ""
    person: Callable[[], Any] = _no_person
    account: str = ""  # of the machine, where no person of ours has signed in


_acting: ContextVar[Actor] = ContextVar("acting", default=Actor())  # noqa: B039 - frozen


def current_actor() -> Actor:
    return _acting.get()


@contextmanager
def acts(acting: Actor) -> Iterator[Actor]:
    token = _acting.set(acting)
    try:
        yield acting
    finally:
        _acting.reset(token)


@contextmanager
def at_the_command_line() -> Iterator[Actor]:
    """What is done within was done by the account that started the command."""
    with acts(Actor(CLI, account=f"{_account()}@{socket.gethostname()}", request_id=uuid4().hex)) as acting:
        yield acting


def by_request(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: gives each request an id of ours, none from outside, and remembers whose request it is."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        by = API if request.path.startswith(API_PREFIX) else WEB
        id = uuid4().hex
        with acts(Actor(by, address_of(request), id, lambda: getattr(request, "user", None))):
            response = get_response(request)
        response.headers[HEADER] = id
        return response

    return middleware


def address_of(request: HttpRequest) -> str | None:
    """Where the request comes from: what the outermost proxy of ours has seen, never what the far end says of itself."""
    given = request.META.get("REMOTE_ADDR", "")
    passed = [each.strip() for each in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if 0 < settings.TRUSTED_PROXIES <= len(passed):
        given = passed[-settings.TRUSTED_PROXIES]
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return None


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have them
        return "unnamed"
