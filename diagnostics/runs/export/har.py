"""The requests of a run as a HAR 1.2 file, for browsers and vendors' tools. Pure."""

from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from diagnostics.genesys.exchange import Headers, HttpExchange

UNKNOWN = -1  # as defined by HAR 1.2
REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


def har(exchanges: tuple[HttpExchange, ...], *, version: str, comment: str) -> dict[str, Any]:
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Cobrowse Doctor", "version": version},
            "pages": [],
            "entries": [_entry(exchange) for exchange in exchanges],
            "comment": comment,
        }
    }


def _entry(exchange: HttpExchange) -> dict[str, Any]:
    """Only the total time is known, so all of it counts as waiting."""
    ms = round(exchange.ms, 3)
    entry = {
        "startedDateTime": exchange.started_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "time": ms,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
        "comment": f"Check {exchange.check_id}, correlation ID {exchange.correlation_id or 'none'}",
    }
    return {**entry, "_error": exchange.error} if exchange.error else entry


def _request(exchange: HttpExchange) -> dict[str, Any]:
    request = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        ],
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN if exchange.method == "POST" else 0,
    }
    if not (exchange.method == "POST" and urlsplit(exchange.url).path.endswith("/oauth/token")):
        return request
    body = "grant_type=client_credentials"
    params = [{"name": "grant_type", "value": "client_credentials"}]
    form = {"mimeType": "application/x-www-form-urlencoded", "params": params, "text": body}
    return {**request, "bodySize": len(body), "postData": form}


def _response(exchange: HttpExchange) -> dict[str, Any]:
    """Status 0 if there was no response. The text is the redacted body, and the size is that of the text."""
    content_type = next((value for name, value in exchange.response_headers if name.lower() == "content-type"), "")
    location = next((value for name, value in exchange.response_headers if name.lower() == "location"), "")
    return {
        "status": exchange.status or 0,
        "statusText": REASONS.get(exchange.status or 0, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": {
            "size": len(exchange.body.encode()),
            "mimeType": content_type or "application/octet-stream",
            "text": exchange.body,
        },
        "redirectURL": location,
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _pairs(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
