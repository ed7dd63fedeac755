"""Finds the traces of responses in a text and joins those of the same response."""

import json
import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from diagnostics.genesys.errors import is_known_message
from diagnostics.parsing.data_action import status_in_message, wrapped_message, wrapped_status
from diagnostics.parsing.draft import ComposedBody, DraftResponse, Headers
from diagnostics.parsing.exchange_values import exchange_in
from diagnostics.parsing.log_form import CODE, HEADERS, dict_headers
from diagnostics.parsing.objects import FoundObject, objects_in, value_of
from diagnostics.parsing.response_text import STATUS_LINE, json_at, raw_response, read_headers, status_in_line
from diagnostics.text import time_budget

MAX_TRACES = 2_000
MAX_LABELED = 60_000  # characters of one labeled response
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
STATUS = re.compile(
    r"(?<![A-Za-z0-9])(?<!exit_)(?<!exit )(?:http[ _-]?)?(?:status|estado|statut|статус|ステータス|状态|狀態|الحالة)"
    r"(?:[ _-]{0,2}(?:code|código|codigo|コード|码|碼|код))?[\"'`*]{0,3}\s{0,3}(?:[:=：は为為]|is|of|"
    r"was|->)?\s{0,3}[\"'`*]{0,3}(?P<named>[1-5]\d\d)(?![\w-]|\.\w)"
    r"|(?:HTTP[ステータス状态]{0,6}|HTTP error|HTTP[- ]Fehler|código|codigo|code d['’]état|code|Code|"
    r"código de estado|код|エラー|错误|錯誤|오류|خطأ|エラーコード|ErrorCode|error code|error|fehler|erreur|errore|erro|fout|"
    r"ошибк\w{1,2}|antwort|respuesta|resposta|réponse|risposta|ответ|レスポンス|응답|响应|回應|"
    r"ergebnis|resultado|résultat|esito|risultato|wynik|odpowiedź|sonuç|resultaat|antwoord|svar|actual(?: result)?|"
    r"observed|tatsächlich\w{0,2})\s{0,2}[:=：]?\s{0,2}[ \t]{0,8}"
    r"(?P<words>[45]\d\d)(?![\w-]|\.\w)"
    r"|[:：]\s{0,2}\((?P<windows>[45]\d\d)\)\s{0,2}[^\W\d]"  # PowerShell 5.1, in any language
    r"|\b\d{1,9}(?:[.,]\d{1,6})?\s?ms\s{1,2}-\s(?P<handler>[1-5]\d\d)\b"  # HttpClient's log
    r"|\bHTTP/\d(?:\.\d)? (?P<line>[1-5]\d\d)\b"
    r"|\bResponse:?[ \t]{1,8}(?P<response>[1-5]\d\d)\b"
    r"|\((?P<ending>[45]\d\d)\)[ \t.]*$"
    r"|\breceived[ \t]{0,2}[:=][ \t]{0,8}(?P<asserted>[1-5]\d\d)(?![\w-]|\.\w)"  # what Jest prints
    r"|^[ \t]{0,8}\[(?P<bracketed>[45]\d\d)\]"
    r"|^[ \t]{0,4}<=+ ?(?:HTTP(?:/[\d.]{1,3})? )?(?P<received>[1-5]\d\d)\b"
    r"|<Response \[(?P<requests>[1-5]\d\d)(?: [A-Za-z ]{2,40})?\]>"  # what requests and httpx print
    r"|https?://[^\s:\"'<>]{10,400}+[ \t]{1,3}(?P<after_address>[45]\d\d)(?=[ \t]*$)"
    r"|^[ \t]*[\w.@/-]{1,80}:\d{1,7}(?::\d{1,7})?[ \t]{1,4}(?P<console>[1-5]\d\d)[ \t]*$"  # what console.log prints
    r"|(?://|#)[^\n]{0,60}?\bstatus_?(?:code)?(?:\(\))?[ \t]{0,2}={2,3}[ \t]{0,2}(?P<compared>[1-5]\d\d)\b"
    r"|(?<![A-Za-z0-9_.-])(?P<counter>[45]\d\d) ?(?:エラー|错误|錯誤|에러|오류)"
    r"|\bhttp_code\s{0,3}[:=]\s{0,3}(?P<curl>[1-5]\d\d)\b"
    r"|^(?P<write_out>[1-5]\d\d)(?:[ ,;|]\d{1,3}\.\d{1,6}s?)?[ \t]*$"  # what curl -w prints
    r"|ApiException:?\s{0,3}\(?(?P<python>[1-5]\d\d)\)?"
    r"|\bAPI Error:? (?P<go>[1-5]\d\d)\b"
    r"|\b(?:returned an error|not indicate success|responded with|resulted in an?|failed with|"
    r"answered|API Exception|"
    r"Error calling \w{1,90})[:\s`\"'(]{1,4}(?:status )?(?:code )?\(?[`'\"]?(?P<net>[1-5]\d\d)\b"
    r"|\bnet::ERR_[A-Z_]{2,40} (?P<chrome>[1-5]\d\d)\b"
    r"|(?:<--|->|=>|→|⇒|➜|<-|⟵|←) {0,3}(?:(?:test|result|response|answer|got|ergebnis|antwort): {0,3})?"
    r"(?:HTTP(?:/\d(?:\.\d)?)? )?(?:status )?(?P<arrow>[1-5]\d\d)(?![\w.-])"
    r"|\b(?P<reason>[1-5]\d\d) {1,2}[-–(]{0,2} ?(?:Client Error|Server Error|OK\b|Created\b|"
    r"Accepted\b|No Content\b|Bad ?Request|Unauthorized|Forbidden|Not ?Found|NOT_FOUND|[a-z_]{2,30}\.[a-z_.]{2,60}(?![\w.:/-])|"
    r"Method ?Not ?Allowed|Not ?Acceptable|Conflict|Gone\b|Unsupported ?Media ?Type|Unprocessable|"
    r"Too ?Many ?Requests|Internal ?Server ?Error|Bad ?Gateway|Service ?Unavailable|"
    r"Gateway ?Time-?out)"
    r"|\"[A-Z]{3,7} \S{1,2000} HTTP/\d(?:\.\d)?\" (?P<access>[1-5]\d\d)\b",
    re.IGNORECASE | re.MULTILINE,
)
STATUS_DIGITS = re.compile(r"[1-5]\d\d")
# A status line of a protocol that isn't HTTP.
OTHER_PROTOCOL = re.compile(r"\b(?:SIP|SIPS|RTSP|MSRP|MRCP|ICAP)/\d(?:\.\d)?[ \t]{1,2}$")
CORRELATION = re.compile(
    r"(?:\b(?:inin|x)[-_ ])?(?:correlation|corr[ée]lation|correlaci[óo]n|correla[çc][ãa]o|"
    r"correlazione|korrelation\w{0,2}|корреляци\w{1,3}|相関|关联|相关|關聯|الارتباط|contextId)"
    rf"[^\n0-9A-Fa-f]{{0,3}}[^\n{{}}]{{0,24}}?\n?(?P<id>(?<![0-9A-Za-z-]){UUID})",
    re.IGNORECASE,
)
# CX as Code, the Go SDK and people write it in parentheses at the end of the message.
IN_PARENTHESES = re.compile(rf"(?:permission|Error|request|resource|error|API)[^\n]{{0,600}}?\((?P<id>{UUID})\)")
# The text form of the SDKs' trace log.
LABELED = re.compile(r"^=+ ?RESPONSE ?=+[ \t]*\n", re.IGNORECASE | re.MULTILINE)
LABELED_END = re.compile(r"^=+ ?(?:REQUEST|RESPONSE|END)\b", re.IGNORECASE | re.MULTILINE)
LABELED_STATUS = re.compile(r"^Status(?: ?Code)?:[ \t]{0,8}([1-5]\d\d)\b", re.IGNORECASE | re.MULTILINE)
LABELED_HEADERS = re.compile(r"^Headers:[ \t]*\n((?:[ \t]{1,12}[A-Za-z][\w-]{0,60}:[^\n]{0,4000}\n)+)", re.I | re.M)
LABELED_BODY = re.compile(r"^(?:Body|Response|Content):[ \t]{0,8}(?=\S)", re.IGNORECASE | re.MULTILINE)
BACKEND = re.compile(r"Request to backend service failed")
CORS = re.compile(
    r"blocked by CORS policy|Cross-Origin Request Blocked|CORS request did not succeed|"
    r"is not allowed by Access-Control"
)
# Errors of programs that could not connect.
FAILED = re.compile(
    r"\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN)\b|\bconnect E(?:CONNREFUSED|TIMEDOUT|HOSTUNREACH|NETUNREACH)\b|\bread ECONNRESET\b|"
    r"\bUnknownHostException:|\bSocketTimeoutException:|\bConnectException:|\bSSLHandshakeException:|"
    r"\bNo such host is known|\bno such host\b|\bName or service not known|\bFailed to resolve '|"
    r"remote name could not be resolved|\bTLS handshake timeout|\bcontext deadline exceeded|"
    r"\bSSLCertVerificationError|\bCERTIFICATE_VERIFY_FAILED|\bself[- ]signed certificate in certificate chain|"
    r"\bunable to (?:verify the first certificate|get local issuer certificate)|\bSSL connection could not be established|"
    r"\b(?:Connect|Read)Timeout(?:Error)?\b|"
    r"\bcurl: \(\d{1,3}\)|(?i:\bcould(?: not|n't) resolve (?:host|proxy)\b)|\bTemporary failure in name resolution|"
    r"\bx509: |\btls: (?:failed|bad|unknown|protocol|first record)|\bPKIX path (?:building|validation) failed|"
    r"(?i:\bcertificate verify failed)|\bSSL\w{0,20}Exception: |\bReceived fatal alert|\btrust relationship for the SSL|"
    r"\bE(?:CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|PROTO|NOTFOUND)\b|\bi/o timeout\b|\": (?:unexpected )?EOF\b|"
    r"\bsocket hang up\b|\bTunnel connection failed|\bCONNECT tunnel failed|\bProxyError\b|\bproxyconnect tcp\b|"
    r"\bHTTP code 407 from proxy|\b(?:[Rr]ead|[Cc]onnect(?:ion)?|[Rr]equest|[Oo]peration(?: has)?) timed out\b|"
    r"\bConnection (?:refused|reset)\b|\bHttpClient\.Timeout\b|\bUnexpected token '?<"
)
# The status of a proxy that refused to connect isn't the API's.
TUNNEL = re.compile(
    r"Tunnel connection failed:? \d{3}[^\n]{0,40}|CONNECT tunnel failed, response \d{3}|HTTP code \d{3} from proxy|"
    r"proxyconnect tcp: [^\n]{0,80}"
)
ENDPOINT = re.compile(
    r"(?<![\w.-])(?:\d{1,3}(?:\.\d{1,3}){3}|[a-z][\w-]{0,60}(?:\.[\w-]{1,60}){0,5}):\d{2,5}(?!\d)", re.IGNORECASE
)
PAGE = re.compile(
    r"(?:^[ \t>|]{0,8}|Unexpected token '?<[^\n]{0,20}?)(?P<page><(?:!doctype\b|html\b|head>|title>|center>|body\b))",
    re.IGNORECASE | re.MULTILINE,
)
PAGE_END = re.compile(r"</(?:html|body|head|title|center|h1|p)>", re.IGNORECASE)
MAX_PAGE = 4_000
# What a server said: in quotation marks, as the message of an exception, or in words that only the API uses.
QUOTED = re.compile(
    r"[\"“'‘«]\s?(?P<text>[A-Z][^\"“”'‘’«»\n]{10,300})[\"”'’»]|Exception: (?P<thrown>[A-Z][^\n]{10,300})|"
    r"(?P<own>Unable to perform the requested action\. You [^\n]{10,300}|This request requires a user context\.)"
)
NETWORK = re.compile(r"\bnet::(?P<code>ERR_[A-Z_]{2,40})(?! [1-5]\d\d)")


