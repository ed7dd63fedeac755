"""Reads a call as people write it in a message: method and path, perhaps a body or "-> 404"."""

import re
from functools import partial
from itertools import islice
from operator import itemgetter

from diagnostics.parsing.candidates import GENESYS, MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import MAX_HEADERS, METHODS, Draft, DraftResponse, guess_method, uncut
from diagnostics.parsing.objects import objects_in
from diagnostics.parsing.raw_http import request_line, whole_url
from diagnostics.parsing.response_text import (
    ARROW_STATUS,
    DENIED,
    about_method,
    adjacent_status,
    find_response,
    is_response_body,
    json_at,
    leading_status,
    line_status,
    status_in,
    tidy_body,
)
from diagnostics.parsing.values import headers_in
from diagnostics.text import time_budget

PLACEHOLDER = (
    r"\((?:[A-Za-z]{1,20}[ _-]){0,3}(?:hidden|redacted|removed|masked|omitted)\)|"
    r"\$?\{\{[\w .:$-]{0,60}\}\}|\$?\{[\w .:-]{0,60}\}|<[\w .:-]{0,60}>|\[[\w .:%-]{0,60}\]"
)
REST = (
    rf"(?:{PLACEHOLDER}|。(?=[a-z0-9-]{{1,40}}[.。])|[^\s`\"'<>{{}}\[\]“”„‘’«»|，。、；：！？（）「」『』【】《》])*+"
)
# Letters of languages without spaces between words, after an address: an address has them only encoded.
GLUED = re.compile(r"(?<=[0-9A-Za-z)}\]>])[぀-ヿ㐀-鿿가-힯][^/\s]{0,200}$")
TARGET = rf"(?:https?://|/|(?:{PLACEHOLDER})/|(?:api|login|apps)\.)" + REST
CALL = re.compile(
    rf"(?<![\w/])(?P<method>{'|'.join(sorted(METHODS))})\b[:\s`*\"'“(<]{{1,10}}(?!(?<=<)/[\w:.-]{{1,60}}>)(?P<url>{TARGET})",
    re.IGNORECASE,
)
# The rest of an address that a program puts together: ' + id + '/cobrowse'.
CONCATENATED = re.compile(
    rf"[\"'`][ \t]{{0,3}}(?:\+{{1,2}}|&|\|\||\.(?=[ \t]*[$\"\'`]))[ \t]{{0,3}}(?P<name>[A-Za-z_$][\w.$]{{0,60}})(?:\([^()\n]{{0,60}}\))?"
    rf"(?:[ \t]{{0,3}}(?:\+{{1,2}}|&|\|\||\.(?=[ \t]*[$\"\'`]))[ \t]{{0,3}}[\"'`](?P<rest>{REST}))?"
)
MAX_PARTS = 5
IN_CODE = re.compile(r"[(=,][ \t]{0,4}(?P<prefix>[frbu$@]{0,2})(?P<quote>[\"'`])$", re.IGNORECASE)
FILLED = re.compile(r"(?<=/)(?:%(?:\d\$)?[sdv]|\{\d?\}|[#$]?\{(?P<name>[A-Za-z_][\w.]{0,60})(?:\(\))?\})(?=/|$)")
ALONE = re.compile(
    rf"[\s<>*#•`\"'“(\d.)-]{{0,12}}(?:url[ \t]{{0,3}}[:=][\s`\"'“]{{0,5}})?(?!(?<=<)/\w{{1,12}}>)(?P<url>{TARGET})",
    re.IGNORECASE,
)
ANY_ADDRESS = re.compile(
    rf"(?P<url>(?:https?://[\w.:{{}}$/-]{{1,120}}?|(?<![\w.-])(?:[a-z0-9-]{{1,60}}\.){{1,6}}[a-z]{{2,20}}(?::\d{{1,5}})?)?"
    rf"/(?:api/v2|oauth/token|v2/(?=conversations/|cobrowse/|webdeployments/)){REST})"
)
VALUE_START = re.compile(r"[{\[][ \t]{0,9}(?:[\"'{\[“”}\]]|$)")
BRACKETS = re.compile(r"[{}\[\]]|\n[ \t]{0,40}\n|\n```")
PROSE_STATUS = re.compile(
    r"\b(?:get|gets|got|getting|gives?|returns?|returned|returning|receives?d?|answers?|answered|response|status|error|"
    r"fails?)\b[^.\n\d]{0,40}\b([1-5]\d\d)\b(?![.,]\d| ?ms\b)",
    re.IGNORECASE,
)
# A file in a stack trace.
FILE = re.compile(
    r"/[^\s\"']{1,300}\.(?:py|[cm]?[jt]sx?|java|rb|php|go|cs|jar|log)\b|\"?/(?:home|usr|opt|var|srv|tmp|etc|Users)/"
)
LONGEST_FRAME = 1_000  # characters of a line of a stack trace
AROUND = "`\"'”’~*>) \t\r"
MAX_VALUES = 50
HEADER = re.compile(
    r"[\s>*•`-]{0,6}(?P<name>[A-Za-z][A-Za-z0-9]{0,40}(?:-[A-Za-z0-9]{1,40}){0,8})"
    r"[ \t]{0,3}:[ \t]{1,9}(?P<value>\S.*)"
)
KNOWN_HEADERS = frozenset({"accept", "authorization", "connection", "cookie", "host", "origin", "referer"})
LABEL = re.compile(
    r"[\s>*#•`-]{0,8}(?:\[?(?:DEBUG|INFO|TRACE|WARN|ERROR)\]?[ \t:-]{1,4})?"
    r"(?P<label>request body|response body|body|payload|data|json|headers?|response|answer|result|"
    r"returns?|error)\b[\s*`]{0,4}[:=]?[\s*`]{0,4}(?P<rest>.*)",
    re.IGNORECASE,
)
ERROR_KEYS = frozenset({"message", "error", "errors", "code", "detail", "details", "fault", "title", "reason"})
FORM_BODY = re.compile(r"[\w.-]{1,60}=[^\s&]{1,2000}(?:&[\w.-]{1,60}=[^\s&]{0,2000}){0,40}")
RESPONSE_LABELS = frozenset({"response body", "response", "answer", "result", "return", "returns", "error"})


