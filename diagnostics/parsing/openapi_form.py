"""Reads the operations in an API description (OpenAPI), in JSON or YAML. They describe calls, and none was sent."""

import re
from functools import partial

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import Draft
from diagnostics.text import time_budget

OPERATION = re.compile(
    r"^[ \t{]{0,40}[\"']?(?P<path>/[A-Za-z][\w{}/.-]{3,400})[\"']?[ \t]{0,4}:[ \t]{0,4}\{?[ \t]{0,4}\n?[ \t]{0,40}"
    r"[\"']?(?P<method>get|post|put|patch|delete|head)[\"']?[ \t]{0,4}:",
    re.MULTILINE,
)
SIGNS = re.compile(
    r"\boperationId\b|\bresponses[\"']?[ \t]{0,4}:|\bsummary[\"']?[ \t]{0,4}:|\bparameters[\"']?[ \t]{0,4}:"
)
PLACEHOLDER = re.compile(r"\{\w{1,80}\}")


def described_calls(text: str) -> list[CallSpan]:
    calls: list[CallSpan] = []
    for found in time_budget.checked(OPERATION.finditer(text)):
        if len(calls) < MAX_CANDIDATES and SIGNS.search(text, found.end(), found.end() + 2_000):
            calls.append(CallSpan(found.start(), found.end(), partial(_read, found)))
    return calls


def _read(found: re.Match[str], until: int) -> Draft:
    draft = Draft("log", method=found["method"].upper(), url=found["path"], is_described=True)
    draft.variables = tuple(dict.fromkeys(PLACEHOLDER.findall(draft.url)))
    draft.note(
        "taken", "The call was read from an API description. It describes a call, and doesn't show one that was sent."
    )
    return draft