@dataclass
class Trace:
    """A part of a response, such as its status or its body, and its span in the text."""

    at: int
    end: int
    status: int | None = None
    headers: Headers = field(default_factory=list, repr=False)
    body: str | None = field(default=None, repr=False)
    network_error: str = ""
    url: str = ""

    @property
    def correlation_id(self) -> str:
        return correlation_of(self.headers, self.body)

    @property
    def code(self) -> str:
        value = value_of(self.body or "")
        code = value.get("code") if isinstance(value, dict) else None
        return code if isinstance(code, str) else ""

    @property
    def is_explained(self) -> bool:
        """Whether it has an error code, or a message of known wording that the text quotes."""
        value = value_of(self.body or "") if isinstance(self.body, ComposedBody) else None
        return bool(self.code or (isinstance(value, dict) and value.get("message")))

    @property
    def completeness(self) -> tuple[bool, ...]:
        failed = self.status is not None and self.status >= 400
        return (failed, bool(self.code), bool(self.correlation_id), self.body is not None, self.status is not None)

    def joins(self, other: "Trace") -> bool:
        """Whether the two can be parts of the same response."""
        same_status = None in (self.status, other.status) or self.status == other.status
        ids = (self.correlation_id, other.correlation_id)
        bodies = self.code and other.code and self.code != other.code
        return same_status and ("" in ids or ids[0].lower() == ids[1].lower()) and not bodies

    def join(self, other: "Trace") -> "Trace":
        body = max((self.body, other.body), key=lambda body: (bool(value_of(body or "")), body is not None))
        headers = self.headers if len(self.headers) >= len(other.headers) else other.headers
        ids = self.correlation_id or other.correlation_id
        if ids and not correlation_of(headers, body):
            headers = [*headers, ("ININ-Correlation-Id", ids)]
        status = self.status if self.status is not None else other.status
        if isinstance(self.body, ComposedBody) and isinstance(other.body, ComposedBody):
            parts = [json.loads(part) for part in (self.body, other.body)]
            body = ComposedBody(
                json.dumps({name: parts[0].get(name) or parts[1].get(name) for name in parts[0] | parts[1]})
            )
        error = "" if status else self.network_error or other.network_error
        return Trace(self.at, max(self.end, other.end), status, headers, body, error, self.url or other.url)

    def as_response(self) -> DraftResponse:
        return DraftResponse(self.status, self.headers, self.body, self.network_error if self.status is None else "")


