"""Reads calls of Invoke-RestMethod and Invoke-WebRequest, also as browsers and Postman export them."""

import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import Draft, method_in
from diagnostics.parsing.response_text import find_response
from diagnostics.parsing.snippets import add_header, fill_url, finish
from diagnostics.parsing.values import UnknownValue, joined, json_of, text_of
from diagnostics.text import time_budget

CALL = re.compile(
    r"(?<![\w-])(?:Invoke-RestMethod|Invoke-WebRequest|irm|iwr)(?=(?:[ \t]|`[ \t]*\n?)+(?:-[A-Za-z]|@[A-Za-z]|\(?[\"'$]|https?://))",
    re.IGNORECASE,
)
SPLAT = re.compile(r"@([A-Za-z_]\w{0,80})\b(?![\"'])")
ECHO = re.compile(r"\n\+ [^\n]*$")  # PowerShell repeats the line in an error
OPTION = re.compile(r"-([A-Za-z]{2,30})(?![\w-])(?::[ \t]*)?")
BLANK = re.compile(r"(?:[ \t]++|`[ \t]*\r?\n)*+")
ANY_BLANK = re.compile(r"(?:\s++|#[^\n]*+)*+")
DOUBLE = re.compile(r"\"((?:[^\"`]|`.|\"\")*+)\"", re.DOTALL)
SINGLE = re.compile(r"'((?:[^']|'')*+)'")
HERE_STRING = re.compile(r"@([\"'])[ \t]*\n(.*?)\n\1@", re.DOTALL)
VARIABLE = re.compile(r"\$(?:\{(?P<braced>[\w:]{1,80})\}|(?P<name>(?:env:)?[A-Za-z_]\w{0,80})(?:\.\w{1,60})*)")
EXPRESSION = re.compile(r"\$\(([^()\n]{0,200})\)")
BARE = re.compile(r"[^\s;,(){}|\"']+")
KEY = re.compile(r"(?:[\"'](?P<quoted>[^\"'\n]{1,100})[\"']|(?P<plain>[A-Za-z_][\w-]{0,80}))[ \t]*=[ \t]*")
ASSIGNED = re.compile(r"^[ \t]*\$(?P<name>[A-Za-z_]\w{0,80})[ \t]*=(?!=)[ \t]*", re.MULTILINE)
ADDED = re.compile(r"\$(?P<name>[A-Za-z_]\w{0,80})(?:\.Add\(|\[)[ \t]*(?=[\"'])")
TYPE = re.compile(r"\[(?:ordered|string|hashtable|pscustomobject|uri)\][ \t]*", re.IGNORECASE)
TO_BYTES = re.compile(r"\[(?:System\.)?Text\.Encoding\]::UTF8\.GetBytes(?=\()", re.IGNORECASE)
TO_JSON = re.compile(r"[ \t]*\|[ \t]*ConvertTo-Json\b(?:[ \t]+-\w+(?:[ \t]+\d+)?)*", re.IGNORECASE)
PLUS = re.compile(r"[ \t]*\+[ \t]*(?=[\"'$(])")
FORMAT = re.compile(r"[ \t]+-f[ \t]+", re.IGNORECASE)
COMMA = re.compile(r"[ \t]*,[ \t`]*\n?[ \t]*")
SWITCHES = frozenset({"usebasicparsing", "allowunencryptedauthentication", "skipcertificatecheck", "verbose"})
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "", "a": "", "b": "", "f": "", "v": ""}
MAX_NAMES = 200
MAX_ECHO = 120  # characters
MAX_DEPTH = 12
MAX_WORDS = 60  # of one command


