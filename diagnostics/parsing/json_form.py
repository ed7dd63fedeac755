"""Reads a call written as JSON: {method, url, headers, body}, with or without its response."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.candidates import Candidate
from diagnostics.parsing.draft import MAX_HEADERS, Draft, DraftResponse, guess_method, method_in
from diagnostics.parsing.exchange_values import exchange_in
from diagnostics.parsing.har import candidate_of, is_entry
from diagnostics.parsing.object_form import draft_of
from diagnostics.parsing.postman import candidate_of_item, candidates_in_collection, is_collection, is_item
from diagnostics.parsing.response_text import is_response_body, status_in
from diagnostics.parsing.snippets import name_expressions
from diagnostics.parsing.times import time_in
from diagnostics.parsing.values import headers_in, pairs_of
from diagnostics.text import time_budget
from diagnostics.text.cleaning import read_json

URL_KEYS = ("url", "uri", "path")
CALL_KEYS = ("call", "request")
RESPONSE_KEYS = ("answer", "response")
STATUS_KEYS = ("status", "statusCode", "status_code", "http_status")
CORRELATION_KEYS = ("ININ-Correlation-Id", "inin-correlation-id", "correlationId", "correlation_id")
WRITTEN_FROM = ("har", "postman")  # formats of which this product writes the calls as JSON
KNOWN = {"form", "method", "headers", "body", "sdk_method"}.union(
    URL_KEYS, CALL_KEYS, RESPONSE_KEYS, STATUS_KEYS, CORRELATION_KEYS
)
MAX_CALLS = 5_000


def load(text: str) -> Any:
    """The JSON value of a text. Raises Unreadable with the place where it stops being JSON."""
    try:
        return read_json(text)
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"This begins like JSON, but stops being JSON at line {error.lineno}, column {error.colno} "
            f"({error.msg}). Fix it there, or paste the call as curl or as raw HTTP."
        ) from None
    except ValueError:
        raise Unreadable(
            "This JSON is nested too deeply or has a number too long to parse. "
            "Paste only the call: {method, url, headers, body}."
        ) from None


def lines_of_json(text: str) -> list[Any] | None:
    """The values of a log with one JSON object per line; None for other text."""
    lines = [line for line in text.split("\n")[:MAX_CALLS] if line.strip()]
    if len(lines) < 2 or not all(
        line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in time_budget.checked(lines)
    ):
        return None
    try:
        return [read_json(line) for line in time_budget.checked(lines)]
    except ValueError:
        return None


def candidates_in_json(value: Any, text: str) -> list[Candidate]:
    """The calls in a JSON value: in this product's own format, a HAR's or Postman's."""
    if isinstance(value, list) and (rows := [row for row in value[:MAX_CALLS] if _is_call(row)]):
        return [candidate for row in rows for candidate in candidates_in_json(row, "")]
    if isinstance(value, list) and (entries := [row for row in value[:MAX_CALLS] if _has_call(row)]):
        return [Candidate.of(partial(read_json_call, row, "")) for row in entries]
    if is_entry(value):
        return [candidate_of(value)]
    if is_collection(value):
        return candidates_in_collection(value)
    if is_item(value):
        return [candidate_of_item(value)]
    return [Candidate.of(partial(read_json_call, value, text))]


def _is_call(row: Any) -> bool:
    time_budget.check()
    if not isinstance(row, dict):
        return False
    call = next((row[key] for key in CALL_KEYS if isinstance(row.get(key), dict)), row)
    return is_item(row) or any(isinstance(call.get(key), str) and call[key] for key in (*URL_KEYS, "sdk_method"))


def _has_call(row: Any) -> bool:
    time_budget.check()
    return isinstance(row, dict) and bool(exchange_in(row).url)


def _completed(response: DraftResponse | None, value: dict[str, Any]) -> DraftResponse | None:
    """The response with the body and the correlation ID from other fields of a log entry."""
    if response is None or response.body is not None or response.network_error:
        return response
    found = exchange_in(value).response
    return found if found is not None and response.status in (None, found.status) else response