class Responses:
    """The traces of responses in a text, in its order."""

    def __init__(self, text: str, objects: list[FoundObject] | None = None) -> None:
        self.objects = objects_in(text) if objects is None else objects
        self._text = text

    @cached_property
    def traces(self) -> list[Trace]:
        """Found on first use: a text without a call needs none."""
        return _traces(self._text, self.objects)

    @cached_property
    def _starts(self) -> list[int]:
        return [trace.at for trace in self.traces]

    def between(self, start: int, end: int, status: int | None = None) -> Trace | None:
        """The response between two offsets, with the status if one is given; of several the one that failed and has the
        most parts."""
        first = bisect_left(self._starts, start)
        if 0 < first <= len(self.traces) and self.traces[first - 1].end > start:
            first -= 1  # the call is inside it, such as in the message of a log entry
        traces = self.traces[first : bisect_left(self._starts, end)]
        return best_of([trace for trace in traces if status is None or trace.status in (None, status)])


def best_of(traces: list[Trace]) -> Trace | None:
    groups: list[Trace] = []
    for trace in traces[:MAX_TRACES]:
        time_budget.check()
        recent = range(len(groups) - 1, max(-1, len(groups) - 6), -1)
        index = next((index for index in recent if groups[index].joins(trace)), -1)
        if index < 0:
            groups.append(trace)
        else:
            groups[index] = groups[index].join(trace)
    return max(groups, key=lambda group: group.completeness, default=None)


