"""Finds a response in a text: raw HTTP, an error of curl, an error body or only a status."""

import json
import re
from itertools import islice
from typing import Any

from diagnostics.parsing.draft import MAX_HEADERS, DraftResponse, Headers
from diagnostics.text import time_budget

STATUS_LINE = re.compile(r"[ \t]*(?:< ?)?HTTP/\d(?:\.\d)?[ \t]{1,4}(\d{3})(?!\d)")
CURL_ERROR = re.compile(r"curl: \(\d{1,3}\)[ \t]?([^\r\n]{0,500})")
ARROW_STATUS = re.compile(
    r"(?:->|=>|→|⇒|⟶|➔|➜)[ \t]{0,8}(?:(?:test|result|response|answer|got|returned|error|status|ergebnis|antwort|resultado|"
    r"résultat)[ \t]{0,2}[:=]?[ \t]{1,3})?(?:HTTP(?:/\d(?:\.\d)?)?[ \t]{1,4})?\(?([1-5]\d\d)(?!\w)",
    re.IGNORECASE,
)
STATUS_WORDS = (
    r"(?:HTTP(?:/\d(?:\.\d)?)?[ \t]{1,4})?(?:status(?:[ _-]?code)?[ \t]{0,4}[:=]?[ \t]{0,4})?"
    r"(?:(?:the )?(?:response|answer|result|returns?|got|error)(?:[ \t]{0,4}[:=]|[ \t])[ \t]{0,4})?"
)
LONE_STATUS = re.compile(
    rf"[\s>*#•`\"'(\[-]{{0,12}}{STATUS_WORDS}(?:status(?:[ _-]?code)?[ \t]{{0,4}}[:=]?[ \t]{{0,4}})?([1-5]\d\d)"
    r"(?:[ \t:–-]{1,4}[A-Za-z][A-Za-z' ]{1,40})?[\s`\"')\].!:]{0,12}",
    re.IGNORECASE,
)
KNOWN = r"(?:20[0-4]|30[1-478]|4(?:0\d|1[0-8]|2[1-9]|31|51)|50[0-5]|511|52[0-6])"
NO_STATUS = (
    r"(?![\w%$€-]|[.,:]\d|/\w|[ ]?(?:ms|msec|sec\w*|min\w*|[smh]|hours?|days?|weeks?|users?|agents?|times|calls|requests|"
    r"bytes|[KMG]B|chars?|characters|conversations?|sessions?|customers?|entries|rows|lines)\b)"
)
# A status in the sentence of a call, but not the one that a test expects. Letters without spaces around words, as in
# Japanese, may follow.
NEAR = re.compile(
    rf"(?<![\w.,:/#$%=&?+-])(?<!\bstatusCode\()(?<!\bstatus\()(?<!\btoBe\()(?<!\btoEqual\()(?<!\bisEqualTo\()({KNOWN}){NO_STATUS}",
    re.ASCII | re.IGNORECASE,
)
# A status directly after an address.
ADJACENT = re.compile(
    rf"[\"'`)\]]{{0,2}}[ \t]{{0,4}}(?:[|:=→·,;，。、-]{{1,2}}>?[ \t]{{0,4}})?[\"'(]?({KNOWN}){NO_STATUS}", re.ASCII
)
# A status at the start of a line or of a comment in code.
LEADING = re.compile(
    rf"(?:^[\s>*•|-]{{0,12}}|(?:^|[ \t;])(?://|#|--|/\*|')[ \t]{{0,4}})(?:(?:=>|->|→)[ \t]{{0,3}})?"
    rf"(?:(?:HTTP|prints?|gives?|is|was|always)[ \t]{{0,2}})?\(?"
    rf"({KNOWN})(?=[\s:,.;)\]–—|·'\"→]|$){NO_STATUS}",
    re.ASCII | re.IGNORECASE,
)
VERB_STATUS = re.compile(
    r"(?<!\w)(?:get|gets|got|getting|gives?|gave|returns?|returned|returning|receives?d?|answers?|answered|responds?|"
    r"responded|fails?|failed|throws?|threw|comes? back|came back|prints?|printed|ends?|ended|replies|replied|shows?|"
    r"results? in|resulted in|ergibt|endet|da|dan|dio|lanza|sale|affiche|rend|dá|deu|zeigt|stampa|dà|"
    r"antwortet\w*|liefert\w*|bekomm\w+|erh[aä]lt\w*|kommt|meldet|wirft|gibt|"
    r"renvoie|retourne|re[çc]oi\w+|obtien\w+|"
    r"répond\w*|donne|devuelve\w*|responde\w*|recibo|obtengo|recibimos|arroja|retorna\w*|devolve\w*|recebo|"
    r"risponde|restituisce|ricevo|zwraca|dostaję|возвращает|отвечает|получаю|выда[её]т|döndürüyor|veriyor|alıyorum|"
    r"geeft|krijg\w*|returnerar|svarar)\b"
    rf"[^.!?\n\d]{{0,40}}(?<![\w.,:/#$%=&?+-])({KNOWN}){NO_STATUS}"
    rf"|(?:返回|返り値|返します|報錯|报错|得到|收到|응답|반환)[^。！？\n\d]{{0,12}}({KNOWN}){NO_STATUS}"
    r"|(?<![\w.,:/#$%=&?+-])(4(?:0[0-9]|1[0-8]|2[1-9])|50[0-4])(?:'?s|'?ing|'d|ed)\b",  # it 404s
    re.IGNORECASE,
)
METHOD_WORD = re.compile(r"(?<![\w/])(?:GET|POST|PUT|PATCH|DELETE)(?!\w)")
DENIED = re.compile(
    r"\b(?:(?:expect\w*|should\w*|want\w*|supposed|would|docs?|documentation)(?:[ \t](?!but\b|and\b|yet\b)[\w']{1,12}){0,3}|"
    r"instead of|rather than|not|never|n't|statt|anstatt|lieu d['’eu]{1,2}|vez de|lugar de|"
    r"(?:(?:never|not|n't)(?: (?:once|ever|even))?|no|nunca|jamás|nie|não) (?:get|gets|got|getting|gives?|gave|given|giving|returns?|"
    r"returned|returning|answers?|answered|answering|throws?|threw|sees?|seen|seeing|shows?|shown|showing|receives?d?|devuelve|da|"
    r"responde|retorna|zwraca)|keine?n?|pas de|ports?|lines?|ticket|case|page|room|version)[ \t]{1,3}(?:an? |the |be |get |un )?$",
    re.IGNORECASE,
)
# A sentence about what a call would return.
DOUBTFUL = re.compile(r"\b(?:docs?|documentation|swagger|would|should|expect\w*|supposed|if|unless)\b", re.IGNORECASE)
# Where a sentence turns from what should happen to what does.
TURN = re.compile(r"\b(?:but|yet|still|however|and we (?:still )?)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?][\s)\]\"']{1,4}(?=[^\W\d_a-z])|[。！？]|(?<![\w/])(?:GET|POST|PUT|PATCH|DELETE)(?!\w)")
FULL_STOP = re.compile(r"[.!?][\s)\]\"']{1,4}(?=[^\W\d_a-z])|[。！？]")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Keys that together only a response has: ErrorBody, the errors of the token endpoint, a started session.
RESPONSE_KEYS = (
    {"contextId"},
    {"message", "code"},
    {"error", "error_description"},
    {"error", "description"},
    {"joinCode"},
)
VERBOSE_NOISE = re.compile(r"\* |\*$|[{}] \[\d|> |< |[ \t]*\d{1,3}[ \t]+\d.*--:--")