class _PowerShellCode:
    """A PowerShell script and the values of its variables."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, Any] = {}
        for found in islice(time_budget.checked(ASSIGNED.finditer(text)), MAX_NAMES):
            self.names.setdefault(found["name"].lower(), self.value(found.end())[0])
        for found in islice(time_budget.checked(ADDED.finditer(text)), MAX_NAMES):
            name, at = self.value(found.end())
            value, _ = self.value(at + len(self._between(at)))
            table = self.names.get(found["name"].lower())
            table = table if isinstance(table, dict) else {}
            self.names[found["name"].lower()] = {**table, text_of(name): value}

    def _between(self, at: int) -> str:
        found = re.compile(r"\s*\]?\s*[,=]\s*").match(self.text, at)
        return found[0] if found else ""

    def value(self, at: int, depth: int = 0) -> tuple[Any, int]:
        """The value that begins at `at`, and its end. Never fails."""
        value, end = self._one(at, depth)
        while isinstance(value, str | UnknownValue) and (plus := PLUS.match(self.text, end)) and depth < MAX_DEPTH:
            time_budget.check()
            other, end = self._one(plus.end(), depth + 1)
            value = joined(value, other)
        if isinstance(value, str) and (operator := FORMAT.match(self.text, end)) and depth < MAX_DEPTH:
            value, end = self._formatted(value, operator.end(), depth + 1)
        if found := TO_JSON.match(self.text, end):
            return (value if isinstance(value, UnknownValue) else json_of(value)), found.end()
        return value, end

    def _formatted(self, text: str, at: int, depth: int) -> tuple[str, int]:
        """The result of `"{0}/..." -f value, ...`, and its end."""
        given: list[Any] = []
        while len(given) < MAX_WORDS:
            value, at = self._one(at, depth)
            given.append(value)
            comma = COMMA.match(self.text, at)
            if comma is None:
                break
            at = comma.end()
        places = re.compile(r"\{(\d{1,2})(?:[,:][^{}]{0,20})?\}")
        return places.sub(lambda found: text_of(dict(enumerate(given)).get(int(found[1]), found[0])), text), at

    def _one(self, at: int, depth: int) -> tuple[Any, int]:
        time_budget.check()
        if found := HERE_STRING.match(self.text, at):
            return (self._expanded(found[2]) if found[1] == '"' else found[2]), found.end()
        if found := DOUBLE.match(self.text, at):
            plain = re.sub(
                r"`(.)|\"(\")", lambda found: found[2] or ESCAPES.get(found[1], found[1]), self._expanded(found[1])
            )
            return plain, found.end()
        if found := SINGLE.match(self.text, at):
            return found[1].replace("''", "'"), found.end()
        if self.text.startswith("@{", at) and depth < MAX_DEPTH:
            return self._table(at + 2, depth)
        if found := VARIABLE.match(self.text, at):
            return self._variable(found), found.end()
        # [ordered]@{...}, [string]"...", [Text.Encoding]::UTF8.GetBytes("...")
        if found := TYPE.match(self.text, at) or TO_BYTES.match(self.text, at):
            return self._one(found.end(), depth + 1)
        if self.text.startswith("(", at) and depth < MAX_DEPTH:
            value, end = self.value(at + 1, depth + 1)
            closing = self.text.find(")", end, end + 200)
            return value, closing + 1 if closing >= 0 else end
        bare = BARE.match(self.text, at)
        if bare is None:
            return UnknownValue("value"), at + 1
        return (
            UnknownValue("value") if bare[0].lower() in ("new-object", "[system.text.encoding]::utf8") else bare[0]
        ), bare.end()

    def _table(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while at < len(self.text) and len(found) < MAX_NAMES:
            blank = ANY_BLANK.match(self.text, at)
            at = blank.end() if blank else at
            if self.text.startswith("}", at):
                return found, at + 1
            key = KEY.match(self.text, at)
            if key is None:
                if not self.text.startswith((";", ","), at):
                    break
                at += 1
                continue
            found[key["quoted"] or key["plain"]], at = self.value(key.end(), depth + 1)
        return found, at

    def _variable(self, found: re.Match[str]) -> Any:
        name = (found["braced"] or found["name"]).removeprefix("env:")
        if name.lower() == "null":
            return ""
        known = self.names.get(name.lower())
        return UnknownValue(name) if known is None or "." in found[0] else known

    def _expanded(self, text: str) -> str:
        text = EXPRESSION.sub(lambda found: UnknownValue(re.sub(r"[^\w.]", "", found[1]) or "value").text, text)
        return VARIABLE.sub(lambda found: text_of(self._variable(found)), text)


def powershell_calls(text: str) -> list[CallSpan]:
    commands = [
        command
        for command in time_budget.checked(CALL.finditer(text))
        if not ECHO.search(text, max(0, command.start() - MAX_ECHO), command.start())
    ][:MAX_CANDIDATES]
    if not commands:
        return []
    code = _PowerShellCode(text)
    calls = []
    for command in commands:
        options, end = _options(code, command.end())
        if isinstance(options.get("uri"), str | UnknownValue):
            calls.append(CallSpan(command.start(), end, partial(_read, text, options, end)))
    return calls


def _options(code: _PowerShellCode, at: int) -> tuple[dict[str, Any], int]:
    """The parameters of one command by their names in lower case. The parameter without a name is the address."""
    options: dict[str, Any] = {}
    for _ in range(MAX_WORDS):
        blank = BLANK.match(code.text, at)
        at = blank.end() if blank else at
        if at >= len(code.text) or code.text[at] in "\r\n|;)}":
            break
        option = OPTION.match(code.text, at)
        if option is None and (splat := SPLAT.match(code.text, at)):
            table = code.names.get(splat[1].lower())
            options |= {name.lower(): value for name, value in table.items()} if isinstance(table, dict) else {}
            at = splat.end()
            continue
        if option is None:
            value, at = code.value(at)
            options.setdefault("uri", value)
            continue
        name, at = option[1].lower(), option.end()
        if name not in SWITCHES:
            blank = BLANK.match(code.text, at)
            options[name], at = code.value(blank.end() if blank else at)
    return options, at


def _read(text: str, options: Mapping[str, Any], end: int, until: int) -> Draft:
    draft = Draft("powershell")
    draft.note("taken", "The call was read from PowerShell; nothing of it was run.")
    fill_url(draft, text_of(options["uri"]).strip())
    draft.literals = tuple(found[0] for found in VARIABLE.finditer(draft.url))  # of a string in single quotes
    draft.method = method_in(text_of(options.get("method")))
    draft.default_method("PowerShell")
    headers = options.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        add_header(draft, name, value)
    if isinstance(headers, UnknownValue):
        draft.note_unknown("The headers are", headers.name)
    _fill_body(draft, options.get("body"), text_of(options.get("contenttype")))
    draft.response = find_response(text[end:until])
    return finish(draft)


def _fill_body(draft: Draft, body: Any, kind: str) -> None:
    if isinstance(body, UnknownValue):
        draft.note_unknown("The body is", body.name)
    elif isinstance(body, dict):
        draft.body = "&".join(f"{name}={text_of(value)}" for name, value in body.items())
    elif body is not None:
        draft.body = text_of(body) or None
    if draft.body and not kind and draft.header("Content-Type") is None:
        kind = "application/x-www-form-urlencoded" if draft.method == "POST" else ""
        draft.note("guessed", "No Content-Type was given; PowerShell then sends form data for a POST.")
    if kind and draft.header("Content-Type") is None:
        draft.headers.append(("Content-Type", kind))
