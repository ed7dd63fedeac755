"""Reads calls and responses in logs: an SDK's exception, an access log, a line with a status and a correlation ID."""

import ast
import json
import re
from functools import partial
from itertools import islice

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import ComposedBody, Draft, DraftResponse, Headers
from diagnostics.parsing.response_text import is_response_body, json_at, status_in
from diagnostics.text import time_budget

STATUS = re.compile(
    r"ApiException:?\s{0,3}\((?P<python>[1-5]\d\d)\)"
    r"|\b(?:http[_ ]?)?status(?:[_ -]?code)?[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<named>[1-5]\d\d)\b"
    r"|\bstatus code (?:of )?(?P<words>[1-5]\d\d)\b|\b(?:ErrorCode|errorCode|error code)[\"']?\s{0,3}[:=]\s{0,3}(?P<net>[1-5]\d\d)\b"
    r"|\breturned an error: \((?P<windows>[1-5]\d\d)\)"
    r"|\bAPI Error:? (?P<go>[1-5]\d\d)\b|\b(?P<client>[45]\d\d) (?:Client|Server) Error\b",
    re.IGNORECASE,
)
ACCESS = re.compile(
    r"\"(?P<method>[A-Z]{3,10}) (?P<url>\S{1,4000}) HTTP/\d(?:\.\d)?\"[ \t]{1,3}(?P<status>[1-5]\d\d)\b"
    r"|\b(?P<method3>[A-Z]{3,7}) (?P<url3>https?://\S{1,4000}) \"HTTP/\d(?:\.\d)? (?P<status3>[1-5]\d\d)\b"
    r"|(?<![\w-])method[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<method2>[A-Z]{3,10})\b[^\n]{0,300}?"
    r"(?<![\w-])(?:url|uri|path)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<url2>[^\s\"',;]{2,4000})"
)
HOST_BEFORE = re.compile(r"(https?://[\w.-]{3,200}(?::\d{1,5})?)[\"' ]{1,2}$")
CORRELATION = re.compile(
    r"\b(?:inin-)?correlation[-_ ]?id[\"']?\s{0,3}(?:[:=]|\bis\b)?\s{0,3}\[?[\"']?(?P<id>[0-9A-Za-z][0-9A-Za-z-]{7,63})",
    re.IGNORECASE,
)
CODE = re.compile(
    r"(?:\b(?:(?:error)?_?code|código|codigo|codice|fehlercode|code d[’']erreur|код)[\"']?\s{0,3}[:=]?|"
    r"(?:エラー)?コード\s{0,3}[:：は]|(?:错误)?代码\s{0,3}[:：]|(?<![\w.-])[45]\d\d[ \t:(,–—-]{1,4})\s{0,3}(?:[\"'`(]|«\s?)?"
    r"(?P<code>(?-i:[a-z][a-z_]{0,40}(?:\.[a-z_]{1,40}){1,8}))(?![\w.:/-]*[\w:/-])",
    re.IGNORECASE,
)
MESSAGE = re.compile(
    r"\bmessage[\"']?\s{0,3}[:=]\s{0,3}(?P<quote>[\"'])(?P<text>[^\"'\n]{1,300})(?P=quote)", re.IGNORECASE
)
BODY = re.compile(
    r"(?:response body|body|Error calling \w{1,120}|content|Response)[\"']?\s{0,3}[:=]\s{0,3}[\"'`]?(?=\{)",
    re.IGNORECASE,
)
HEADERS = re.compile(r"HTTPHeaderDict\((?P<dict>\{[^{}]{0,8000}\})\)")


def response_in_log(text: str) -> DraftResponse | None:
    """The response in a log; None if it has neither a status nor an error body."""
    body, status = _body(text)
    found = STATUS.search(text)
    time_budget.check()
    if found and (digits := next((value for value in found.groups() if value), "")):
        status = int(digits)
    if status is None and body is None:
        return None
    headers = _headers(text)
    if body is None and (code := CODE.search(text)):
        message = MESSAGE.search(text)
        fields = {"message": message["text"] if message else "", "code": code["code"], "status": status}
        body = ComposedBody(json.dumps(fields))
    return DraftResponse(status, headers, body)


def logged_calls(text: str) -> list[CallSpan]:
    """The calls in lines of a log that have a method and an address."""
    found = islice(time_budget.checked(ACCESS.finditer(text)), MAX_CANDIDATES)
    return [CallSpan(line.start(), line.end(), partial(_read, text, line)) for line in found]


def _read(text: str, found: re.Match[str], until: int) -> Draft:
    draft = Draft("log", method=found["method"] or found["method2"] or found["method3"])
    draft.url = found["url"] or found["url2"] or found["url3"]
    if draft.url.startswith("/") and (host := HOST_BEFORE.search(text, max(0, found.start() - 300), found.start())):
        draft.url = host[1].removesuffix(":443") + draft.url  # as urllib3 logs it
    draft.note("taken", "The call was read from a line of a log, which shows neither its headers nor its body.")
    if status := found["status"] or found["status3"]:
        draft.response = DraftResponse(int(status))
    return draft


def _body(text: str) -> tuple[str | None, int | None]:
    """The error body that an SDK's exception prints, and the status in it."""
    for start in islice(time_budget.checked(BODY.finditer(text)), 10):
        found = json_at(text, start.end())
        if found and is_response_body(found[0]):
            return text[start.end() : found[1]], status_in(found[0])
    return None, None


def _headers(text: str) -> Headers:
    shown = HEADERS.search(text)
    headers = dict_headers(shown["dict"]) if shown else []
    named = any("correlation-id" in name.lower() for name, _ in headers)
    if not named and (known := CORRELATION.search(text)) and any(c.isdigit() for c in known["id"]):
        headers.append(("ININ-Correlation-Id", known["id"]))
    return headers


def dict_headers(text: str) -> Headers:
    """The headers in a dictionary that Python printed; [] for other text."""
    try:
        pairs = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return []
    return [(str(name), str(value)) for name, value in pairs.items()] if isinstance(pairs, dict) else []