def find_response(text: str) -> DraftResponse | None:
    """The response in a text, usually the text after a call; None for none."""
    return raw_response(text) or _curl_error(text) or _bare_status(text) or _bare_body(text)


def raw_response(text: str) -> DraftResponse | None:
    """The last raw response in the text: those before it are from a proxy, a "100 Continue" or a redirect."""
    if "HTTP/" not in text:
        return None
    lines = text.split("\n")
    starts = [number for number, line in enumerate(time_budget.checked(lines)) if STATUS_LINE.match(line)]
    if not starts:
        return None
    first = STATUS_LINE.match(lines[starts[-1]])
    verbose = lines[starts[-1]].lstrip().startswith("<")
    block = lines[starts[-1] + 1 :]
    if verbose:
        block = [line.lstrip()[1:].removeprefix(" ") if line.lstrip().startswith("<") else line for line in block]
    headers, rest = read_headers(block)
    if verbose:
        rest = [line for line in time_budget.checked(rest) if not VERBOSE_NOISE.match(line)]
    return DraftResponse(int(first[1]) if first else None, headers, _without_prose(tidy_body(rest)))


def _without_prose(body: str | None) -> str | None:
    """The body without the lines after its JSON, as in a mail thread."""
    found = json_at(body, 0) if body and body[0] in "{[" else None
    return body[: found[1]] if body and found and body[found[1] :].lstrip(" \t").startswith("\n") else body


def read_headers(lines: list[str]) -> tuple[Headers, list[str]]:
    """The headers up to the blank line, and the lines after it. A folded header keeps its line end."""
    headers: Headers = []
    for number, raw in enumerate(lines):
        time_budget.check()
        line = raw.rstrip("\r")
        name, colon, value = line.partition(":")
        if not line.strip():
            return headers, lines[number + 1 :]
        named = colon and HEADER_NAME.fullmatch(name.strip())
        if line[0] in " \t" and headers and not named:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]}\n {line.strip()}")
        elif named:
            if len(headers) < MAX_HEADERS:
                headers.append((name.strip(), value.strip(" \t")))
        else:
            return headers, lines[number:]
    return headers, []


