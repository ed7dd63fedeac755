"""Reads a wget command, by translating its options to those of curl."""

import re
from functools import partial

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.curl import fill
from diagnostics.parsing.curl_options import read_options
from diagnostics.parsing.draft import Draft
from diagnostics.parsing.response_text import find_response
from diagnostics.parsing.shell import ShellCommand, read_command
from diagnostics.redaction.patterns import word_set
from diagnostics.text import time_budget

WGET = re.compile(
    r"(?<![\w./-])wget(?:\.exe)?(?=(?:[ \t\xa0]|\\\r?\n)++(?:--?[A-Za-z]|['\"“$<{]|https?://|[\w-]+\.[\w.-]+/))"
)
AS_IN_CURL = {
    "--method": "--request", "--header": "--header", "--body-data": "--data-raw", "--post-data": "--data-raw",
    "--user-agent": "--user-agent", "-U": "--user-agent", "--referer": "--referer",
}  # fmt: skip
FROM_FILE = frozenset({"--body-file", "--post-file"})
WITH_VALUE = word_set("-O --output-document -o --output-file -T --timeout -t --tries --user --password -w --wait")


def wget_calls(text: str) -> list[CallSpan]:
    calls: list[CallSpan] = []
    found = WGET.search(text)
    while found and len(calls) < MAX_CANDIDATES:
        time_budget.check()
        command = read_command(text, found.end())
        if read_options(_curl_words(command.words))[0].urls:
            calls.append(CallSpan(found.start(), command.end, partial(_read, text, command)))
        found = WGET.search(text, max(command.end, found.end()))
    return calls


def _curl_words(words: list[str]) -> list[str]:
    translated: list[str] = []
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            translated.append(word)
        elif name in AS_IN_CURL:
            translated += [AS_IN_CURL[name], value if equals else next(waiting, "")]
        elif name in FROM_FILE:
            translated += ["--data", f"@{value if equals else next(waiting, '')}"]
        elif name in WITH_VALUE and not equals:
            next(waiting, "")
    return translated


def _read(text: str, command: ShellCommand, until: int) -> Draft:
    draft = Draft("wget")
    draft.note("taken", "The call was read from a wget command.")
    for sentence in command.guesses:
        draft.note("guessed", sentence)
    fill(draft, read_options(_curl_words(command.words))[0], command.variables, "wget")
    draft.response = find_response(text[command.end : until])
    return draft