def find_target(text: str) -> re.Match[str] | None:
    """The first call in the text: a method with an address, a line that is an address, or an address of Genesys Cloud."""
    lines = text.split("\n")
    at = 0
    alone = None
    for line in time_budget.checked(lines):
        found = CALL.search(line)
        if found and "/" in found["url"]:
            return CALL.search(text, at + found.start())
        if (
            alone is None
            and not FILE.search(line, 0, LONGEST_FRAME)
            and (single := ALONE.match(line))
            and _is_address(single["url"], line[single.end() :])
        ):
            alone = ALONE.match(text, at)
        at += len(line) + 1
    return alone or ANY_ADDRESS.search(text)


LINE_START = re.compile(
    rf"[\s>*#•`\"'“(\d.)-]{{0,12}}(?:(?:request|calling|sending|called)[ \t]{{0,2}}:?[ \t]{{1,2}})?(?={CALL.pattern})",
    re.IGNORECASE,
)


UNNAMED = CALL.pattern.replace("?P<method>", "").replace("?P<url>", "")
LOGGED = re.compile(
    rf"[^\n]{{0,200}}?(?<!\w)\[?(?:DEBUG|INFO|ERROR|TRACE|WARN)\]?[ \t:-]{{1,6}}(?={UNNAMED})", re.IGNORECASE
)


# What stands before a call that nobody should send, or that nobody sent.
DENIED_CALL = re.compile(
    r"\b(?:(?:do|did|should|must)(?:n['’]?t| not)|never|not|instead of|rather than|nicht|kein|keinen|statt|anstatt|au lieu de|"
    r"n['’]utilisez pas|no (?:uses?|usar|usen|llames?|llamar)|en (?:vez|lugar) de|não (?:use|usar|usem)|em vez de)"
    r"(?:[ \t]{1,3}(?:use|used|using|call|called|calling|send|sent|sending|try|run|make|do|to|the|a|das|den|le|el|o)){0,3}"
    r"[ \t]{1,3}[`\"'“(]?$",
    re.IGNORECASE,
)


def short_calls(text: str, with_prose: bool) -> list[CallSpan]:
    """The calls at the start of a line, and with `with_prose` those anywhere in the text."""
    first = find_target(text) if with_prose else None
    found = {first.start(): (first.start(), first)} if first else {}
    at = 0
    for line in time_budget.checked(text.split("\n")):
        start = LINE_START.match(line) or LOGGED.match(line)
        target = CALL.match(line, start.end()) if start else None
        targets = [(at, target)] if target and "/" in target["url"] else []
        if with_prose:
            inside = islice(CALL.finditer(line, target.end() if target else 0), MAX_CANDIDATES)
            targets += [(at + each.start(), each) for each in inside if GENESYS.search(each["url"])]
        for begin, each in targets if not request_line(line) else ():
            if len(found) < MAX_CANDIDATES and (whole := CALL.match(text, at + each.start())):
                found.setdefault(at + each.start(), (begin, whole))
        at += len(line) + 1
    used = [
        each for each in found.values() if not DENIED_CALL.search(text, max(0, each[1].start() - 60), each[1].start())
    ]
    return [
        CallSpan(at, _end_of(call), partial(_read_short, text, call))
        for at, call in sorted(used or found.values(), key=itemgetter(0))
    ]