def tidy_body(lines: list[str]) -> str | None:
    """The body without blank lines, code fences and prompts around it; None for an empty one."""
    lines = [line.rstrip("\r") for line in lines]
    while lines and (not lines[-1].strip() or lines[-1].strip() in {"```", "$", "#", "%", "~~~"}):
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[first:]) or None


def is_response_body(value: Any) -> bool:
    """Whether a JSON value is the body of a response, not of a request."""
    if not isinstance(value, dict):
        return False
    if status_in(value) is not None and len(value) > 1:
        return True
    return any(keys <= value.keys() for keys in RESPONSE_KEYS)


def status_in(value: Any) -> int | None:
    """The HTTP status in an error body."""
    found = value.get("status") if isinstance(value, dict) else None
    if isinstance(found, str) and re.fullmatch(r"[1-5]\d\d", found.strip()):
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and 100 <= found <= 599 else None


def json_at(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON value that begins at `start`, and its end; None if it isn't JSON."""
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def permissions_in(text: str) -> tuple[str, ...]:
    """The first five permissions in a response, such as conversation:cobrowse:add."""
    found = re.findall(r"\b[A-Za-z]\w{0,60}:[A-Za-z]\w{0,60}:(?:[A-Za-z]\w{0,60}|\*)", text)
    return tuple(dict.fromkeys(found))[:5]


def line_status(line: str) -> int | None:
    """The status in a line such as "-> 404" or "404 Not Found"."""
    line = line[-2000:]
    found = ARROW_STATUS.search(line) or LONE_STATUS.fullmatch(line)
    return int(found[1]) if found else None


def leading_status(line: str) -> int | None:
    """The status with which a line or the comment in a line of code begins."""
    found = LEADING.search(line[:2000])
    return int(found[1]) if found else None


def adjacent_status(text: str, end: int) -> int | None:
    """The status directly after the address that ends at `end`, as in a log."""
    found = ADJACENT.match(text, end)
    return int(found[1]) if found else None


def about_method(text: str, method: str) -> str:
    """The text up to the first mention of another HTTP method, of which the rest may be about."""
    for found in METHOD_WORD.finditer(text):
        if found[0] != method:
            return text[: found.start()]
    return text


def status_in_prose(text: str) -> int | None:
    """The first status that a sentence names after a verb such as "returns"."""
    for found in islice(VERB_STATUS.finditer(text, 0, 5_000), 20):
        number = found.lastindex or 1
        sentence = text.rfind(".", 0, found.start()) + 1
        start = max(sentence, found.start() - 80)
        for turn in TURN.finditer(text, start, found.start()):
            start = turn.end()
        if not DOUBTFUL.search(text, start, found.start(number)) and not DENIED.search(
            text, start, found.start(number)
        ):
            return int(found[number])
    return None


def status_near(text: str, start: int, end: int, until: int, method: str = "") -> int | None:
    """The status that the text gives for the call from `start` to `end`: after it in the same sentence, at the start of
    one of the next lines, or before it in the same sentence."""
    line_end = text.find("\n", end, until)
    line_end = until if line_end < 0 else line_end
    after = text[end : min(line_end, end + 300)]
    if (status := leading_status(text[start : min(line_end, start + 2000)])) is not None:
        return status
    if (status := status_in_line(FULL_STOP.split(about_method(after, method), maxsplit=1)[0])) is not None:
        return status
    for line in text[line_end + 1 : min(until, line_end + 600)].split("\n")[:6]:
        if (status := leading_status(line)) is not None:
            return status
    line_start = text.rfind("\n", max(0, start - 600), start) + 1
    before = SENTENCE_END.split(text[max(line_start, start - 300) : start])[-1]
    return status_in_line(before)


def status_in_line(text: str) -> int | None:
    """The first number in a sentence or a line that can be the status of a response."""
    for found in NEAR.finditer(text):
        if not DENIED.search(text, 0, found.start()):
            return int(found[1])
    return None


def _curl_error(text: str) -> DraftResponse | None:
    found = CURL_ERROR.search(text)
    return DraftResponse(network_error=found[1].strip() or "curl gave up") if found else None


def _bare_status(text: str) -> DraftResponse | None:
    for number, line in enumerate(lines := text.split("\n")):
        time_budget.check()
        status = line_status(line)
        if status:
            after = "\n".join(lines[number + 1 :]).strip()
            found = _bare_body(after)
            return DraftResponse(status, [], found.body if found else None)
    return None


def _bare_body(text: str) -> DraftResponse | None:
    """The first JSON object at the start of a line that looks like a response."""
    for start in islice(re.finditer(r"^[ \t]{0,20}(?=\{)", text, re.MULTILINE), 5):
        time_budget.check()
        found = json_at(text, start.end())
        if found and is_response_body(found[0]):
            return DraftResponse(status_in(found[0]), [], text[start.end() : found[1]])
    return None
