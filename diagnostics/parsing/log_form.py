"""Reads calls and responses in logs: an SDK's exception, an access log, a line with a status and a correlation ID."""

import ast
import re
from functools import partial
from itertools import islice

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import Draft, DraftResponse, Headers
from diagnostics.parsing.short_form import add_concatenated
from diagnostics.text import time_budget

ACCESS = re.compile(
    r"\"(?P<method>[A-Z]{3,10}) (?P<url>\S{1,4000}) HTTP/\d(?:\.\d)?\"[ \t]{1,3}(?P<status>[1-5]\d\d)\b"
    r"|\b(?P<method3>[A-Z]{3,7}) (?P<url3>https?://\S{1,4000}) \"HTTP/\d(?:\.\d)? (?P<status3>[1-5]\d\d)\b"
    r"|(?<![\w-])method[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<method2>[A-Z]{3,10})\b[^\n]{0,300}?"
    r"(?<![\w-])(?:url|uri|path)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<url2>(?!#)(?=[^\s\"',;]{0,4000}/)[^\s\"',;]{2,4000})"
)
HOST_BEFORE = re.compile(r"(https?://[\w.-]{3,200}(?::\d{1,5})?)[\"' ]{1,2}$")
CODE = re.compile(
    r"(?:\b(?:(?:error)?_?code|código|codigo|codice|fehlercode|code d[’']erreur|код)[\"']?\s{0,3}[:=]?|"
    r"(?:エラー)?コード\s{0,3}[:：は]|(?:错误)?代码\s{0,3}[:：]|(?<![\w.-])[45]\d\d[ \t:(,–—-]{1,4})\s{0,3}(?:[\"'`(]|«\s?)?"
    r"(?P<code>(?-i:[a-z][a-z_]{0,40}(?:\.[a-z_]{1,40}){1,8}))(?![\w/-]|[.:][\w:/-])",
    re.IGNORECASE,
)
HEADERS = re.compile(r"HTTPHeaderDict\((?P<dict>\{[^{}]{0,8000}\})\)")


def logged_calls(text: str) -> list[CallSpan]:
    """The calls in lines of a log that have a method and an address."""
    found = islice(time_budget.checked(ACCESS.finditer(text)), MAX_CANDIDATES)
    return [CallSpan(line.start(), line.end(), partial(_read, text, line)) for line in found]


def _read(text: str, found: re.Match[str], until: int) -> Draft:
    draft = Draft("log", method=found["method"] or found["method2"] or found["method3"])
    draft.url = found["url"] or found["url2"] or found["url3"]
    if draft.url.startswith("/") and (host := HOST_BEFORE.search(text, max(0, found.start() - 300), found.start())):
        draft.url = host[1].removesuffix(":443") + draft.url  # as urllib3 logs it
    if found["url2"]:
        add_concatenated(draft, text, found.end())
    draft.note("taken", "The call was read from a line of a log, which shows neither its headers nor its body.")
    if status := found["status"] or found["status3"]:
        draft.response = DraftResponse(int(status))
    return draft


def dict_headers(text: str) -> Headers:
    """The headers in a dictionary that Python printed; [] for other text."""
    try:
        pairs = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return []
    return [(str(name), str(value)) for name, value in pairs.items()] if isinstance(pairs, dict) else []
