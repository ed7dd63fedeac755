"""The WSGI app of one demo endpoint, which serves both the login host and the API host of a region."""

import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event
from typing import Any
from urllib.parse import parse_qs

from diagnostics.demo import api, tokens
from diagnostics.demo.hostile import HostileContext, spoil
from diagnostics.demo.log import LoggedRequest, RequestLog
from diagnostics.demo.orgs import DemoClient, Endpoint
from diagnostics.demo.responses import ApiError, DemoResponse, error_response, json_response
from diagnostics.demo.routing import DemoCaller, DemoRequest, DemoRoute, find_route
from diagnostics.demo.switch import SWITCH_PATH, switch
from diagnostics.demo.tokens import Allowance, TokenStore

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
BODY_CAP = 1_000_000
DRAIN_CAP = 16_000_000
LOG_PATH = "/demo/requests"
logger = logging.getLogger(__name__)


class DemoApp:
    """Responds to any request, however malformed, unless the response is a `drop` or the client is gone."""

    def __init__(
        self, endpoint: Endpoint, log: RequestLog, stopping: Event | None = None, allowance: Allowance | None = None
    ) -> None:
        self.endpoint = endpoint
        self.log = log
        self.stopping = stopping or Event()
        self.tokens = TokenStore(allowance)
        self.routes: tuple[DemoRoute, ...] = api.GATEWAY_ROUTES if endpoint.has_gateway else api.ROUTES

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = self.handle(environ)
        if response.drop:
            raise ConnectionResetError("the demo org ends this connection on purpose")
        start_response(response.status_line, list(response.headers))
        if response.chunks is not None:
            return response.chunks
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def handle(self, environ: Environ) -> DemoResponse:
        """Responds, adds the correlation ID and logs the request. Our own errors become the documented 500."""
        context_id = str(uuid.uuid4())
        target = raw_target(environ)
        client_id = ""
        try:
            if target.partition("?")[0] == LOG_PATH:
                return json_response(self.log.as_json())
            if target == SWITCH_PATH:
                return self.switch(environ, context_id)
            client_id, response = self.respond(environ, target, context_id)
        except OSError:
            response = DemoResponse(drop=True)  # the client went away, or never sent the body it announced
        except Exception:
            logger.exception("the demo org could not answer %s", target[:200])
            response = error_response(ApiError("internal.server.error"), context_id)
        method = environ["REQUEST_METHOD"]
        self.log.add(LoggedRequest(self.endpoint.key, method, target[:4000], response.status, client_id))
        return replace(response, headers=(*response.headers, ("ININ-Correlation-Id", context_id)))

    def switch(self, environ: Environ, context_id: str) -> DemoResponse:
        """Changes the demo orgs while they run. Not a part of the Genesys Cloud API."""
        try:
            body = read_body(environ)
            return switch(self.endpoint, environ["REQUEST_METHOD"], environ.get("CONTENT_TYPE", ""), body)
        except ApiError as error:
            return error_response(error, context_id)

    def respond(self, environ: Environ, target: str, context_id: str) -> tuple[str, DemoResponse]:
        """The ID of the calling client ("" if unknown) and the response."""
        path, _, query = target.partition("?")
        client: DemoClient | None = None
        headers: tuple[tuple[str, str], ...] = ()
        try:
            body = read_body(environ)
            if path == "/oauth/token":
                client, response = self.respond_login(environ, body)
            else:
                caller, headers = self.authenticate(environ.get("HTTP_AUTHORIZATION", ""))
                client = caller.client if caller else None
                response = self.respond_api(environ["REQUEST_METHOD"], path, query, body, caller)
        except ApiError as error:
            response = error_response(error, context_id)
        response = replace(response, headers=(*response.headers, *headers))
        host = "login" if path == "/oauth/token" else "api"
        if client and client.behaviour.get("where") == host and client.behaviour.get("on", "") in target:
            port = str(environ.get("SERVER_PORT", ""))
            response = spoil(HostileContext(response, client.behaviour, self.stopping, target, port))
        return client.id if client else "", response

    def respond_login(self, environ: Environ, body: bytes) -> tuple[DemoClient | None, DemoResponse]:
        if environ["REQUEST_METHOD"] != "POST":
            raise ApiError("method.not.allowed", headers=(("Allow", "POST"),))
        token_request = tokens.read_token_request(environ.get("HTTP_AUTHORIZATION", ""), body)
        org = self.endpoint.org_of(token_request.client_id)
        client = org.client(token_request.client_id) if org else None
        return client, tokens.grant(self.endpoint, self.tokens, token_request)

    def authenticate(self, authorization: str) -> tuple[DemoCaller | None, tuple[tuple[str, str], ...]]:
        """The caller (None without a bearer token) and the rate-limit headers for its token."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            return None, ()
        token_use = self.tokens.use(text.strip())
        org = self.endpoint.org_of(token_use.client_id) if token_use else None
        client = org.client(token_use.client_id) if org and token_use else None
        if token_use is None or org is None or client is None or client.state != "active" or client.is_foreign:
            raise ApiError("bad.credentials")
        if token_use.count > token_use.allowed:
            seconds = str(token_use.reset)
            raise ApiError("too.many.requests", (("Retry-After", seconds), *token_use.headers), seconds=seconds)
        return DemoCaller(org, client), token_use.headers

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
                raise ApiError("not.found") from None  # the gateway hides what the caller may not access
            raise


def raw_target(environ: Environ) -> str:
    """The request target as sent, or the decoded path if the server doesn't provide it."""
    target = environ.get("RAW_TARGET")
    if isinstance(target, str):
        return target
    query = environ.get("QUERY_STRING", "")
    path = str(environ.get("PATH_INFO", "/"))
    return f"{path}?{query}" if query else path


def read_body(environ: Environ) -> bytes:
    """Reads at most BODY_CAP bytes. A larger body is drained, so that the sender gets the 413 and not a reset."""
    text = str(environ.get("CONTENT_LENGTH") or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ApiError("bad.request")
    length = int(text)
    stream = environ["wsgi.input"]
    if length <= BODY_CAP:
        return bytes(stream.read(length)) if length else b""
    left = min(length, DRAIN_CAP)
    while left > 0 and (piece := stream.read(min(left, 65_536))):
        left -= len(piece)
    raise ApiError("request.entity.too.large", limit=str(BODY_CAP))