def correlation_of(headers: Any, body: str | None) -> str:
    """The correlation ID of a response: its header, else the contextId of its body; "" for none."""
    for name, value in headers:
        if re.sub(r"[^a-z]", "", name.lower()) in ("inincorrelationid", "correlationid", "xcorrelationid"):
            return str(value).strip(" []\"'")  # Go prints a header's values in brackets
    found = value_of(body or "")
    for name in ("contextId", "correlationId", "correlation_id"):
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return str(found[name])
    return ""


def completed(response: DraftResponse | None, found: Trace | None) -> DraftResponse | None:
    """The response that a reader found after its call, completed from the traces in the text."""
    if found is None:
        return response
    if response is None or (response.network_error and found.status is not None):
        return found.as_response()
    if response.network_error:
        return response
    trace = Trace(0, 0, response.status, response.headers, response.body)
    if not trace.joins(found):
        weak = response.body is None and not response.headers
        return found.as_response() if weak and found.completeness > trace.completeness and found.code else response
    whole = trace.join(found)
    value, found_value = value_of(response.body or ""), value_of(found.body or "")
    if response.body is not None and (found_value is None or (value is not None and len(value) >= len(found_value))):
        body: str | None = response.body
    else:
        body = whole.body if value is None else found.body
    return DraftResponse(whole.status, whole.headers, body)


