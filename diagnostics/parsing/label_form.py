"""Reads a call with labeled parts: an SDK's trace log, a browser's network panel, a ticket."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import METHODS, Draft, guess_method, uncut
from diagnostics.parsing.objects import objects_in
from diagnostics.parsing.response_text import is_response_body, json_at, read_headers
from diagnostics.parsing.short_form import add_concatenated
from diagnostics.parsing.values import text_of
from diagnostics.text import time_budget

MAX_BODY = 4_000
LEAD = r"[ \t>*#•`\"'_-]{0,8}"
AFTER = r"[\"'`*_]{0,3}[ \t]{0,8}(?:[:：–—]|\n)[ \t]{0,8}[\"'`*_<]{0,4}"
URL = re.compile(
    rf"^{LEAD}(?:(?:full |request[ _-]?|http )?(?:url|uri)(?:[ _-]?template)?|requesturltemplate|"
    rf"(?:[^\n:：|]{{0,40}} )?(?:d['’])?(?:url|uri)(?: [^\n:：|]{{0,20}})?|الرابط|"
    rf"endpoint|resource|route|path|pfad|ruta|endpunkt|punto final|adresse|dirección|endereço|エンドポイント|接口|地址|адрес){AFTER}"
    r"(?P<url>(?:https?://|/api/|/oauth/|\{\{|api\.|/(?:v2/)?(?:conversations|cobrowse|webdeployments|webmessaging)/)[^\s\"'`<>,]{2,4000})",
    re.IGNORECASE | re.MULTILINE,
)
METHOD = re.compile(
    rf"^{LEAD}(?:(?:request[ _-]?|http[ _-]?)?(?:method|verb|type)|methode|método|metodo|méthode|"
    rf"メソッド|方法|метод|الطريقة){AFTER}"
    rf"(?P<method>{'|'.join(sorted(METHODS))})\b",
    re.IGNORECASE | re.MULTILINE,
)
RESPONSE = re.compile(
    rf"^(?:=+ ?RESPONSE ?=+|{LEAD}(?:response|antwort|respuesta|resposta|réponse|レスポンス|响应|"
    rf"ответ)\b|{LEAD}(?:http[ _-]?)?(?:status|statuscode|status code|estado|statut|ステータス|状态|"
    rf"статус)\b)",
    re.IGNORECASE | re.MULTILINE,
)
REQUEST = re.compile(r"^=+ ?REQUEST ?=+[ \t]*$", re.IGNORECASE | re.MULTILINE)
HEADERS = re.compile(
    rf"^{LEAD}(?:en-têtes de requête|anforderungs-?header|anfrage-?header|encabezados de solicitud|cabeçalhos da solicitação|"
    rf"リクエスト ?ヘッダー|(?:request )?(?:headers?|kopfzeilen|cabeceras|cabeçalhos|en-têtes|ヘッダー?|请求头)){AFTER}",
    re.IGNORECASE | re.MULTILINE,
)
BODY = re.compile(
    rf"^{LEAD}(?:(?:request )?(?:body|payload|data)|charge utile(?: de requête)?|anfragenutzlast|nutzlast|carga útil[^\n:]{{0,20}}|"
    rf"request[ _-]?template|cuerpo|corpo|corps|ボディ|"
    rf"请求体|тело){AFTER}(?=[{{\[\"])",
    re.IGNORECASE | re.MULTILINE,
)
# A base URL, which the path in another line completes.
BASE_ALONE = re.compile(r"https?://[\w.-]{4,100}(?::\d{1,5})?(?:/api(?:/v2)?)?/?", re.IGNORECASE)
REDACTED = re.compile(r"\[?\*{0,3}(?:redacted|removed|hidden|filtered)\*{0,3}\]?", re.IGNORECASE)
HEADER_LINE = re.compile(r"[ \t]{0,12}[A-Za-z][\w-]{1,60}:[ \t].*")


@dataclass(frozen=True)
class _Block:
    start: int
    end: int
    url: re.Match[str]


def labeled_calls(text: str) -> list[CallSpan]:
    return [
        CallSpan(block.start, block.url.end(), partial(_read, text, block))
        for block in list(_blocks(text))[:MAX_CANDIDATES]
    ]


def _blocks(text: str) -> Iterator[_Block]:
    """The labeled blocks, each from its request to the next one. A URL that a response repeats starts no block."""
    urls = list(islice(time_budget.checked(URL.finditer(text)), 4 * MAX_CANDIDATES))
    urls = [found for found in urls if not BASE_ALONE.fullmatch(found["url"])] or urls
    requests = [found.start() for found in time_budget.checked(REQUEST.finditer(text))]
    methods = [found.start() for found in time_budget.checked(METHOD.finditer(text))]
    previous = 0
    for number, url in enumerate(urls):
        time_budget.check()
        heading = max((at for at in requests if previous <= at < url.start()), default=-1)
        if requests and requests[0] < url.start() and heading < 0 and previous:
            continue  # the URL of the response
        begin = heading if heading >= 0 else url.start()
        before = [at for at in methods if max(previous, url.start() - 400) <= at < url.start()]
        if heading < 0 and before:
            begin = before[-1]
        following = urls[number + 1].start() if number + 1 < len(urls) else len(text)
        end = min((at for at in requests if at > url.start()), default=following if not requests else len(text))
        yield _Block(begin, end, url)
        previous = url.end()


def _read(text: str, block: _Block, until: int) -> Draft:
    draft = Draft("log", url=block.url["url"].rstrip(".,;)*_،؛。、，"))
    draft.url = uncut(draft.url, text, block.url.end())
    draft.note("taken", "The call was read from its labeled parts.")
    add_concatenated(draft, text, block.url.end())
    end = min(block.end, max(until, block.url.end()))
    response = RESPONSE.search(text, block.url.end(), end)
    request_end = response.start() if response else end
    method = METHOD.search(text, block.start, end)
    draft.method = method["method"].upper() if method else ""
    _fill_headers(draft, text, block.start, request_end)
    _fill_body(draft, text, block.url.end(), request_end)
    guess_method(draft)
    return draft


def _fill_headers(draft: Draft, text: str, start: int, end: int) -> None:
    found = HEADERS.search(text, start, end)
    if not found:
        return
    lines = _paired_lines(text[found.end() : end])
    for line in [] if lines else text[found.end() : end].lstrip("\n").split("\n"):
        if not HEADER_LINE.fullmatch(line) or BODY.match(line):
            break
        lines.append(line.strip())
    headers, _ = read_headers(lines)
    draft.headers = [(name, value) for name, value in headers if not REDACTED.fullmatch(value.removeprefix("Bearer "))]
    if len(draft.headers) < len(headers):
        draft.note("dropped", "Headers whose value the log replaced, such as [REDACTED], were left out.")


def _paired_lines(text: str) -> list[str]:
    """The headers in a browser's panel, with names and values in alternate lines."""
    lines = [line.strip() for line in text.strip("\n").split("\n")[:200]]
    found = []
    for name, value in zip(lines[::2], lines[1::2], strict=False):
        if not re.fullmatch(r":?[a-z][a-z0-9-]{1,60}", name):
            break
        if not name.startswith(":"):
            found.append(f"{name}: {value}")
    return found


def _fill_body(draft: Draft, text: str, start: int, end: int) -> None:
    found = BODY.search(text, start, end)
    value = json_at(text, found.end()) if found else None
    if found and value is None:  # a browser prints keys without quotation marks
        printed = objects_in(text[found.end() : min(end, found.end() + MAX_BODY)])[:1]
        if printed and not printed[0].at and not is_response_body(printed[0].value):
            draft.body = json.dumps(printed[0].value, ensure_ascii=False, default=text_of)
        return
    if found and value and not is_response_body(value[0]):
        draft.body = text[found.end() : value[1]]
