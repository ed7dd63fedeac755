"""Splits a pasted shell command into words as a shell would. Runs nothing."""

import re
from dataclasses import dataclass, field

from diagnostics.text import time_budget

PLAIN = re.compile(r"[^\s'\"\\`$|;&<>#“‘]++")
BLANKS = re.compile(r"[ \t\r\f\v\xa0]++")
DOUBLE = re.compile(r"((?:[^\"\\]|\\.)*+)\"", re.DOTALL)
ANSI_C = re.compile(r"((?:[^'\\]|\\.)*+)'", re.DOTALL)
IN_DOUBLE = re.compile(r"\\([\"\\$`\n])")
# "{""providerId"": ...}": a quote inside quotes in cmd.exe and PowerShell.
DOUBLED_START = re.compile(r"\"[ \t]{0,9}[\[{]{1,4}[ \t]{0,9}\"\"\w")
DOUBLED = re.compile(r"((?:[^\"]|\"\")*+)\"")
MAX_VARIABLES = 100
CONTINUATION = re.compile(r"([\\`])([ \t\r\xa0]*+)\n")
NEXT_OPTION = re.compile(r"\s*+(?:--?[A-Za-z]|['\"]?https?://)")
ANGLE_PLACEHOLDER = re.compile(r"<[A-Za-z][\w .-]{0,40}>")
REDIRECT = re.compile(r"(?:&?>>?|<)(?:&\d|[ \t]*+[^\s|;&<>'\"]*+)")
EXPANSION = re.compile(r"\$\{[^{}\n]{0,80}\}|\$\([^()\n]{0,200}\)|\$\w{0,80}")
ANSI_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
CURLY = {"“": "”", "‘": "’"}


@dataclass
class ShellCommand:
    """The words of a command, its end in the text, and the guesses made while reading it, as sentences.

    `variables` are the expansions such as `$ID` that a shell would replace, `literals` those in single quotes, which it
    sends as they are.
    """

    words: list[str] = field(default_factory=list, repr=False)
    variables: list[str] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)
    end: int = 0
    guesses: list[str] = field(default_factory=list)


def from_windows(text: str) -> str:
    """The text without the caret escapes of cmd.exe, which "Copy as cURL (cmd)" in a browser writes."""
    if not re.search(r"\^[ \t]*\r?\n|\^[\"{%]", text):
        return text
    return re.sub(r"\^(.)", r"\1", re.sub(r"\^[ \t]*\r?\n", " ", text), flags=re.DOTALL)


