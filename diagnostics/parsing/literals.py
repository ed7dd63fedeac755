"""Reads literals and calls in JavaScript, Java, C# and Go. Runs no code."""

import re
from typing import Any

from diagnostics.parsing.values import MAX_DEPTH, Arguments, NamedValues, UnknownValue, joined, json_of, text_of
from diagnostics.text import time_budget

MAX_ITEMS = 500
MAX_CALL = 50_000

BLANK = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|#[ \t][^\n]*+)*+")
QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*+)\"|'((?:[^'\\\n]|\\.)*+)'", re.DOTALL)
VERBATIM = re.compile(r"@\"((?:[^\"]|\"\")*+)\"")
TRIPLE = re.compile(r"\"\"\"(.*?)\"\"\"|'''(.*?)'''", re.DOTALL)
TEMPLATE = re.compile(r"`((?:[^`\\]|\\.)*+)`", re.DOTALL)
PREFIX = re.compile(r"(?:\$@|@\$|\$|[fFrRbB]{1,2})(?=[\"'])")
NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d{1,3})?[LlfFdDmn]?")
NAME = re.compile(r"[A-Za-z_$][\w$]*+(?:(?:\?\.|!\.|::|\.)[A-Za-z_$#][\w$]*+)*+")
METHOD = re.compile(r"\s*\.\s*(\w+)\s*\(")
CAST = re.compile(r"[ \t]+(?:as|satisfies)[ \t]+[\w.<>\[\]]+")
GENERIC = re.compile(r"<[\w\s,.\[\]<>?]{0,80}>(?=\s*[({])")
KEY = re.compile(r"([A-Za-z_$][\w$-]*)\s*(:(?!:)|=(?!=|>))")
IN_TEMPLATE = re.compile(r"\$\{([^{}]{0,200})\}")
IN_RUBY = re.compile(r"#\{([^{}\n]{1,200})\}")
IN_BRACES = re.compile(r"\{([A-Za-z_][\w.\[\]()'\"]{0,100})(?:[:!][^{}]{0,20})?\}")
VERB = re.compile(r"%[-+#]?[sdvq]|\{\d{1,2}\}")
MARK = re.compile(r"[,;()\[\]{}\"'`]")  # what may end an expression or begin a nested one
ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r?\n|.)", re.DOTALL)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
KEYWORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None, "nil": None}
KEYWORDS |= {"True": True, "False": False, "None": None}
ASSIGNED = re.compile(
    r"^[ \t]*(?:(?:export|const|let|var|final|private|public|static|readonly|string|String|auto|val|dim)[ \t]+){0,4}"
    r"(?P<name>[A-Za-z_$][\w$]*)[ \t]*(?::[ \t]*[\w<>\[\], ]{1,40})?[ \t]*(?::=|=)(?![=>])[ \t]*",
    re.MULTILINE,
)
# Calls that return their argument in another type.
SAME = re.compile(
    r"(?:encodeURIComponent|encodeURI|URL|URI|Uri|URI\.create|Headers|String|str|StringContent|URLSearchParams|Object\.freeze"
    r"|strings\.NewReader|bytes\.NewBufferString|bytes\.NewBuffer|\w*\.?BodyPublishers\.ofString|UUID\.fromString|Guid\.Parse)"
)
TO_JSON = re.compile(
    r"(?:JSON\.stringify|json\.dumps|JsonConvert\.SerializeObject|JsonSerializer\.Serialize|json\.Marshal)"
)
FORMAT = re.compile(r"(?:String\.format|string\.Format|fmt\.Sprintf)")


class Code(NamedValues):
    """A text of JavaScript, Java, C# or Go."""

    def __init__(self, text: str) -> None:
        super().__init__(text, ASSIGNED)
        self.calls: dict[int, tuple[Arguments, int]] = {}

    def value_at(self, start: int, name: str, depth: int) -> Any:
        return LiteralReader(self, start, depth).value()

    def arguments(self, start: int) -> tuple[Arguments, int]:
        """The arguments of the call whose opening parenthesis ends at `start`, and the end of the call."""
        reader = LiteralReader(self, start)
        return reader.call(), reader.at