def read_json_call(value: Any, text: str) -> Draft:
    if not isinstance(value, dict):
        raise Unreadable(
            f"This is a JSON {_kind(value)}, and a call is a JSON object. Write it as {{method, url, headers, body}}."
        )
    call = next((value[key] for key in CALL_KEYS if isinstance(value.get(key), dict)), value)
    draft = Draft("json", time=time_in(value))
    draft.url = next((call[key] for key in URL_KEYS if isinstance(call.get(key), str)), "").strip()
    draft.response = read_json_response(next((value[key] for key in RESPONSE_KEYS if value.get(key) is not None), None))
    draft.sdk_method = call["sdk_method"].strip()[:200] if isinstance(call.get("sdk_method"), str) else ""
    variables = call.get("variables")
    draft.variables = tuple(str(variable)[:80] for variable in variables[:20]) if isinstance(variables, list) else ()
    draft.form = call["form"] if call.get("form") in WRITTEN_FROM else draft.form
    if draft.has_call:
        _read_call(draft, call)
        if not draft.headers and draft.body is None:  # a log uses other keys for them
            exchange = exchange_in(value)
            draft.headers, draft.body = list(exchange.headers), exchange.body
        draft.response = _completed(draft.response or _logged_response(draft, value), value)
    elif (exchange := exchange_in(value, text)).url:
        return replace(draft_of(exchange), time=draft.time)
    elif draft.response is None:
        draft.response = _response_alone(value, text)
    if dropped := [key for key in {**value, **call} if key not in KNOWN and draft.has_call]:
        draft.note("dropped", f"Other fields were left out: {len(dropped)}.")
    return draft


def _read_call(draft: Draft, call: dict[str, Any]) -> None:
    draft.note("taken", "The call was read from JSON.")
    draft.method = method_in(call.get("method"))
    if not draft.method and call.get("method") not in (None, ""):
        draft.note("dropped", "The method isn't an HTTP method, so it was left out.")
    draft.headers = headers_in(call.get("headers"), MAX_HEADERS)
    if len(pairs_of(call.get("headers"))) > MAX_HEADERS:
        draft.note("dropped", f"Headers after the first {MAX_HEADERS} were left out.")
    draft.body = _body(call.get("body"))
    draft.body_unknown = not {"body", "headers"} & call.keys()  # as in a line of a log
    guess_method(draft)
    name_expressions(draft)


def _logged_response(draft: Draft, value: dict[str, Any]) -> DraftResponse | None:
    """The response in a JSON log entry that has a status, and perhaps a correlation ID, next to the call."""
    status = next((found for key in STATUS_KEYS if (found := status_in({"status": value.get(key)}))), None)
    if status is None:
        return None
    draft.note("taken", f"The status {status} next to the call was read as its response.")
    ids = [value[key] for key in CORRELATION_KEYS if isinstance(value.get(key), str)]
    return DraftResponse(status, [("ININ-Correlation-Id", ids[0])] if ids else [])


def _response_alone(value: dict[str, Any], text: str) -> DraftResponse:
    response = read_json_response(value, text)
    if response is None:
        raise Unreadable(
            "This JSON object has no url, so it isn't a call; it may be the body of one. "
            "Paste the whole call: {method, url, headers, body}, curl, raw HTTP, or one line such as POST /api/v2/..."
        )
    return response


def read_json_response(value: Any, text: str = "") -> DraftResponse | None:
    """The response in {status, headers, body}, {network_error} or an error body; None for any other value.

    `text` is the text of the value, so that an error body stays as pasted.
    """
    if not isinstance(value, dict):
        return None
    error = value.get("network_error")
    if isinstance(error, str) and error.strip():
        return DraftResponse(network_error=error.strip())
    if {"headers", "body"}.intersection(value) or (status_in(value) is not None and len(value) == 1):
        status = status_in(value)
        return DraftResponse(status, headers_in(value.get("headers"), MAX_HEADERS), _body(value.get("body")))
    if is_response_body(value):
        return DraftResponse(status_in(value), [], text or json.dumps(value, ensure_ascii=False))
    return None


def _body(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _kind(value: Any) -> str:
    return {list: "list", str: "string", bool: "value", type(None): "value"}.get(type(value), "number")
