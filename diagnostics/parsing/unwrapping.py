"""Removes the wrapping of a pasted call: mail quotes, HTML, chat and log prefixes, prompts, boxes, line numbers."""

import ast
import base64
import html
import quopri
import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import unquote

from diagnostics.genesys.paths import UUID
from diagnostics.parsing.call import Note
from diagnostics.text import time_budget
from diagnostics.text.cleaning import clean_text, read_json

MAX_SCAN = 150_000  # characters; a longer text is a log, in which only the calls are parsed
INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
ENTITY = re.compile(r"&(?:quot|apos|#0?39|#34|lt|gt|nbsp|#x?27|#x2[fF]|#47|amp);")
TAG = re.compile(
    r"</?(?P<name>p|div|li|tr|pre|code|blockquote|span|a|b|i|em|strong|table|td|th|ul|ol|tbody|thead|"
    r"font|h[1-6]|br|at)"
    r"(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE,
)
MARKUP = re.compile(r"<(?:br|p|pre|code|div|blockquote|li|span|tr|td|a(?=\s))(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
# A link, whose text may be shortened.
LINK = re.compile(
    r"<a\s[^<>]{0,300}?href=[\"'](?P<address>https?://[^\"'<>\s]{1,2000})[\"'][^<>]{0,300}>(?P<text>[^<>\n]{0,500})</a>",
    re.IGNORECASE,
)
SHORTENED = re.compile(r"(?:\u2026|\.{3}|&hellip;|&#8230;)$")
CELLS = frozenset({"td", "th"})
PAGE = re.compile(r"<!doctype|<html|<head|<\?xml", re.IGNORECASE)
BLOCKS = frozenset({"p", "div", "li", "tr", "pre", "blockquote", "br", "h1", "h2", "h3", "h4", "h5", "h6", "table"})
RTF = re.compile(r"\s{0,9}\{\\rtf\d")
RTF_PARAGRAPH = re.compile(r"\\par\n|\\par$", re.MULTILINE)
RTF_TABLE = re.compile(r"\{\\(?:fonttbl|colortbl|stylesheet|\*)(?:[^{}]|\{[^{}]{0,500}\}){0,5000}\}")
CHAT_FIELD = re.compile(r"\"text\"\s{0,9}:\s{0,9}\"")
CHAT_SENDERS = frozenset({"user", "username", "from", "sender", "ts", "date", "author"})
# Markup of Jira around code.
WIKI = re.compile(r"(?<!/)\{(?:code|noformat|quote|panel)(?::[\w#=|.:-]{1,80})?\}")
# Wide spaces, letters and digits, and the digits of Arabic, Persian and Devanagari.
PLAIN = (
    dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
    | {0xFF00 + code - 0x20: chr(code) for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))}
    | {start + digit: str(digit) for start in (0x660, 0x6F0, 0x966) for digit in range(10)}
)
ENCODED_MARK = re.compile(r"https?%(?:25){0,2}3A%", re.IGNORECASE)
# An encoded address, with the link of a mail gateway around it if there is one.
ENCODED_ADDRESS = re.compile(
    r"(?P<link>https?://[\w.-]{4,100}/[^\s\"'<>?]{0,100}\?(?:[\w-]{1,30}=[\w.-]{0,60}&(?:amp;)?){0,6}(?:url|u|q|target|a)=)?"
    r"(?<![/\w%])(?P<address>https?%(?:25){0,2}3A[\w%.~+*!-]{10,2000})(?P<rest>(?:&(?:amp;)?[\w-]{1,40}=[^\s\"'<>&)]{0,1000}){0,12})",
    re.IGNORECASE,
)
OURS = re.compile(r"https?://[\w.-]{1,100}(?:mypurecloud\.[\w.]{2,6}|pure\.cloud)/(?:api|oauth)/", re.IGNORECASE)
BASE64_PART = re.compile(
    r"(?P<head>Content-Transfer-Encoding:[ \t]{0,4}base64[^\n]{0,80}\n(?:[A-Za-z][\w-]{1,60}:[^\n]{0,400}\n){0,10})\n"
    r"(?P<body>(?:[A-Za-z0-9+/]{4,200}={0,2}[ \t]{0,2}(?:\n|$)){1,2000})",
    re.IGNORECASE,
)
SOFT_BREAK = re.compile(r"=\n")
ENCODED = re.compile(r"=3D|=20\n|=(?:C[23]|E2)=[89AB][0-9A-F]")
UUID_BREAK = re.compile(r"(?<=[/\"'=])([0-9a-fA-F-]{1,35})\n[ \t>|│]{0,12}([0-9a-fA-F-]{1,35})(?![0-9A-Za-z-])")
URL_BREAK = re.compile(r"(/api/v2/[\w./{}$-]{0,200}/)\n[ \t]{0,12}(?![1-5]\d\d\b)(?=[\w{$-]{2,40}(?:/|[\s\"'`]|$))")
SOFT_IN_ADDRESS = re.compile(r"(https?://[^\s\"'<>?]{1,200})=\n[ \t>|]{0,12}(?=[\w./-])")
SENT_BY_CURL = re.compile(r"> ?[A-Z]{3,7} \S+ HTTP/")
QUOTE = re.compile(r"[ \t]{0,3}>(?!>) ?")
NESTED = re.compile(r"[ \t]{0,3}>{2,5}(?: |$)")
BOX = re.compile(r"[ \t]{0,4}[│┃║▏▎▌|] ?")
BOX_EDGE = re.compile(r"[ \t]{0,4}[╷╵┌└╭╰┏┗╔╚├╠─━═┐┘╮╯\s]+")
TABLE_ROW = re.compile(r"[ \t]{0,4}\|.*\|[ \t]*")
TABLE_RULE = re.compile(r"[ \t]{0,4}\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*\|?[ \t]*")
POWERSHELL = re.compile(r"(?:\[[\w.-]+\]: )?PS(?: [A-Za-z~/\\][^>\n]{0,200})?> ?")
CONTINUED = re.compile(r">>(?: |$)")
PYTHON = re.compile(r">>> ?")
PYTHON_CONTINUED = re.compile(r"\.\.\.(?: |$)")
IPYTHON = re.compile(r"(?:In|Out) \[\d+\]: ?")
CMD = re.compile(r"[A-Z]:\\[^<>|\n]{0,200}> ?(?=\S)")
SHELL = re.compile(r"(?:\([\w .-]{1,40}\) ?)?[\w.-]{1,60}@[\w.-]{1,80}[: ][^\n$#%]{0,100}[$#%] (?=\S)")
TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
LOWER_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PREFIXES = (
    re.compile(r"(?:[^\n\"<>]{0,160} )?http-outgoing-\d{1,6} (?:>>|<<) (?=\")"),  # Apache HttpClient
    re.compile(r"(?:[^\n\"<>]{0,160} )?http-outgoing-\d{1,6} (?:>>|<<) ?"),
    re.compile(r"\[pod/[\w./-]{1,200}\] ?"),
    re.compile(r"[\w./-]{1,60}[ \t]{1,20}\| ?"),  # docker compose
    re.compile(rf"{TIME} (?:stdout|stderr) [FP] ?"),
    re.compile(rf"(?:{TIME}[\t ]+){{1,2}}{LOWER_UUID}[\t ]+(?:INFO|ERROR|WARN|DEBUG|TRACE|FATAL)?[\t ]?"),  # CloudWatch
    re.compile(
        r"(?:<\d{1,3}>)?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d [\w.-]{1,80} [\w./@-]{1,80}(?:\[\d{1,9}\])?: ?"
    ),
    re.compile(rf"(?:<\d{{1,3}}>1? ?)?{TIME} [\w.-]{{1,80}} [\w./@-]{{1,80}}(?:\[\d{{1,9}}\])?: ?"),
    re.compile(rf"\[?{TIME}\]?[ \t]{{1,4}}(?:(?:\[?(?:INFO|ERROR|WARN|WARNING|DEBUG|TRACE)\]?|-)[ \t]{{1,4}})?"),
)
CHAT = (
    re.compile(
        r"\u200e?\[\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[ \u202f][AaPp]\.?[Mm]\.?)?\] "
        r"[^:\n]{1,60}:(?!//) ?"
    ),
    re.compile(
        r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[ \u202f][AaPp]\.?[Mm]\.?)? - "
        r"[^:\n]{1,60}:(?!//) ?"
    ),
    re.compile(r"\[\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: ?[AaPp][Mm])?\] [^:\n]{1,60}:(?!//) ?"),
    re.compile(r"<(?:@\w{1,30}|[A-Z][\w .-]{1,40})> ?(?=\S)"),
)  # fmt: skip
NUMBERED = re.compile(r"[ \t]{0,8}(\d{1,5})(?:[ \t]?[|:│.)]|\t|[ \t]{2})[ \t]?")
NUMBERED_CODE = re.compile(r"[ \t]{0,8}(?:[❱>→*][ \t]{1,2})?(\d{1,5})(?:[ \t]?[|:│](?=\s|$)|\t|[ \t]|$)[ \t]?")
LOGGED = re.compile(
    r"^(?:send: b['\"]|reply: ['\"]|<- \"[A-Z])|(?:>>|<<) \"|(?:^|[ \t])(?:-{2,3}> [A-Z]{3,7} |<-{2,3} (?:HTTP/[\d.]{1,3} )?\d)",
    re.MULTILINE,
)
SENT_BYTES = re.compile(r"send: (?P<sent>b(?:'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"))[ \t]*$")
REPLIED = re.compile(r"reply: (?P<reply>'(?:[^'\\]|\\.)*+')[ \t]*$")
REPLIED_HEADER = re.compile(r"header: (?P<header>[\w-]{1,60}: .*)$")
WIRE = re.compile(r"(?:[^\n\"]{0,200} )?(?P<arrow>>>|<<|->|<-) \"(?P<content>.*)\"[ \t]*$")
ARROWED = re.compile(
    r"(?P<prefix>[^\n]{0,240}?)(?<![^\s])(?:-{2,3}>|<-{2,3}) (?P<rest>(?:[A-Z]{3,7} \S|HTTP/[\d.]{1,3} \d{3}|\d{3}\b|END ).*)$"
)
REQUESTED = re.compile(r"(?!END )([A-Z]{3,7}) (\S{1,4000})")
RECEIVED = re.compile(r"(?:HTTP/[\d.]{1,3} )?(\d{3})\b")
CURLY_COMMAND = re.compile(
    r"(?:\b(?:curl(?:\.exe)?|Invoke-(?:RestMethod|WebRequest)|irm|iwr|wget)\s|\b(?:fetch|axios\.\w{3,7}|requests\.\w{3,7})\()(?=[^\n]{0,4000}(?:[“”‘’]|\s[–—][A-Za-z]))"
)
QUOTED_OR_NOT = re.compile(r"'[^'\n]*+'|\"[^\"\n]*+\"|[^'\"]++|.")
STRAIGHT = str.maketrans("“”„‘’", '"""\'\'')
TRACED = re.compile(r"(?:<=|=>) (Send|Recv)(?: SSL)? (header|data), \d+ bytes")
TRACED_ROW = re.compile(r"([0-9a-f]{4,8}): ?")


