"""One endpoint as a plain WSGI app: login host and API host together, as a region has them."""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any
from urllib.parse import parse_qs

from diagnostics.demo import api, tokens
from diagnostics.demo.answers import ApiError, DemoResponse, error_answer, json_answer
from diagnostics.demo.hostile import Scene, spoil
from diagnostics.demo.log import LoggedRequest, RequestLog
from diagnostics.demo.orgs import DemoClient, Endpoint
from diagnostics.demo.rights import DemoCaller
from diagnostics.demo.routing import DemoRequest, DemoRoute, find_route
from diagnostics.demo.switch import SWITCH_PATH, switch
from diagnostics.demo.tokens import TokenStore

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
BODY_CAP = 1_000_000
DRAIN_CAP = 16_000_000
LOG_PATH = "/demo/requests"
logger = logging.getLogger(__name__)


class DemoApp:
    """Answers every request with something, whatever was sent; only `drop` and a gone client end without an answer."""

    def __init__(self, endpoint: Endpoint, log: RequestLog, stopping: Event | None = None) -> None:
        self.endpoint = endpoint
        self.log = log
        self.stopping = stopping or Event()
        self.tokens = TokenStore()
        self.routes: tuple[DemoRoute, ...] = api.GATEWAY_ROUTES if endpoint.has_gateway else api.ROUTES

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = self.answer(environ)
        if answer.drop:
            raise ConnectionResetError("the demo org ends this connection on purpose")
        start_response(answer.status_line, list(answer.headers))
        if answer.chunks is not None:
            return answer.chunks
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, environ: Environ) -> DemoResponse:
        """The answer with its correlation id, logged; a fault of our own is the documented 500."""
        context_id = str(uuid.uuid4())
        target = raw_target(environ)
        client_id = ""
        try:
            if target.partition("?")[0] == LOG_PATH:
                return json_answer(self.log.as_json())
            if target == SWITCH_PATH:
                return self.switch(environ, context_id)
            client_id, answer = self.respond(environ, target, context_id)
        except OSError:
            answer = DemoResponse(drop=True)  # the client went away, or never sent the body it announced
        except Exception:
            logger.exception("the demo org could not answer %s", target[:200])
            answer = error_answer(ApiError("internal.server.error"), context_id)
        method = environ["REQUEST_METHOD"]
        self.log.add(LoggedRequest(self.endpoint.key, method, target[:4000], answer.status, client_id))
        return replace(answer, headers=(*answer.headers, ("ININ-Correlation-Id", context_id)))

    def switch(self, environ: Environ, context_id: str) -> DemoResponse:
        """Not of the API: how the demo itself is changed while it runs."""
        try:
            body = read_body(environ)
            return switch(self.endpoint, environ["REQUEST_METHOD"], environ.get("CONTENT_TYPE", ""), body)
        except ApiError as error:
            return error_answer(error, context_id)

    def respond(self, environ: Environ, target: str, context_id: str) -> tuple[str, DemoResponse]:
        """The id of the client that asked, if it is known, and the answer."""
        path, _, query = target.partition("?")
        client: DemoClient | None = None
        headers: tuple[tuple[str, str], ...] = ()
        try:
            body = read_body(environ)
            if path == "/oauth/token":
                client, answer = self.respond_login(environ, body)
            else:
                caller, headers = self.authenticate(environ.get("HTTP_AUTHORIZATION", ""))
                client = caller.client if caller else None
                answer = self.respond_api(environ["REQUEST_METHOD"], path, query, body, caller)
        except ApiError as error:
            answer = error_answer(error, context_id)
        answer = replace(answer, headers=(*answer.headers, *headers))
        where = "login" if path == "/oauth/token" else "api"
        if client and client.behaviour.get("where") == where and client.behaviour.get("on", "") in target:
            port = str(environ.get("SERVER_PORT", ""))
            answer = spoil(Scene(answer, client.behaviour, self.stopping, target, port))
        return client.id if client else "", answer

    def respond_login(self, environ: Environ, body: bytes) -> tuple[DemoClient | None, DemoResponse]:
        if environ["REQUEST_METHOD"] != "POST":
            raise ApiError("method.not.allowed", headers=(("Allow", "POST"),))
        wanted = tokens.read_token_request(environ.get("HTTP_AUTHORIZATION", ""), body)
        org = self.endpoint.org_of(wanted.client_id)
        return org.client(wanted.client_id) if org else None, tokens.grant(self.endpoint, self.tokens, wanted)

    def authenticate(self, authorization: str) -> tuple[DemoCaller | None, tuple[tuple[str, str], ...]]:
        """Who is asking, None without a bearer token, and the rate-limit headers of the token."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            return None, ()
        used = self.tokens.use(text.strip())
        org = self.endpoint.org_of(used.client_id) if used else None
        client = org.client(used.client_id) if org and used else None
        if used is None or org is None or client is None or client.state != "active" or client.is_foreign:
            raise ApiError("bad.credentials")
        if used.count > tokens.PER_MINUTE:
            seconds = str(used.reset)
            raise ApiError("too.many.requests", (("Retry-After", seconds), *used.headers), seconds=seconds)
        return DemoCaller(org, client), used.headers

    def respond_api(self, method: str, path: str, query: str, body: bytes, caller: DemoCaller | None) -> DemoResponse:
        route, params = find_route(self.routes, method, path)
        values = {key: found[0] for key, found in parse_qs(query, errors="replace").items()}
        request = DemoRequest(self.endpoint, method, params, values, body, caller)
        try:
            if not route.public:
                request.caller.require_all(route.all_of)
                if route.any_of:
                    request.caller.require_any(route.any_of)
            return route.handle(request)
        except ApiError as error:
            if self.endpoint.has_gateway and error.status == 403:
                raise ApiError("not.found") from None  # the gateway hides what the caller may not see
            raise


def raw_target(environ: Environ) -> str:
    """The request target as it was sent; a server that does not pass it on gives the decoded path."""
    target = environ.get("RAW_TARGET")
    if isinstance(target, str):
        return target
    query = environ.get("QUERY_STRING", "")
    path = str(environ.get("PATH_INFO", "/"))
    return f"{path}?{query}" if query else path


def read_body(environ: Environ) -> bytes:
    """At most BODY_CAP bytes. A larger body is read away, so that the sender sees the answer and not a reset."""
    text = str(environ.get("CONTENT_LENGTH") or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ApiError("bad.request")
    length = int(text)
    stream = environ["wsgi.input"]
    if length <= BODY_CAP:
        return bytes(stream.read(length)) if length else b""
    for _ in drain(stream, min(length, DRAIN_CAP)):
        pass
    raise ApiError("request.entity.too.large", limit=str(BODY_CAP))


def drain(stream: Any, length: int) -> Iterator[int]:
    while length > 0:
        piece = stream.read(min(length, 65_536))
        if not piece:
            return
        length -= len(piece)
        yield length