def _traces(text: str, objects: list[FoundObject]) -> list[Trace]:
    found = [*_raw(text), *_labeled(text), *_from_objects(objects)]
    found.sort(key=lambda trace: trace.at)
    borders = [(trace.at, trace.end) for trace in found]
    tunnels = [(each.start(), each.end()) for each in _first(TUNNEL, text)]
    statuses = [each for each in _statuses(text) if not any(start <= each.at < end for start, end in tunnels)]
    single = [*_inner_statuses(text, statuses), *_correlations(text), *_networks(text), *_codes(text)]
    single += [*_pages(text), *_messages(text)]
    starts = [start for start, _ in borders]
    for trace in single:
        index = bisect_left(starts, trace.at + 1) - 1
        if index < 0 or trace.at >= borders[index][1]:
            found.append(trace)
    return sorted(found, key=lambda trace: trace.at)[:MAX_TRACES]


def _raw(text: str) -> list[Trace]:
    """Raw HTTP responses, each from its status line to the next."""
    starts: list[int] = []
    at = 0
    for line in time_budget.checked(text.split("\n")) if "HTTP/" in text else ():
        if STATUS_LINE.match(line):
            starts.append(at)
        at += len(line) + 1
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=False):
        time_budget.check()
        response = raw_response(text[start : min(end, start + 60_000)])
        if response is not None:
            body = response.body if value_of(response.body or "") is not None else None
            first_blank = text.find("\n\n", start, end)
            found.append(
                Trace(start, first_blank if first_blank > 0 else start + 12, response.status, response.headers, body)
            )
    return found[-50:]


def _labeled(text: str) -> list[Trace]:
    """Responses whose status, headers and body have labels of their own, under a heading."""
    found = []
    for heading in time_budget.checked(LABELED.finditer(text)):
        limit = min(len(text), heading.end() + MAX_LABELED)
        following = LABELED_END.search(text, heading.end(), limit)
        end = following.start() if following else limit
        status = LABELED_STATUS.search(text, heading.end(), end)
        headers = LABELED_HEADERS.search(text, heading.end(), end)
        body = LABELED_BODY.search(text, headers.end() if headers else heading.end(), end)
        if status is None or not (headers or body):
            continue
        json_end = found_json[1] if body and (found_json := json_at(text, body.end())) else None
        lines = [line.strip() for line in headers[1].splitlines()] if headers else []
        found.append(
            Trace(
                heading.start(),
                heading.end(),
                int(status[1]),
                read_headers(lines)[0],
                text[body.end() : json_end] if body and json_end else None,
            )
        )
    return found[-50:]


def _from_objects(objects: list[FoundObject]) -> list[Trace]:
    found = []
    for item in objects:
        time_budget.check()
        exchange = exchange_in(item.value, item.raw)
        if exchange.response is not None:
            response = unwrapped(exchange.response)
            found.append(Trace(item.at, item.end, response.status, response.headers, response.body, url=exchange.url))
    return [trace for trace in found if trace.end > trace.at]


def unwrapped(response: DraftResponse) -> DraftResponse:
    """The API's response, if a data action wrapped it in its own 400, else the response itself."""
    value = value_of(response.body or "")
    message = wrapped_message(value)
    if not isinstance(value, dict) or not message:
        return response
    inner = next((item for item in objects_in(message) if item.value.get("code") or item.value.get("message")), None)
    status = wrapped_status(value)
    found = exchange_in(inner.value).response if inner is not None else None
    if found is not None and found.body:
        headers = found.headers if correlation_of(found.headers, found.body) else response.headers
        return DraftResponse(found.status or status, headers, found.body)
    return replace(response, status=status or response.status)


