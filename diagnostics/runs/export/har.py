"""The requests of a run as a HAR, version 1.2: what browsers and vendors' tools read. Pure."""

from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from diagnostics.genesys.exchange import Headers, HttpExchange

NOT_KNOWN = -1  # as the format says it
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
            "entries": [_entry(each) for each in exchanges],
            "comment": comment,
        }
    }


def _entry(each: HttpExchange) -> dict[str, Any]:
    """Of the time only the whole is known, so all of it was waiting."""
    ms = round(each.ms, 3)
    entry = {
        "startedDateTime": each.started_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "time": ms,
        "request": _request(each),
        "response": _response(each),
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
        "comment": f"Check {each.check_id}, correlation id {each.correlation_id or 'none'}",
    }
    return {**entry, "_error": each.error} if each.error else entry


def _request(each: HttpExchange) -> dict[str, Any]:
    request = {
        "method": each.method,
        "url": each.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(each.request_headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(each.url).query, keep_blank_values=True)
        ],
        "headersSize": NOT_KNOWN,
        "bodySize": NOT_KNOWN if each.method == "POST" else 0,
    }
    if not (each.method == "POST" and urlsplit(each.url).path.endswith("/oauth/token")):
        return request
    sent = "grant_type=client_credentials"
    params = [{"name": "grant_type", "value": "client_credentials"}]
    form = {"mimeType": "application/x-www-form-urlencoded", "params": params, "text": sent}
    return {**request, "bodySize": len(sent), "postData": form}


def _response(each: HttpExchange) -> dict[str, Any]:
    """Status 0 where no answer came. The text is the redacted body, so its size is that of the text."""
    kind = next((value for name, value in each.response_headers if name.lower() == "content-type"), "")
    place = next((value for name, value in each.response_headers if name.lower() == "location"), "")
    return {
        "status": each.status or 0,
        "statusText": REASONS.get(each.status or 0, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(each.response_headers),
        "content": {"size": len(each.body.encode()), "mimeType": kind or "application/octet-stream", "text": each.body},
        "redirectURL": place,
        "headersSize": NOT_KNOWN,
        "bodySize": NOT_KNOWN,
    }


def _pairs(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
