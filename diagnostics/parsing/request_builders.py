"""Completes a call whose address was found in a program that builds its request step by step: the method and the body.

OkHttp, Java's HttpClient and HttpURLConnection, Apache HttpClient, Apex, PHP's curl and Guzzle, Ruby's Net::HTTP, RestSharp.
"""

import json
import re

from diagnostics.parsing.draft import METHODS, Draft, method_in
from diagnostics.parsing.objects import objects_in
from diagnostics.parsing.response_text import is_response_body
from diagnostics.parsing.values import text_of

BEFORE, AFTER = 300, 2_000  # characters of the program around the address
NAMES = "|".join(sorted(METHODS))
# A method directly before the address.
NAMED_BEFORE = re.compile(
    rf"(?i:\bnew\s{{1,3}}Http(?P<apache>{NAMES})\s?\(|Net::HTTP(?:::|\.)(?P<ruby>{NAMES})(?:\.new)?\s?\()[^()\n;]{{0,60}}$"
    rf"|(?i:\.(?P<spring>{NAMES})\(\)\s{{0,20}}\.uri\(\s?[\"']?$)|(?i:\.(?P<template>get|post|put|patch|delete)For(?:Object|Entity|Location)\([\"']?$)"
    rf"|[\"'](?P<listed>{NAMES})[\"']\s{{0,4}},\s{{0,4}}(?:new \w{{1,20}}\(|URI\()?[frb$]?[\"'`]?$"
)
# A method that a later step sets.
SET_LATER = re.compile(
    rf"\.\s?(?P<java>{NAMES})\s?\(|\.(?:method|setMethod|setRequestMethod|withMethod|httpMethod)\s?[(=]\s?[\"'](?P<named>[A-Za-z]{{3,7}})[\"']"
    rf"|(?i:\bNet::HTTP::(?P<ruby>{NAMES})\.new|\bHttpMethod\.(?P<dotnet>{NAMES})\b|\bMethod\.(?P<restsharp>{NAMES})\b)"
    r"|CURLOPT_CUSTOMREQUEST\s{0,3}(?:,|=>)\s{0,3}[\"'](?P<php>[A-Za-z]{3,7})[\"']"
    r"|(?P<post>CURLOPT_POST\s{0,3}(?:,|=>)\s{0,3}(?:true|1)\b|CURLOPT_POSTFIELDS|setDoOutput\(true\))",
    re.IGNORECASE,
)
OKHTTP = re.compile(r"\.\s?(?P<method>get|post|put|patch|delete|head)\s?\(")
# Builders, each with whether it sends GET unless a step says otherwise.
STARTS = re.compile(
    r"(?P<okhttp>\bRequest\.Builder\(\))|(?P<get>\bHttpRequest\.newBuilder\(|\bcurl_init\(|\.openConnection\(|\bURLRequest\(url:)|"
    r"(?P<other>\bnew HttpRequest\(\)|\bNet::HTTP\b|\bnew RestRequest\()"
)
NEXT = re.compile(
    r"\bRequest\.Builder\(\)|\bHttpRequest\.newBuilder\(|\bcurl_init\(|\bnew HttpRequest\(\)|\.openConnection\("
)
OBJECT_BODY = re.compile(r"\.body\s{0,3}=\s{0,3}(?:JSON\.generate\(|JSON\.dump\()?(?=\{)")
# The step that sends the request, so that the program shows all others.
SENT = re.compile(
    r"\.build\(\)|\bcurl_exec\(|\.get(?:ResponseCode|InputStream)\(|\.connect\(\)|\.dataTask\(|\.data\(for:"
)


def fill_from_builder(draft: Draft, text: str, at: int, until: int) -> None:
    """Sets the method that the program around the address at `at` gives to its request, unless the text shows another."""
    before = text[max(0, at - BEFORE) : at]
    after = text[at : min(until, at + AFTER)]
    following = [found.start() for found in NEXT.finditer(after)][0 if STARTS.search(before) else 1 :]
    after = after[: following[0]] if following else after
    method = _method(before, after)
    if method:
        draft.method = method
        draft.remove_notes("No method was given")
        draft.note("guessed", f"The method {method} comes from the program around the address.")
    _fill_object(draft, after)


def _method(before: str, after: str) -> str:
    if found := NAMED_BEFORE.search(before):
        return next(name for name in found.groups() if name).upper()
    starts = list(STARTS.finditer(before + after[:200]))
    kind = starts[-1] if starts else None
    if kind and kind["okhttp"] and (found := OKHTTP.search(after)):
        return found["method"].upper()
    if found := SET_LATER.search(after):
        return "POST" if found["post"] else method_in(next(value for value in found.groups() if value))
    return "GET" if kind and (kind["okhttp"] or kind["get"]) and SENT.search(after) else ""


def _fill_object(draft: Draft, after: str) -> None:
    """Sets the body that a program writes as an object, such as Ruby's { id: 'x' }.to_json."""
    found = OBJECT_BODY.search(after)
    if draft.body is not None or found is None or not after.startswith("{", found.end()):
        return
    written = objects_in(after[found.end() :])[:1]
    if written and not written[0].at and not is_response_body(written[0].value):
        draft.body = json.dumps(written[0].value, ensure_ascii=False, default=text_of)
        draft.note("guessed", "The body was read from program code.")