class LiteralReader:
    """Reads expressions one after another. Never fails: what it doesn't understand becomes an UnknownValue."""

    def __init__(self, code: Code, at: int, depth: int = 0) -> None:
        self.code = code
        self.text = code.text
        self.at = at
        self.end = min(len(code.text), at + MAX_CALL)
        self.depth = depth

    def call(self) -> Arguments:
        """The arguments of the call whose parenthesis was just read. A call inside a call is read only once."""
        start = self.at
        if start not in self.code.calls:
            self.code.calls[start] = self.arguments(")"), self.at
        arguments, self.at = self.code.calls[start]
        return arguments

    def arguments(self, closing: str) -> Arguments:
        positional: list[Any] = []
        named: dict[str, Any] = {}
        while not self._ended(closing) and len(positional) < MAX_ITEMS:
            time_budget.check()
            before = self.at
            key = KEY.match(self.text, self.at)
            if key:
                self.at = key.end()
                named[key[1]] = self.value()
            else:
                positional.append(self.value())
            self._next(before)
        self._skip(closing)
        return Arguments(positional, named)

    def value(self) -> Any:
        self.depth += 1
        start = self._skip_blank()
        left = self._one() if self.depth < MAX_DEPTH else self._unknown(start)
        if cast := CAST.match(self.text, self.at):
            self.at = cast.end()
        after = self.at
        while self._sign() == "+" and self.depth < MAX_DEPTH:
            self.at += 1
            left = joined(left, self._one())
            after = self.at
        self.depth -= 1
        # A statement without a semicolon ends with its line.
        known = self._sign() in {",", ")", "]", "}", ";", ""} or "\n" in self.text[after : self.at]
        return left if known else self._unknown(start)

    def _one(self) -> Any:
        time_budget.check()
        self._skip_blank()
        prefix = PREFIX.match(self.text, self.at)
        if prefix:
            self.at = prefix.end()
        if (quoted := self._quoted(prefix[0] if prefix else "")) is not None:
            return quoted
        if number := NUMBER.match(self.text, self.at):
            self.at = number.end()
            return _number(number[0])
        sign = self.text[self.at : self.at + 1]
        if sign == "{":
            self.at += 1
            return self.object()
        if sign == "[":
            self.at += 1
            return list(self.arguments("]").positional)
        if sign == "(":
            self.at += 1
            inner = self.arguments(")").positional
            return self._unknown(self.at) if self.text.startswith("=>", self._skip_blank()) else next(iter(inner), None)
        if name := NAME.match(self.text, self.at):
            return self._named(name)
        return self._unknown(self.at)

    def _named(self, name: re.Match[str]) -> Any:
        self.at = name.end()
        if name[0] in ("new", "await", "return"):
            return self._one()
        if name[0] in KEYWORDS:
            return KEYWORDS[name[0]]
        if generic := GENERIC.match(self.text, self.at):
            self.at = generic.end()
        end = self.at
        next_sign = self._sign()
        if next_sign == "(":
            self.at += 1
            return self._result(name[0], self.call())
        if next_sign == "{" and name[0][0].isupper():  # a Go struct or a C# object initializer
            self.at += 1
            return self.object()
        if next_sign == "[":
            self.at += 1
            inner = self.arguments("]").positional
            return UnknownValue(inner[0] if inner and isinstance(inner[0], str) and inner[0] else name[0])
        if next_sign == "=" and self.text.startswith("=>", self.at):
            return self._unknown(self.at)
        self.at = end
        return self.code.named(name[0], self.depth) if "." not in name[0] else UnknownValue(name[0])

    def _result(self, name: str, given: Arguments) -> Any:
        """The value that a known function returns; an UnknownValue with its name for any other."""
        first = given.at(0)
        while method := METHOD.match(self.text, self.at):
            self.at = method.end()
            self.arguments(")")
            first = (
                first if method[1] in ("toString", "ToString", "trim", "build", "String") else UnknownValue(method[1])
            )
        if SAME.fullmatch(name):
            return first
        if TO_JSON.fullmatch(name):
            return first if isinstance(first, UnknownValue) else json_of(first)
        if FORMAT.fullmatch(name) and isinstance(first, str):
            rest = iter(given.positional[1:])
            return VERB.sub(lambda found: text_of(next(rest, UnknownValue("value"))), first)
        if name in ("Map.of", "Map.ofEntries"):
            return dict(zip(map(text_of, given.positional[::2]), given.positional[1::2], strict=False))
        return UnknownValue(name)

    def _quoted(self, prefix: str) -> str | None:
        for pattern in (TRIPLE, QUOTED, VERBATIM, TEMPLATE):
            found = pattern.match(self.text, self.at, self.end)
            if found is None and pattern is VERBATIM and "@" in prefix:
                found = VERBATIM.match(f"@{self.text[self.at : self.end]}")
                self.at -= 1 if found else 0
            if found:
                self.at += found.end() - found.start()
                inside = next((group for group in found.groups() if group is not None), "")
                return self._plain(inside, pattern, prefix)
        return None

    def _plain(self, inside: str, pattern: re.Pattern[str], prefix: str) -> str:
        """The text of a string literal, with the values of the variables in it."""
        if pattern is VERBATIM:
            inside = inside.replace('""', '"')
        elif pattern is not TRIPLE and "r" not in prefix.lower():
            inside = ESCAPE.sub(_unescaped, inside)
        if pattern is TEMPLATE:
            return IN_TEMPLATE.sub(self._filled, inside)
        inside = IN_RUBY.sub(self._filled, inside) if pattern is QUOTED else inside
        return IN_BRACES.sub(self._filled, inside) if prefix and ("$" in prefix or "f" in prefix.lower()) else inside

    def _filled(self, found: re.Match[str]) -> str:
        name = found[1].strip().removeprefix("await ")
        if literal := re.fullmatch(r"([\"'])([^\"'`]*)\1", name):
            return literal[2]
        wrapped = re.fullmatch(r"[\w.]+\(\s*([\w.$]+)\s*\)", name)
        name = wrapped[1] if wrapped else name
        plain = re.fullmatch(r"[A-Za-z_$][\w$.]*", name)
        value = (
            self.code.named(name, self.depth)
            if plain and "." not in name
            else UnknownValue(re.sub(r"[^\w.]", "", name))
        )
        return text_of(value)

    def object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._ended("}") and len(found) < MAX_ITEMS:
            time_budget.check()
            before = self.at
            if self.text.startswith("...", self.at):
                self.at += 3
                spread = self.value()
                found |= spread if isinstance(spread, dict) else {}
            else:
                self._entry(found)
            self._next(before)
        self._skip("}")
        return found

    def _entry(self, found: dict[str, Any]) -> None:
        """Reads `key: value`, `"key": value`, `[key] = value`, `{"key", value}`, or only `key`."""
        start = self.at
        key = KEY.match(self.text, self.at)
        if key:
            self.at = key.end()
            found[key[1]] = self.value()
            return
        name = self._one()
        if self._sign() in {":", "="}:
            self.at += 1
            found[text_of(name[0] if isinstance(name, list) and name else name)] = self.value()
        elif isinstance(name, dict) and self.text[start] == "{":
            found |= name
        elif self._sign() == "," and self.text[start] in "\"'":
            self.at += 1
            found[text_of(name)] = self.value()
        else:
            plain = NAME.match(self.text, start)
            found |= {plain[0]: name} if plain else {}

    def _unknown(self, start: int) -> UnknownValue:
        """Skips to the end of the expression, which is named after its first word."""
        depth = 0
        while found := MARK.search(self.text, self.at, self.end):
            time_budget.check()
            self.at = found.start()
            mark = found[0]
            if depth == 0 and mark in ",)]};":
                break
            if mark in "\"'`" and self._quoted("") is not None:
                continue
            depth += mark in "([{"
            depth -= mark in ")]}"
            self.at += 1
        else:
            self.at = max(self.at, self.end)
        word = NAME.search(self.text, start, max(self.at, start))
        return UnknownValue(word[0] if word else "value")

    def _skip_blank(self) -> int:
        found = BLANK.match(self.text, self.at, self.end)
        self.at = found.end() if found else self.at
        return self.at

    def _sign(self) -> str:
        at = self._skip_blank()
        return self.text[at : at + 1] if at < self.end else ""

    def _ended(self, closing: str) -> bool:
        return self._sign() in {closing, ""}

    def _skip(self, closing: str) -> None:
        if self._sign() == closing:
            self.at += 1

    def _next(self, before: int) -> None:
        """Moves to the next item, by at least one character. A line end can replace the comma."""
        if self._sign() in {",", ";"} or self.at == before:
            self.at += 1


def _number(text: str) -> Any:
    digits = text.rstrip("LlfFdDmn").replace("_", "")
    try:
        return int(digits) if digits.lstrip("-").isdigit() and len(digits) < 30 else float(digits)
    except ValueError:
        return UnknownValue("number")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "ux" and len(code) > 1:
        number = int(code[1:].strip("{}"), 16)
        return "\ufffd" if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF else chr(number)
    return "" if code in ("\n", "\r\n") else LETTERS.get(code, code)