def _end_of(target: re.Match[str]) -> int:
    """The end of the address, without the letters glued to it."""
    glued = GLUED.search(target["url"])
    return target.start("url") + glued.start() if glued else target.end()


def _read_short(text: str, target: re.Match[str], until: int) -> Draft:
    return read_short_form(text[:until], target)


def _is_address(url: str, rest: str) -> bool:
    """Whether only a body or a response follows the address in its line. A slash in prose isn't a path, and api.log is a
    file."""
    rest = rest.strip("`\"'”’*,.;)> \t\r")
    return (
        len(url) > 4
        and ("/" in url or GENESYS.search(url) is not None)
        and (not rest or rest[0] in "{[" or line_status(rest) is not None)
    )


def read_short_form(text: str, target: re.Match[str]) -> Draft:
    draft = Draft("short")
    groups = target.groupdict()
    draft.method = (groups.get("method") or "").upper()
    url = GLUED.sub("", target["url"].rstrip(".,;:!?)*،؛"))
    draft.url = re.sub(r"(?<=\w):\d{1,6}(?::\d{1,6})?$", "", url)  # line and column, as a browser shows them
    path = re.split("[,;]", draft.url, maxsplit=1)[0]
    draft.url = draft.url if "?" in path else path  # a row of values that commas or semicolons separate
    draft.url = uncut(draft.url, text, _end_of(target))
    end = add_concatenated(draft, text, _end_of(target))
    draft.note("taken", "The call was read from a line of text.")
    if quote := IN_CODE.search(text, max(0, target.start("url") - 8), target.start("url")):
        _name_variables(draft, is_filled=quote["prefix"] != "" or quote["quote"] != "'")
        draft.note("dropped", "The URL is in program code; nothing else of the code was parsed.")
    else:
        before = text[: target.start()].rpartition("\n")[0].strip()
        _LineReader(draft, text, dropped=_count(before)).read(end)
    draft.url = whole_url(draft.url, draft)
    guess_method(draft)
    return draft


def _name_variables(draft: Draft, is_filled: bool) -> None:
    """Writes `{name}` for what a program fills into the address: with a format such as %s, or within a string if
    `is_filled`."""

    def named(found: re.Match[str]) -> str:
        name = found["name"] or ""
        if name and not is_filled:
            return found[0]
        variable = f"{{{name.rpartition('.')[2] or 'value'}}}"
        draft.variables += (variable,)
        return variable

    draft.url = FILLED.sub(named, draft.url)


def add_concatenated(draft: Draft, text: str, at: int) -> int:
    """Adds what a program appends to the address that ends at `at`. Returns the end of it all."""
    for _ in range(MAX_PARTS):
        found = CONCATENATED.match(text, at)
        if found is None:
            break
        variable = f"{{{found['name'].rpartition('.')[2].lstrip('$')}}}"
        draft.url += variable + (found["rest"] or "")
        draft.variables += (variable,)
        at = found.end()
    return at


def _count(text: str) -> int:
    return sum(1 for line in time_budget.checked(text.split("\n")) if line.strip("`~ \t\r"))


