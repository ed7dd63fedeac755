"""Reads a curl command: the request that curl would send, with its defaults."""

import re
from collections.abc import Sequence
from functools import partial

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.curl_options import CurlOptions, read_options
from diagnostics.parsing.draft import Draft, method_in
from diagnostics.parsing.response_text import find_response
from diagnostics.parsing.shell import ShellCommand, read_command
from diagnostics.parsing.unwrapping import MAX_SCAN
from diagnostics.text import time_budget

# "curl" in prose is not a command: in one an option, a quote, a variable or an address follows.
CURL = re.compile(
    r"(?<![\w./-])curl(?:\.exe)?(?=(?:[ \t\xa0]|[\\^`][ \t]*\r?\n)++(?:--?[A-Za-z]|['\"“‘$<{\\^`]|https?://"
    r"|(?:[\w-]+\.){1,8}[a-z]{2,}[/:\s]|localhost))"
)


ADDRESS = re.compile(r"https?://[\w.-]{1,200}/api/|/api/v2/\w")
# What stands before the name of a file whose content follows, and the next command.
SHOWS = re.compile(r"(?:[^\n]{0,80}[$#%>] ?)?(?:(?:cat|type|more|less|bat|Get-Content)[ \t]{1,4})?[ \t#/*`]{0,4}[\"']?")
HEREDOC = re.compile(r"\bcat\b[^\n]{0,200}<<-?[ \t]{0,4}[\"']?(?P<end>\w{1,20})")
COMMAND = re.compile(r"[$#%>] |PS |curl |```")
MAX_SHOWN, MAX_CONTENT = 20, 20_000


def find_curl(text: str) -> int:
    """The offset of the first curl command; -1 for none."""
    found = CURL.search(text)
    return found.start() if found else -1


def curl_calls(text: str) -> list[CallSpan]:
    """The curl commands with a URL. Raises Unreadable if there are commands, but no URL in the text."""
    calls: list[CallSpan] = []
    found = first = CURL.search(text)
    while found and len(calls) < MAX_CANDIDATES:
        time_budget.check()
        command = read_command(text, found.end())
        options, dropped = read_options(command.words)
        if options.urls:
            calls.append(CallSpan(found.start(), command.end, partial(_read, text, command, options, dropped)))
        found = CURL.search(text, max(command.end, found.end()))
    if first and not calls and not ADDRESS.search(text):
        raise Unreadable(
            "This curl command has no URL, so there is no call to check. "
            "Paste the whole command, from curl to the end of its last line."
        )
    return calls


def _read(text: str, command: ShellCommand, options: CurlOptions, dropped: list[str], until: int) -> Draft:
    draft = Draft("curl")
    draft.note("taken", "The call was read from a curl command.")
    for sentence in command.guesses:
        draft.note("guessed", sentence)
    for flag in dropped:
        draft.note("dropped", flag)
    draft.literals = tuple(command.literals)
    _fill_files(options, text[:MAX_SCAN])
    fill(draft, options, command.variables)
    draft.response = find_response(text[command.end : until])
    return draft


def _fill_files(options: CurlOptions, text: str) -> None:
    """Replaces the only file of the data by its content, if the text shows that."""
    if len(options.files) != 1 or options.data or options.form or options.query:
        return
    name = options.files[0][:200]
    at = text.find(name)
    for _ in range(MAX_SHOWN):
        if at < 0:
            return
        if content := _shown_at(text, at, at + len(name)):
            options.data = [content]
            options.from_file, options.files = False, []
            return
        at = text.find(name, at + 1)