def _statuses(text: str) -> list[Trace]:
    found: list[Trace] = []
    if not STATUS_DIGITS.search(text):  # takes a hundredth of the time
        return found
    for match in time_budget.checked(STATUS.finditer(text)):
        if OTHER_PROTOCOL.search(text, max(0, match.start() - 14), match.start()):
            continue
        digits = next(value for value in match.groups() if value)
        found.append(Trace(match.start(), match.end(), int(digits)))
        if len(found) >= MAX_TRACES:
            break
    return found


def _inner_statuses(text: str, statuses: list[Trace]) -> list[Trace]:
    """The statuses without the 400 of a data action whose message names the status of the API."""
    backend = BACKEND.search(text)
    inner = status_in_message(text[backend.end() : backend.end() + 600]) if backend else None
    if inner in (None, 400):
        return statuses
    return [trace for trace in statuses if trace.status != 400]


def _correlations(text: str) -> list[Trace]:
    found = [Trace(m.start(), m.end(), None, [("ININ-Correlation-Id", m["id"])]) for m in _first(CORRELATION, text)]
    found += [
        Trace(m.start("id"), m.end(), None, [("ININ-Correlation-Id", m["id"])]) for m in _first(IN_PARENTHESES, text)
    ]
    for match in _first(HEADERS, text):
        headers = dict_headers(match["dict"])
        if headers:
            found.append(Trace(match.start(), match.end(), None, headers))
    return found


def _networks(text: str) -> list[Trace]:
    found = [Trace(m.start(), m.end(), network_error=_line_around(text, m.start())) for m in _first(CORS, text)]
    found = found or [Trace(m.start(), m.end(), network_error=m[0]) for m in _first(NETWORK, text)]
    return found or [
        Trace(
            m.start(),
            m.end(),
            network_error=_with_proxy(line, text) if not number else line,
        )
        for number, m in enumerate(_first(FAILED, text))
        if (line := _line_around(text, m.start()))
    ]


def _with_proxy(error: str, text: str) -> str:
    """The error, which says so if the address in it is that of a proxy set in the text."""
    found = ENDPOINT.search(error)
    if found is None or "proxy" in error.lower():
        return error
    is_proxy = re.search(
        rf"(?i)proxy\w{{0,20}}[\"']?\s{{0,3}}[=:,]\s{{0,3}}[\"']?\S{{0,60}}?{re.escape(found[0])}", text
    )
    return f"{error} (the address of the proxy)" if is_proxy else error


def _pages(text: str) -> list[Trace]:
    """The first page or part of one, as the body of a response."""
    start = PAGE.search(text)
    if start is None:
        return []
    at = start.start("page")
    ends = [each.end() for each in PAGE_END.finditer(text, at, at + MAX_PAGE)]
    line_end = text.find("\n", at)
    end = ends[-1] if ends else (line_end if line_end >= 0 else len(text))
    return [Trace(at, end, body=text[at:end])]


def _messages(text: str) -> list[Trace]:
    """Messages of known wording that the text quotes, as error bodies."""
    found = []
    for match in _first(QUOTED, text):
        message = (match["text"] or match["thrown"] or match["own"]).strip()
        if is_known_message(message):
            body = ComposedBody(json.dumps({"message": message, "code": ""}, ensure_ascii=False))
            found.append(
                Trace(match.start(), match.end(), status_in_line(_line_around(text, match.start())), body=body)
            )
    return found


def _line_around(text: str, at: int) -> str:
    start = max(text.rfind("\n", 0, at) + 1, at - 300)
    end = text.find("\n", at, at + 300)
    return text[start : end if end >= 0 else at + 300].strip()


def _codes(text: str) -> list[Trace]:
    """Codes in a log such as code=not.found, as error bodies."""
    found = []
    for match in _first(CODE, text):
        found.append(
            Trace(match.start(), match.end(), body=ComposedBody(json.dumps({"message": "", "code": match["code"]})))
        )
    return found


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = []
    for match in time_budget.checked(pattern.finditer(text)):
        found.append(match)
        if len(found) >= 300:
            break
    return found