class _LineReader:
    """Sorts the lines after the address into headers, body, response, and prose, which is left out."""

    def __init__(self, draft: Draft, text: str, dropped: int) -> None:
        self.draft = draft
        self.text = text
        self.at = 0
        self.dropped = dropped
        self.in_response = False
        self.status: int | None = None
        self.response_body: str | None = None
        self.values = 0

    def read(self, start: int) -> None:
        self.at = start
        if (status := adjacent_status(self.text, start)) is not None:
            self.status, self.in_response = status, True
        while self.at < len(self.text):
            time_budget.check()
            self._line(_line_at(self.text, self.at))
        if self.dropped:
            self.draft.note("dropped", f"Lines that don't belong to a call were left out: {self.dropped}.")
        if self.draft.response is None and (self.status or self.response_body):
            self.draft.response = DraftResponse(self.status, [], self.response_body)

    def _line(self, line: str) -> None:
        """Reads one line, or the value that begins in it."""
        if not line.strip(AROUND):
            self._skip(line)
        elif (opening := line.lstrip(AROUND)).startswith("{") or VALUE_START.match(opening):
            self._value(self.at + len(line) - len(opening))
        elif line.lstrip(AROUND).startswith(("HTTP/", "curl: (", "< HTTP/")) and (
            found := find_response(self.text[self.at :])
        ):
            self.draft.response = found
            self.at = len(self.text)
        elif status := line_status(line) or (self.at > 0 and leading_status(line)):
            self._response(status, line)
        elif label := LABEL.fullmatch(line):
            self.in_response = label["label"].lower() in RESPONSE_LABELS
            if not self._is_labeled(line, label):
                self._inline(line, label.start("rest"), prose=bool(label["rest"].strip(AROUND)))
        elif (header := HEADER.fullmatch(line.rstrip("\r"))) and self._is_header(header["name"]):
            self.draft.headers.append((header["name"], header["value"].rstrip(" \t`")))
            self._skip(line)
        else:
            self._inline(line, 0, prose=True)

    def _is_header(self, name: str) -> bool:
        known = "-" in name or name.lower() in KNOWN_HEADERS
        return known and self.draft.body is None and not self.in_response and len(self.draft.headers) < MAX_HEADERS

    def _is_labeled(self, line: str, label: re.Match[str]) -> bool:
        """Reads printed headers, or a form as the body, after their label."""
        kind, rest = label["label"].lower(), label["rest"].strip(AROUND)
        if kind.startswith("header") and rest.startswith("{"):
            printed = objects_in(rest)[:1]
            self.draft.headers += headers_in(printed[0].value, MAX_HEADERS) if printed else []
        elif FORM_BODY.fullmatch(rest) and not self.in_response and self.draft.body is None:
            self.draft.body = rest
        else:
            return False
        self._skip(line)
        return True

    def _skip(self, line: str) -> None:
        self.at += len(line) + 1

    def _inline(self, line: str, start: int, prose: bool) -> None:
        """Reads the value after words such as "with body" on the same line. A line without a value is prose."""
        found = VALUE_START.search(line, start)
        if found and prose and self.in_response and (self.values or not self._is_error(self.at + found.start())):
            self._skip(line)  # another line of the log
        elif found:
            self._value(self.at + found.start())
        else:
            self.dropped += prose
            own = about_method(line, self.draft.method)
            found = PROSE_STATUS.search(own) if prose and self.status is None else None
            if found and not DENIED.search(own, max(0, found.start(1) - 60), found.start(1)):
                self.status = int(found[1])
                self.draft.note("guessed", f"The status {self.status} comes from a sentence.")
            self._skip(line)

    def _is_error(self, start: int) -> bool:
        """Whether a value within a sentence can be the body of a response, and not something else that a log prints."""
        value, _ = json_at(self.text, start) or (None, 0)
        return isinstance(value, dict) and (is_response_body(value) or not ERROR_KEYS.isdisjoint(map(str.lower, value)))

    def _response(self, status: int, line: str) -> None:
        arrow = ARROW_STATUS.search(line)
        before = VALUE_START.search(line, 0, arrow.start()) if arrow and not self.in_response else None
        if arrow and before and self.draft.body is None and (sent := json_at(line, before.start())):
            self.draft.body = line[before.start() : sent[1]] if sent[1] <= arrow.start() else None
        self.status = self.status or status
        self.in_response = True
        found = VALUE_START.search(line, arrow.end()) if arrow else None
        if found:
            self._value(self.at + found.start())
        else:
            self._skip(line)

    def _value(self, start: int) -> None:
        """Reads the JSON value at `start`. Broken JSON ends at a blank line or a response."""
        self.values += 1
        found = json_at(self.text, start) if self.values <= MAX_VALUES else None
        value, end = found or (None, _end_of_broken(self.text, start))
        raw = tidy_body(self.text[start:end].split("\n"))
        if self.in_response or is_response_body(value):
            self.response_body = self.response_body or raw
            self.status = self.status or status_in(value)
        elif self.draft.body is None:
            self.draft.body = raw
        else:
            self.dropped += 1
        self.at = end


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : len(text) if end < 0 else end]


def _end_of_brackets(text: str, start: int) -> int:
    """The end of the brackets that open at `start`, in the same paragraph; 0 if they aren't closed."""
    depth = 0
    for found in BRACKETS.finditer(text, start, start + 20_000):
        if found[0][0] == "\n":
            return 0
        depth += 1 if found[0] in "{[" else -1
        if depth == 0:
            return found.end()
    return 0


def _end_of_broken(text: str, start: int) -> int:
    """The end of broken JSON: after its brackets, or before a blank line or a response."""
    at = _end_of_brackets(text, start)
    if at:
        return at
    at = start
    while at < len(text):
        time_budget.check()
        line = _line_at(text, at)
        arrow = ARROW_STATUS.search(line)
        if arrow:
            return max(at + arrow.start(), start + 1)
        if at > start and (not line.strip() or line.startswith("```") or line_status(line)):
            return at
        at += len(line) + 1
    return len(text)