def _shown_at(text: str, start: int, end: int) -> str:
    """The content of the file whose name is at `start`, if a command or a heading shows it there; "" otherwise."""
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    if line_end < 0:
        return ""
    line = text[max(line_start, start - 200) : min(line_end, end + 200)]
    if heredoc := HEREDOC.search(line):
        last = text.find(f"\n{heredoc['end']}", line_end, line_end + MAX_CONTENT)
        return text[line_end:last].strip() if last > 0 else ""
    if not SHOWS.fullmatch(text, max(line_start, start - 200), start) or text[end:line_end].strip("\"' \t:"):
        return ""
    lines: list[str] = []
    for row in text[line_end + 1 : line_end + MAX_CONTENT].split("\n"):
        if COMMAND.match(row):
            break
        lines.append(row)
    content = "\n".join(lines).strip()
    return content if content.startswith(("{", "[")) else ""


def fill(draft: Draft, options: CurlOptions, variables: Sequence[str], program: str = "curl") -> None:
    """Fills in the call as the program would send it. `variables` are those that the shell would replace."""
    draft.url = options.urls[0].strip()
    if draft.url.endswith(")") and "(" not in draft.url:  # of the sentence that quotes the command
        draft.url = draft.url.rstrip(")")
    draft.headers = list(options.headers)
    if options.others:
        draft.note("dropped", f"Arguments that aren't options were left out: {options.others}.")
    if re.match(r"(?:[\w-]+\.){1,8}[a-z]{2,}(?:[:/?]|$)", draft.url):
        draft.note("guessed", f"The URL has no scheme; {program} then speaks plain http.")
    draft.variables = tuple(part for part in draft.url.split("?", 1)[0].split("/") if part in variables)
    if draft.variables:
        draft.note(
            "guessed", "The value of a shell variable is not in the text; enter the conversation ID next to the call."
        )
    _fill_body(draft, options, program)
    _fill_method(draft, options, program)
    _fill_authorization(draft, options)


def _fill_body(draft: Draft, options: CurlOptions, program: str) -> None:
    data = "".join(options.data) if options.json else "&".join(options.data)
    query = options.query + ([data] if options.get and data else [])
    if query:
        draft.url += ("&" if "?" in draft.url else "?") + "&".join(query)
    if options.from_file:
        draft.body_unknown = True
        draft.note("dropped", "A part of the call comes from a file (@...), whose content we don't have.")
    kind = ""
    if options.form:
        kind, draft.body = "multipart/form-data; boundary=form", _multipart(options.form)
    elif options.has_data and not options.get:
        kind = "application/json" if options.json else "application/x-www-form-urlencoded"
        draft.body = data if data or not options.from_file else None
    if "content-type" not in options.removed:
        draft.default_content_type(kind, program)
    if options.json and draft.header("Accept") is None and "accept" not in options.removed:
        draft.headers.append(("Accept", "application/json"))


def _multipart(fields: list[tuple[str, str]]) -> str:
    parts = [f'--form\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    return "".join(parts) + "--form--\r\n"


def _fill_method(draft: Draft, options: CurlOptions, program: str) -> None:
    draft.method = method_in(options.method)
    if draft.method:
        return
    if options.method.strip():
        draft.note("dropped", "The value of -X isn't an HTTP method, so it was left out.")
    has_body = (options.has_data and not options.get) or bool(options.form)
    if options.head:
        draft.method = "HEAD"
    elif has_body:
        draft.method = "POST"
    else:
        draft.method = "PUT" if options.upload else "GET"
    why = " because there is data" if draft.method == "POST" else ""
    draft.note("guessed", f"No method was given; {program} then sends {draft.method}{why}.")


def _fill_authorization(draft: Draft, options: CurlOptions) -> None:
    """Adds the authorization of -u or --oauth2-bearer. A header given with -H wins over both, as in curl."""
    has_credentials = options.user is not None or options.bearer is not None
    draft.secrets += [text for text in ((options.user or "").partition(":")[2], options.bearer) if text]
    if not has_credentials or "authorization" in options.removed:
        return
    if draft.header("Authorization") is not None:
        draft.note("dropped", "-u or --oauth2-bearer was left out: the Authorization header given with -H wins.")
    elif options.bearer is not None:
        draft.headers.append(("Authorization", f"Bearer {options.bearer}"))
    else:
        draft.add_basic_auth(options.user or "")