def unwrap(text: str) -> tuple[str, list[Note]]:
    """The text before it was quoted, exported or logged, and notes about what was removed. Takes linear time."""
    notes: list[Note] = []
    if len(text) > MAX_SCAN:
        return text, notes
    for change, sentence in STEPS:
        time_budget.check()
        changed = change(text)
        if changed != text and sentence and changed.strip():
            notes.append(Note("dropped", sentence))
        text = changed if changed.strip() else text
    return text, notes


def _without_markup(text: str) -> str:
    if PAGE.search(text, 0, 100_000):
        return text
    if MARKUP.search(text):
        text = LINK.sub(lambda found: found["address"] if SHORTENED.search(found["text"]) else found["text"], text)
        text = TAG.sub(_separator, text)
    for _ in range(2):
        if not ENTITY.search(text):
            break
        text = html.unescape(text).replace("\xa0", " ")
    return text


def _separator(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    return "\n" if name in BLOCKS else "\t" * (name in CELLS and tag[0].startswith("</"))


def _plain_characters(text: str) -> str:
    """The text with ASCII spaces, letters and digits in place of wide ones and the digits of other scripts."""
    return text if text.isascii() else text.translate(PLAIN)


def _plain_addresses(text: str) -> str:
    """The text with the addresses of Genesys Cloud decoded that a mail gateway or a log has encoded."""
    return ENCODED_ADDRESS.sub(_decoded_address, text) if ENCODED_MARK.search(text) else text


def _decoded_address(found: re.Match[str]) -> str:
    address = found["address"]
    for _ in range(3):
        if "://" in address:
            break
        address = unquote(address)
    if not OURS.match(address):
        return found[0]
    return address if found["link"] else address + found["rest"].replace("&", " ")


def _without_base64(text: str) -> str:
    """The text of an email source whose body is in base64."""

    def decoded(found: re.Match[str]) -> str:
        try:
            content = base64.b64decode(re.sub(r"\s", "", found["body"]), validate=True).decode("utf-8")
        except ValueError:
            return found[0]
        return f"{found['head']}\n{clean_text(content)}"

    return BASE64_PART.sub(decoded, text)


def _plain_variables(text: str) -> str:
    """The text with $NAME for the $$NAME of a makefile and ${NAME} for the ${NAME:?message} of a shell."""
    if "$$" in text:
        text = re.sub(r"\$\$(?=[A-Za-z_{])", "$", text)
    return re.sub(r"\$\{(\w{1,80}):?\?[^{}\n]{0,200}\}", r"${\1}", text) if "${" in text else text


def _without_rtf(text: str) -> str:
    """The text without the control words of RTF."""
    if not RTF.match(text) and len(RTF_PARAGRAPH.findall(text, 0, 20_000)) < 2:
        return text
    text = RTF_TABLE.sub("", text)
    text = re.sub(r"\\u(-?\d{1,6}) ?\??", lambda found: chr(int(found[1]) % 65_536), text)
    text = re.sub(r"\\'([0-9a-f]{2})", lambda found: bytes.fromhex(found[1]).decode("cp1252", "replace"), text)
    text = re.sub(r"\\(?:par|line|pard)\b ?\n?", "\n", text)
    text = re.sub(r"(?<!\\)[{}]", "", re.sub(r"\\[a-z]{1,32}-?\d{0,6} ?", "", text))
    return text.replace("\\{", "{").replace("\\}", "}").replace("\\\\", "\\").strip()


def _chat_messages(text: str) -> str:
    """The messages of a chat that was exported as JSON, separated by line ends."""
    return "\n".join(_messages(text)) or text


def is_chat(text: str) -> bool:
    """Whether the text is a chat that was exported as JSON."""
    return len(text) <= MAX_SCAN and bool(_messages(text))


def _messages(text: str) -> list[str]:
    if text[:1] not in ("[", "{") or not CHAT_FIELD.search(text, 0, 20_000):
        return []
    try:
        value = read_json(text)
    except (ValueError, RecursionError):
        return []
    rows = value.get("messages") if isinstance(value, dict) else value
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    is_chat = all(CHAT_SENDERS & row.keys() and isinstance(row.get("text"), str) for row in rows)
    return [row["text"] for row in rows] if is_chat else []


def _docker_lines(text: str) -> str:
    """The lines in Docker's JSON log, each in its field `log`."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or not all(line.startswith('{"log":') for line in lines):
        return text
    try:
        return "".join(f"{read_json(line)['log'].rstrip()}\n" for line in lines)
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return text


def _without_soft_breaks(text: str) -> str:
    """The text of an email source without quoted-printable encoding: = at line ends, =3D for =."""
    if not SOFT_BREAK.search(text) or not (ENCODED.search(text) or "quoted-printable" in text):
        return text
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _without_prompts(text: str) -> str:
    if "PS" in text and any(POWERSHELL.match(line) for line in text.split("\n")):
        return _strip(text, POWERSHELL, CONTINUED)
    if ">>> " in text and any(PYTHON.match(line) for line in text.split("\n")):
        return _strip(text, PYTHON, PYTHON_CONTINUED)
    return _strip(text, IPYTHON, CMD, SHELL)


def _strip(text: str, *prefixes: re.Pattern[str]) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        found = next((match for prefix in prefixes if (match := prefix.match(line))), None)
        if found:
            lines[number] = line[found.end() :]
    return "\n".join(lines)


def _without_quotes(text: str) -> str:
    for _ in range(5):
        if (changed := _without_one_quote(text)) == text:
            break
        text = changed
    return text


def _without_one_quote(text: str) -> str:
    """The text without the > of quoted lines. Lines that `curl -v` sent also begin with > and are kept."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and (QUOTE.match(lines[end]) or (end > at and NESTED.match(lines[end]))):
            end += 1
        if end > at and not SENT_BY_CURL.match(lines[at]) and (end - at > 1 or not at):
            lines[at:end] = [
                QUOTE.sub("", line, count=1) if QUOTE.match(line) else line.lstrip()[1:] for line in lines[at:end]
            ]
        at = max(end, at + 1)
    return "\n".join(lines)


def _without_boxes(text: str) -> str:
    """The text without the lines of a terminal's box or of a table."""
    lines = text.split("\n")
    boxed = [line for line in lines if BOX.match(line)]
    rows = sum(bool(TABLE_ROW.fullmatch(line)) or " | " in line for line in lines)
    if rows > 1 and any(TABLE_RULE.fullmatch(line) and "|" in line for line in lines):
        rest = [line for line in lines if not TABLE_RULE.fullmatch(line)]
        return "\n".join(_row(line) if TABLE_ROW.fullmatch(line) or " | " in line else line for line in rest)
    if len(boxed) < 2:
        return text
    rest = [line for line in lines if not line.strip() or not BOX_EDGE.fullmatch(line)]
    return "\n".join(BOX.sub("", line, count=1).rstrip(" │┃║") if BOX.match(line) else line for line in rest)


def _row(line: str) -> str:
    """The cells of a table row; two cells are a label and its value."""
    cells = [cell.strip() for cell in line.strip(" \t|").split("|")]
    return ": ".join(cells) if len(cells) == 2 else " ".join(cells)


def _strip_numbered_runs(lines: list[str]) -> None:
    """Removes the line numbers of three or more consecutive lines of code, such as in a stack trace."""
    at = 0
    while at < len(lines):
        end, number = at, None
        while end < len(lines) and (found := NUMBERED_CODE.match(lines[end])):
            if number is not None and int(found[1]) != number + 1:
                break
            number = int(found[1])
            end += 1
        if end - at > 2:
            lines[at:end] = [NUMBERED_CODE.sub("", line, count=1) for line in lines[at:end]]
        at = max(end, at + 1)


def _without_numbers(text: str) -> str:
    """The text without line numbers, which rise by one from line to line."""
    lines = text.split("\n")
    _strip_numbered_runs(lines)
    numbers = [(at, int(found[1])) for at, line in enumerate(lines) if (found := NUMBERED.match(line))]
    filled = sum(bool(line.strip()) for line in lines)
    rising = all(b[1] - a[1] == b[0] - a[0] for a, b in pairwise(numbers))
    if len(numbers) < 3 or len(numbers) < filled * 0.8 or not rising:
        return "\n".join(lines)
    return "\n".join(NUMBERED.sub("", line, count=1) for line in lines)


def _without_prefixes(text: str) -> str:
    """The text without the prefix that a logger wrote before most lines."""
    for prefix in PREFIXES:
        lines = text.split("\n")
        filled = sum(bool(line.strip()) for line in lines)
        found = sum(bool(prefix.match(line)) for line in lines)
        if found > 1 and found >= filled * 0.6:
            text = _strip(text, prefix)
    return text


def _without_senders(text: str) -> str:
    lines = text.split("\n")
    for prefix in CHAT:
        if any(prefix.match(line) for line in lines):
            return _strip(text, prefix)
    return text


def _joined_trace(text: str) -> str:
    """The output of `curl --trace-ascii` as a raw request and a raw response."""
    if not TRACED.search(text):
        return text
    lines: list[str] = []
    mark, length = None, -1
    for line in text.split("\n"):
        if TRACED.match(line):
            mark = ""
            length = -1
        elif line.startswith("== Info: "):
            mark = None
        elif mark is not None and (row := TRACED_ROW.match(line)):
            content, at = line[row.end() :], int(row[1], 16)
            if at == length and lines:
                lines[-1] += content
            else:
                lines.append(mark + content)
            length = at + len(content)
        else:
            mark = None
            lines.append(line)
    return "\n".join(lines)


def _logged_exchanges(text: str) -> str:
    """The text with logged requests and responses as raw HTTP: of Python's http.client, Apache's wire log, Ruby's
    Net::HTTP, OkHttp and Feign."""
    if not LOGGED.search(text):
        return text
    lines: list[str] = []
    tail = ""
    is_response = False
    for line in text.split("\n"):
        if found := SENT_BYTES.match(line):
            lines += _decoded(found["sent"]).split("\n")
        elif found := REPLIED.match(line):
            lines += ["", _decoded(found["reply"]).strip()]
        elif found := REPLIED_HEADER.match(line):
            lines.append(found["header"])
        elif found := WIRE.match(line):
            if (found["arrow"] in ("<<", "->")) != is_response:
                is_response = not is_response
                lines.append("")
            content = found["content"].removesuffix("[\\n]").removesuffix("[\\r]")
            lines += (_decoded(f'"{content}"').rstrip("\n") if found["arrow"] in ("<-", "->") else content).split("\n")
        elif found := ARROWED.match(line):
            tail = found["prefix"][-12:]
            request, status = REQUESTED.match(found["rest"]), RECEIVED.match(found["rest"])
            if request:
                lines.append(f"{request[1]} {request[2]} HTTP/1.1")
            elif status:
                lines += ["", f"HTTP/1.1 {status[1]}"]
            else:
                lines.append("")
        else:
            cut = line.find(tail, 0, 300) if tail else -1
            lines.append(line[cut + len(tail) :] if cut >= 0 else line)
    return "\n".join(lines)


def _decoded(literal: str) -> str:
    """The text of a literal of bytes or a string, with line ends as \\n; "" for other text."""
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return ""
    decoded = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return clean_text(decoded.replace("\r\n", "\n"))


def _straight_commands(text: str) -> str:
    """The text with the curly quotation marks and dashes in a command straightened."""
    paragraphs = text.split("\n\n")
    for number, paragraph in enumerate(paragraphs):
        if (found := CURLY_COMMAND.search(paragraph)) is not None:
            # Text between straight quotation marks is sent as it is.
            command = QUOTED_OR_NOT.sub(
                lambda part: part[0] if part[0][0] in "'\"" else part[0].translate(STRAIGHT), paragraph[found.start() :]
            )
            command = re.sub(r"(?<=\s)—(?=[a-z]{2})", "--", re.sub(r"(?<=\s)–(?=[A-Za-z])", "-", command))
            paragraphs[number] = paragraph[: found.start()] + command
    return "\n\n".join(paragraphs)


def _joined_addresses(text: str) -> str:
    """The text with addresses and IDs joined that an email or a terminal wrapped."""
    text = URL_BREAK.sub(r"\1", SOFT_IN_ADDRESS.sub(r"\1", text))
    return UUID_BREAK.sub(lambda found: found[1] + found[2] if UUID.fullmatch(found[1] + found[2]) else found[0], text)


STEPS: tuple[tuple[Callable[[str], str], str], ...] = (
    (lambda text: INVISIBLE.sub("", text), "Invisible characters were removed."),
    (_plain_characters, ""),
    (_without_base64, "The body of a mail was decoded."),
    (_plain_variables, ""),
    (lambda text: WIKI.sub("", text), ""),
    (_without_rtf, "The formatting of a rich text was removed."),
    (_chat_messages, "The messages of an exported chat were put together."),
    (_without_markup, "HTML around the text was removed."),
    (_docker_lines, ""),
    (_without_soft_breaks, "Line breaks and signs that a mail had encoded were decoded."),
    (_plain_addresses, "Encoded addresses were decoded."),
    (_logged_exchanges, ""),
    (_straight_commands, "Quotation marks and dashes of a command were straightened."),
    (_without_prefixes, "What a log wrote before each line was removed."),
    (_without_senders, "The names and times of a chat were removed."),
    (_without_prompts, ""),
    (_without_quotes, "Quotation marks of a mail were removed."),
    (_without_boxes, ""),
    (_without_numbers, "Line numbers were removed."),
    (_joined_trace, ""),
    (_joined_addresses, "Addresses that were broken over two lines were joined."),
)
