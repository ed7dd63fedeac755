"""Completes a call from the rest of its text: its response, its address in another line, its variables and host."""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice

from diagnostics.genesys.contract import bundled
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.regions import region_of_host
from diagnostics.parsing.candidates import CallSpan, Candidate
from diagnostics.parsing.definitions import Definitions, Hosts, use_host
from diagnostics.parsing.draft import ComposedBody, Draft, DraftResponse
from diagnostics.parsing.objects import value_of
from diagnostics.parsing.request_builders import fill_from_builder
from diagnostics.parsing.response_text import (
    METHOD_WORD,
    about_method,
    adjacent_status,
    is_response_body,
    status_in_prose,
    status_near,
)
from diagnostics.parsing.responses import CORS, Responses, completed, correlation_of
from diagnostics.parsing.sdk import SUFFIX
from diagnostics.parsing.snippets import name_expressions
from diagnostics.parsing.times import logged_time
from diagnostics.parsing.unwrapping import MAX_SCAN
from diagnostics.parsing.values import MARKED, OPEN
from diagnostics.text import time_budget

OPEN_SEGMENT = re.compile(
    r"\$?\{\{?[^{}/]{0,80}\}\}?|<[^<>/]{0,60}>|:[A-Za-z]\w{0,60}|\$\w{1,60}|\[[^\[\]/]{0,60}\]|%(?:\d\$)?[sdv]"
)
FRAME = re.compile(
    r"\b(?:in |at |\.|\b)(?P<name>(?:get|post|put|patch|delete|Get|Post|Put|Patch|Delete)(?:_[a-z0-9_]{3,120}|[A-Z]\w{2,120}))\b"
)
ADDRESS = re.compile(rf"https?://[\w.-]{{4,200}}(?::\d{{1,5}})?/(?:api/v2|oauth)/[^\s\"'`<>{{}}|\\,{OPEN}]{{1,2000}}")
NUMBERED_STATUS = re.compile(
    r"\b(?:the )?(?:(?P<first>first|1st|former|erste\w?|premi[eè]re?|primer[oa]?|primeir[oa])|(?P<second>second|2nd|latter|zweite\w?|"
    r"deuxi[eè]me|segund[oa])|(?P<third>third|3rd|dritte\w?|troisi[eè]me|tercer[oa]?|terceir[oa]))\b[^.,;\n\d]{0,40}?\b"
    r"(?P<status>20[0-4]|4(?:0\d|1[0-8]|2[1-9])|50[0-4])(?:'?s|'d|ed)?(?!\w)",
    re.IGNORECASE,
)
IN_PROGRAM = re.compile(r"[(=,:>][ \t]{0,4}[frbu$@]{0,2}[\"'`]$", re.IGNORECASE)
MAX_FRAMES = 200
OAUTH_ERROR = re.compile(
    r"\b(?:invalid_client|unauthorized_client|unsupported_grant_type|invalid_scope|invalid_request|invalid_grant)\b"
)
# Signs that a program fills in a literal, or appends to it.
FILLED_IN = re.compile(r"%[-\d.]{0,4}[sdv@]|[$#]\{|\{\w{0,40}\}")
APPENDED = re.compile(
    r"[ \t]{0,3}(?:[+%&]|\.(?!toRequestBody|trim|to_?[jJ]son|encode|getBytes|toByteArray|replace\(\)))"
)
SENT_PATH = re.compile(r"^[ \t]{0,4}> ?[A-Z]{3,7} (?P<path>/\S{1,2000}) HTTP/\d", re.MULTILINE)
ALLOW = re.compile(r"\b(?:Access-Control-)?Allow(?:-Methods)?[\"']{0,2}[ \t]{0,3}[:=][^\n]{0,200}", re.IGNORECASE)
RECORDS = frozenset({"raw_http", "har", "json"})  # they show all headers
MESSAGE_ALONE = ({"message"}, {"error"}, {"message", "error"}, {"detail"}, {"message", "request_id"})
# A line that ends with a whole header. A token has no blanks, so a sentence about the header doesn't match.
SENT_AUTHORIZATION = re.compile(
    r"^(?:[^\n]{0,60}?[>→][ \t]?|[ \t]{0,8})Authorization: ?(?P<value>(?:(?:Bearer|Basic|Token|JWT|ApiKey|OAuth)[ \t]{1,3}){1,2}"
    r"[\"'“]?[\w.~+/=*•…<>{}\[\]$-]{4,4000}[\"'”]?)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
# The header of a session, as a whole literal: session.headers["Authorization"] = "Bearer ...".
SET_AUTHORIZATION = re.compile(
    r"[\"'`]Authorization[\"'`][ \t]{0,3}(?:\][ \t]{0,3}=|:|,|=>)[ \t]{0,3}[frb$]?[\"'`](?P<value>(?:Bearer|Basic|Token|JWT)[ \t]"
    r"[^\"'`\n]{4,4000})[\"'`](?![ \t]{0,3}[+.%&])"
)
BODY_IN_CODE = re.compile(
    r"(?:\.setBody|(?<!res)(?<!resp)(?<!response)(?<!err)\.[bB]ody(?:[ \t]{0,3}=|JSON)|BodyPublishers\.ofString|"
    r"RequestBody\.create|StringContent|(?<!\.)\bbody[ \t]{0,3}=|CURLOPT_POSTFIELDS[ \t]{0,3},)[ \t]{0,3}\(?[ \t]{0,3}"
    r"(?:\"\"\"(?P<triple>[^\"]{1,400}(?:\"[^\"]{1,400}){0,60})\"\"\"|\"(?P<double>(?:[^\"\\\n]|\\.){1,4000}+)\"|'(?P<single>(?:[^'\\\n]|\\.){1,4000}+)')"
)


@dataclass(frozen=True)
class PasteContext:
    """A text with the responses and definitions in it, which all of its calls share."""

    text: str
    responses: Responses
    definitions: Definitions
    hosts: Hosts

    @cached_property
    def by_number(self) -> dict[int, int]:
        """The statuses that the text gives to calls by their number, as in "the first one returns 404"."""
        found: dict[int, int] = {}
        for each in islice(NUMBERED_STATUS.finditer(self.text, 0, MAX_SCAN), 20):
            number = next(at for at, name in enumerate(("first", "second", "third")) if each[name])
            found.setdefault(number, int(each["status"]))
        return found

    @classmethod
    def of(cls, text: str) -> "PasteContext":
        return cls(text, Responses(text[:MAX_SCAN]), Definitions(text[:MAX_SCAN]), Hosts(text[:MAX_SCAN]))


def paired(
    context: PasteContext, calls: Sequence[CallSpan], borders: Sequence[CallSpan], whole: bool
) -> list[Candidate]:
    """A candidate for each call. The response after a call is its own. A response before the first call belongs to the
    last call if that has none."""
    starts = sorted({call.at for call in borders})
    candidates = []
    for call in calls:
        time_budget.check()
        following = bisect_right(starts, call.at)
        until = starts[following] if following < len(starts) else len(context.text)
        lone = len(starts) == 1 or call.at == starts[-1]
        candidates.append(Candidate.of(partial(_read, context, call, until, lone, starts), call.at, call.end, whole))
    return candidates


def _read(context: PasteContext, call: CallSpan, until: int, last: bool, starts: Sequence[int]) -> Draft:
    first = starts[0]
    draft = call.fill(until)
    context.definitions.fill(draft)
    name_expressions(draft)
    _fill_sent_path(draft, context.text, call.at, until)
    if draft.is_described:
        use_host(draft, context.hosts)
        return draft
    if last and call.at == first:
        _fill_only_method(draft, context.text[:MAX_SCAN])
    if draft.form == "short" and (not draft.method or _method_was_guessed(draft)) and _is_in_code(context.text, call):
        fill_from_builder(draft, context.text, call.at, until)
    adjacent = adjacent_status(context.text, call.end)
    found = context.responses.between(call.at, until, adjacent)
    before = context.responses.between(0, first) if last else None
    is_more_complete = (
        before is not None
        and found is not None
        and before.is_explained
        and (not found.is_explained or (found.status is None and isinstance(found.body, ComposedBody)))
        and before.joins(found)
    )
    has_body = bool((found and found.body) or (draft.response and draft.response.body))
    is_page = before is not None and (before.body or "").startswith("<") and not has_body
    if (found is None and draft.response is None) or is_more_complete or is_page:
        found = before.join(found) if before and found else before
        if found is not None:
            draft.note("guessed", "The response comes before the call in the text and was read as its response.")
    draft.response = _with_status(completed(draft.response, found), context.text, call, until, adjacent, draft.method)
    if draft.response is None and last and (status := status_in_prose(context.text[: min(first, MAX_SCAN)])):
        draft.response = DraftResponse(status)
        draft.note("guessed", f"The status {status} comes from a sentence.")
    if len(starts) > 1 and context.by_number:
        _set_numbered(draft, context.by_number, starts.index(call.at) if call.at in starts else -1)
    _correct_guess(draft)
    _fill_response_body(draft, context, call.end, until)
    _fill_authorization(draft, context.text, call.at, until)
    if draft.form == "short" and draft.body is None and last and call.at == first:
        _fill_body(draft, context.text)
    shown_at = max(call.at, found.at) if found is not None else call.end
    draft.time = logged_time(context.text[:MAX_SCAN], call.at, shown_at, context.responses.objects)
    if draft.response and draft.response.status and not draft.response.body and CORS.search(context.text, 0, MAX_SCAN):
        draft.note(
            "taken",
            "The browser blocked the response (CORS), so its error body is hidden. CORS is the symptom: any error looks "
            "like this in a browser.",
        )
        draft.response = replace(draft.response, network_error="The browser blocked the response (CORS).")
    use_host(draft, context.hosts)
    return draft


def _with_status(
    response: DraftResponse | None, text: str, call: CallSpan, until: int, adjacent: int | None, method: str
) -> DraftResponse | None:
    """The response with the status near the call, if nothing else shows one. A status directly after the address wins
    over a network error elsewhere."""
    if response is not None and (response.status or (response.network_error and adjacent is None)):
        return response
    status = adjacent or status_near(text, call.at, call.end, until, method)
    status = status or status_in_prose(about_method(text[call.end : until][:5_000], method))
    if status is None:
        return None if response and isinstance(response.body, ComposedBody) and not _code_of(response) else response
    return replace(response, status=status, network_error="") if response else DraftResponse(status)


def _code_of(response: DraftResponse) -> str:
    value = value_of(response.body or "")
    return str(value.get("code") or "") if isinstance(value, dict) else ""


def _fill_response_body(draft: Draft, context: PasteContext, start: int, until: int) -> None:
    """Sets the body of a failed response from an error that has only a name or a message, as a gateway or the login host
    sends it."""
    response = draft.response or DraftResponse()
    if response.body is not None or response.network_error:
        return
    if "/oauth/" in draft.url and (error := OAUTH_ERROR.search(context.text, start, until)):
        body = ComposedBody(json.dumps({"error": error[0], "description": "", "error_description": ""}))
        draft.response = replace(response, status=response.status or 400, body=body)
        return
    for each in context.responses.objects if response.status else ():
        if start <= each.at < until and each.raw and {str(name).lower() for name in each.value} in MESSAGE_ALONE:
            draft.response = replace(response, body=each.raw if response.status and response.status >= 400 else None)
            return


def _set_numbered(draft: Draft, by_number: dict[int, int], number: int) -> None:
    """Sets the status that the text gives to the call by its number, unless its response has a body or headers. The status
    of another number isn't its own."""
    response = draft.response
    if response is not None and (response.body is not None or response.headers or response.network_error):
        return
    if number in by_number:
        draft.response = DraftResponse(by_number[number])
    elif response is not None and response.status in by_number.values():
        draft.response = None


def _is_in_code(text: str, call: CallSpan) -> bool:
    """Whether the address of a call that was read alone is a string in a program."""
    return IN_PROGRAM.search(text, max(0, call.at - 8), call.at) is not None


def _fill_only_method(draft: Draft, text: str) -> None:
    """Sets the method of the only call of a text to the only method that the text names, as in "we POST to it"."""
    named = {found[0] for found in islice(METHOD_WORD.finditer(ALLOW.sub("", text)), MAX_FRAMES)}
    if len(named) == 1 and draft.form in ("short", "log") and (not draft.method or _method_was_guessed(draft)):
        draft.method = named.pop()
        draft.remove_notes("No method was given")
        draft.note("guessed", f"The method {draft.method} comes from another part of the text.")


def _fill_sent_path(draft: Draft, text: str, start: int, until: int) -> None:
    """Replaces the variables in the path of a command by what its verbose output shows as sent, perhaps nothing."""
    path = _path(draft.url)
    for sent in islice(SENT_PATH.finditer(text, start, min(until, MAX_SCAN)) if draft.variables else (), MAX_FRAMES):
        if _is_same_path(path, sent["path"].partition("?")[0]):
            draft.url = draft.url.replace(path, sent["path"], 1)
            draft.variables = ()
            draft.remove_notes("is not in the text")
            draft.note("guessed", "The path comes from the output of the command, which shows it as sent.")
            return


def _correct_guess(draft: Draft) -> None:
    """Replaces a method that was only guessed and that the response refutes. Most clients send GET by default."""
    if draft.status == 405 and draft.method == "POST" and draft.body is None and _method_was_guessed(draft):
        draft.method = "GET"
        draft.remove_notes("No method was given")
        draft.note("guessed", "No method was given; the 405 shows that it wasn't POST, so we assumed GET.")


def _fill_authorization(draft: Draft, text: str, start: int, until: int) -> None:
    """Sets the Authorization header that the text shows as sent, such as in the output of `curl -v`."""
    if draft.form in RECORDS or sum(name.lower() == "authorization" for name, _ in draft.headers) > 1:
        return
    for found in SENT_AUTHORIZATION.finditer(text, start, min(until, MAX_SCAN)):
        draft.headers = [(name, value) for name, value in draft.headers if name.lower() != "authorization"]
        draft.headers.append(("Authorization", found["value"].strip()))
        return
    if draft.form == "code" and draft.header("Authorization") is None:
        values = {
            found["value"] for found in islice(SET_AUTHORIZATION.finditer(text, 0, min(until, MAX_SCAN)), MAX_FRAMES)
        }
        if len(values) == 1:
            draft.headers.append(("Authorization", values.pop()))
            draft.remove_notes("The Authorization header is")


def _fill_body(draft: Draft, text: str) -> None:
    """Sets the body that a program gives as a literal next to an address that was read alone."""
    found = BODY_IN_CODE.search(text, 0, MAX_SCAN)
    literal = re.sub(r"\\([\"'\\])", r"\1", found["triple"] or found["double"] or found["single"]) if found else ""
    if found and (FILLED_IN.search(literal) or APPENDED.match(text, found.end())):
        draft.body_unknown = True
    elif literal.lstrip()[:1] in tuple("{[") and not is_response_body(value_of(literal)):
        draft.body = literal
        draft.note("guessed", "The body was read from program code.")


def merged(draft: Draft, others: Sequence[Draft], text: str) -> Draft:
    """The draft completed from other drafts of the same call: an address without variables, a method, a response."""
    for other in others:
        if other is draft or not _is_same_call(draft, other):
            continue
        if _unknown_parts(other.url) < _unknown_parts(draft.url):
            draft.url, draft.variables = other.url, other.variables
            draft.remove_notes("not in the text")
            draft.note("guessed", "The URL comes from another line of the text, where it is filled in.")
        if not draft.method or (other.method and _method_was_guessed(draft) and not _method_was_guessed(other)):
            draft.method = other.method or draft.method
            draft.remove_notes("No method was given")
        draft.headers = draft.headers or other.headers
        draft.body = draft.body if draft.body is not None else other.body
        draft.response = _more_complete(draft.response, other.response)
        draft.sdk_method = draft.sdk_method or other.sdk_method
    _fill_address(draft, text)
    if not draft.method or _method_was_guessed(draft):
        _fill_method(draft, text)
    return draft


def _more_complete(one: DraftResponse | None, two: DraftResponse | None) -> DraftResponse | None:
    """The record with a body, if both are of the same response, such as a log's trace and its error."""
    if one is None or two is None:
        return one or two
    ids = {correlation_of(response.headers, response.body).lower() for response in (one, two)}
    is_same = one.status == two.status and len(ids) == 1 and "" not in ids
    return two if is_same and one.body is None and two.body is not None else one


def _fill_address(draft: Draft, text: str) -> None:
    """Replaces the address with the same address without variables from another line, such as an error message."""
    if not draft.url or _unknown_parts(draft.url) == (0, False):
        return
    for number, found in enumerate(ADDRESS.finditer(text, 0, MAX_SCAN)):
        time_budget.check()
        url = found[0].rstrip(".,;:!?)*'\"")
        if _is_same_path(_path(draft.url), _path(url)) and _unknown_parts(url) < _unknown_parts(draft.url):
            draft.url, draft.variables = url, ()
            draft.remove_notes("not in the text")
            draft.note("guessed", "The URL comes from another line of the text, where it is filled in.")
        if number >= MAX_FRAMES:
            return


def _method_was_guessed(draft: Draft) -> bool:
    return any(note.what.startswith("No method was given") for note in draft.notes)


def _fill_method(draft: Draft, text: str) -> None:
    """Sets the method of the operation in a stack trace whose path is that of the call."""
    path = _path(draft.url)
    for operation in operations_in_frames(text):
        if _is_same_path(operation.path, path):
            draft.method, draft.sdk_method = operation.method, draft.sdk_method or operation.operation_id
            draft.remove_notes("No method was given")
            draft.note("guessed", f"The method {operation.method} comes from the SDK's {operation.operation_id}.")
            return


def operations_in_frames(text: str) -> list[Operation]:
    """The published operations whose SDK methods a text names, for example in a stack trace."""
    contract = bundled()
    found: dict[str, Operation] = {}
    for number, match in enumerate(FRAME.finditer(text, 0, MAX_SCAN)):
        time_budget.check()
        name = SUFFIX.sub("", match["name"])
        operation = contract.named(name)
        if operation is not None and len(re.findall(r"_|[A-Z]", name)) > 1:
            found.setdefault(name, operation)
        if number >= MAX_FRAMES:
            break
    return list(found.values())


def _is_same_call(one: Draft, two: Draft) -> bool:
    if not one.url or not two.url:
        return False
    methods = {draft.method for draft in (one, two) if draft.method and not _method_was_guessed(draft)}
    if len(methods) > 1 or not _is_same_path(_path(one.url), _path(two.url)):
        return False
    if _host(one.url) and _host(two.url) and _host(one.url) != _host(two.url) and "{" not in one.url + two.url:
        return False
    if one.response and two.response and one.response.status and two.response.status:
        return one.response.status == two.response.status
    return True


def _path(url: str) -> str:
    return re.sub(r"^(?:https?://)?[^/]*(?=/(?:api|oauth)/)", "", url.split("?", 1)[0])


def _host(url: str) -> str:
    found = re.match(r"https?://([^/]*)", url)
    return found[1] if found else ""


def _is_same_path(one: str, two: str) -> bool:
    """Whether the paths are the same in all segments that aren't variables."""
    left, right = one.split("/"), two.split("/")
    return len(left) == len(right) and all(
        a == b or OPEN_SEGMENT.fullmatch(a) or OPEN_SEGMENT.fullmatch(b) or MARKED.fullmatch(a)
        for a, b in zip(left, right, strict=True)
    )


def _unknown_parts(url: str) -> tuple[int, bool]:
    """How much of an address is unknown: the number of variable segments, and whether the host is unknown."""
    segments = url.split("?", 1)[0].split("/")
    return sum(bool(OPEN_SEGMENT.search(segment)) for segment in segments), region_of_host(_host(url)) is None