def read_command(text: str, start: int) -> ShellCommand:
    """The command that begins at `start`. Takes time in proportion to its length; never fails."""
    return _Reader(text, start).read()


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.command = ShellCommand()
        self.word: list[str] | None = None
        self.unclosed: set[str] = set()

    def read(self) -> ShellCommand:
        while self.at < len(self.text) and self._step():
            pass
        self._end_word()
        self.command.end = self.at
        return self.command

    def _step(self) -> bool:
        """Reads one piece of the text; False at the end of the command."""
        time_budget.check()
        char = self.text[self.at]
        if char == "\n":
            return self._newline()
        if plain := PLAIN.match(self.text, self.at):
            return self._add(plain[0], plain.end())
        if blanks := BLANKS.match(self.text, self.at):
            if "\xa0" in blanks[0]:
                self._guess("Non-breaking spaces were read as blanks; a shell would not do so.")
            self._end_word()
            self.at = blanks.end()
            return True
        if char in "\\`":
            return self._backslash(char)
        if char in "'\"" or (char in CURLY and self.word is None):
            return self._quoted(char)
        if char == "$":
            return self._dollar()
        return self._operator(char)

    def _add(self, piece: str, end: int) -> bool:
        self.word = self.word or []
        self.word.append(piece)
        self.at = end
        return True

    def _end_word(self) -> None:
        if self.word is not None:
            self.command.words.append("".join(self.word))
            self.word = None

    def _guess(self, sentence: str) -> None:
        if sentence not in self.command.guesses:
            self.command.guesses.append(sentence)

    def _expands(self, found: list[str]) -> None:
        remaining = MAX_VARIABLES - len(self.command.variables)
        self.command.variables += [variable for variable in found if len(variable) > 1][:remaining]

    def _newline(self) -> bool:
        self._end_word()
        if not NEXT_OPTION.match(self.text, self.at):
            return False
        self._guess("A line continuation was missing; the next line was read as part of the command.")
        self.at += 1
        return True

    def _backslash(self, char: str) -> bool:
        broken = CONTINUATION.match(self.text, self.at)
        if broken:
            if broken[2].strip("\r"):
                self._guess("Blanks after a line continuation were ignored; a shell would end the command there.")
            if char == "`":
                self._end_word()
            self.at = broken.end()
            return True
        if char == "`":
            return self._add("`", self.at + 1)
        return self._add(self.text[self.at + 1 : self.at + 2], min(self.at + 2, len(self.text)))

    def _quoted(self, quote: str) -> bool:
        if (
            quote == '"'
            and DOUBLED_START.match(self.text, self.at)
            and (doubled := DOUBLED.match(self.text, self.at + 1))
        ):
            self._guess("Doubled quotes were read as quotes, as Windows does.")
            return self._add(doubled[1].replace('""', '"'), doubled.end())
        inside, end = self._until_closed(quote, self.at + 1)
        if quote == '"':
            self._expands(EXPANSION.findall(inside))
            inside = IN_DOUBLE.sub(lambda found: found[1].strip("\n"), inside)
        elif quote == "'":
            self.command.literals += EXPANSION.findall(inside)[: MAX_VARIABLES - len(self.command.literals)]
        elif quote in CURLY:
            self._guess("Curly quotes were read as quotes; a shell would send them as part of the text.")
        return self._add(inside, end)

    def _until_closed(self, quote: str, start: int) -> tuple[str, int]:
        """The quoted text and its end; an unclosed quote ends with its line."""
        if quote not in self.unclosed:
            if quote in '"$':
                found = (DOUBLE if quote == '"' else ANSI_C).match(self.text, start)
                if found:
                    return found[1], found.end()
            else:
                end = self.text.find(CURLY.get(quote, quote), start)
                if end >= 0:
                    return self.text[start:end], end + 1
            self.unclosed.add(quote)
        self._guess("A quote was never closed; it was read to the end of its line.")
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return self.text[start:end].rstrip("\\^` \t\r"), end

    def _dollar(self) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "'":
            inside, end = self._until_closed("$", self.at + 2)
            return self._add(ANSI_ESCAPE.sub(_ansi, inside), end)
        if following == '"' and self.word is None:
            self.at += 1
            return self._quoted('"')
        found = EXPANSION.match(self.text, self.at)
        self._expands([found[0]] if found else [])
        return self._add(found[0], found.end()) if found else self._add("$", self.at + 1)

    def _operator(self, char: str) -> bool:
        if char == "#":
            if self.word is not None:
                return self._add("#", self.at + 1)
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
            return True
        if char == "<" and (known := ANGLE_PLACEHOLDER.match(self.text, self.at)):
            return self._add(known[0], known.end())
        if char in "<>" or self.text.startswith("&>", self.at):
            redirect = REDIRECT.match(self.text, self.at)
            if self.word == ["2"] or self.word == ["1"]:
                self.word = None
            self._end_word()
            self.at = redirect.end() if redirect else self.at + 1
            return True
        ends = char == "|" or self.text[self.at + 1 : self.at + 2] in {"", " ", "\t", "\n", "\r", char}
        if char in "|;&" and ends:
            return False
        return self._add(char, self.at + 1)


def _ansi(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
    elif code[0] in "01234567":
        number = int(code, 8) & 0xFF
    elif code[0] == "c" and len(code) > 1:
        number = ord(code[1]) & 0x1F
    else:
        return ANSI_LETTERS.get(code, code if code in "\\'\"?" else found[0])
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return chr(number)
