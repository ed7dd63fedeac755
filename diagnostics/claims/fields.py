"""Body fields that a text wants a call to send."""

import re
from collections.abc import Iterator
from itertools import islice

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, unknown, wrong
from diagnostics.claims.known import source_of
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import BASE
from diagnostics.parsing.intent import START_PATH
from diagnostics.text import time_budget

# Begins the object of a body: named as one, or the first object after a call.
NAMED_BLOCK = re.compile(
    r"\b(?:payload|body|data|json|request_?body|--data(?:-raw|-binary)?|-d)\b[\"']?\s{0,3}[=:(]?\s{0,3}[=]?\s{0,3}"
    r"(?:JSON\.stringify\(|json\.dumps\()?\s{0,3}[\"'`]?(?=\{)",
    re.IGNORECASE,
)
BLOCK = re.compile(r"(?<![$\w/{])\{(?=\s{0,40}[\"']?[A-Za-z_]\w{0,60}[\"']?\s{0,3}:)")
KEY = re.compile(r"(?<![\w$.])[\"']?([A-Za-z_]\w{0,60})[\"']?\s{0,3}:(?![:/])")
PROVIDER_ID = re.compile(r"(?<![\w.])(?:providerId|provider_id|ProviderId)(?!\w)")
MAX_OBJECT = 2_000  # characters read of one object
MAX_BLOCKS = 500
FAR = 500  # characters after a call within which its body begins
# An object with one of these keys is a response, not a request body.
RESPONSE_KEYS = frozenset(
    {"contextid", "errors", "messagewithparams", "access_token", "joincode", "selfuri", "status_code"}
)
RESPONSE_BEFORE = re.compile(
    r"(?i:HTTP/\d|response|answer|returns?\b|returned|got\b|gets\b|result|\b[45]\d\d\b)[^{}]{0,60}$"
)
HEADERS_BEFORE = re.compile(r"(?i:headers?[\"']?\s{0,3}[=:(]{0,2}\s{0,3})$")
READS = ("GET", "HEAD")
OPTIONS = frozenset({"method", "headers", "url", "body", "data", "json", "mode", "credentials"})


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    calls = [call for call in text.calls if call.kind == "call"]
    start = next((call for call in calls if starts_cobrowse(call)), None)
    if text.mentions_cobrowse:
        for match in time_budget.checked(PROVIDER_ID.finditer(text.whole)):
            yield Claim("field", match[0], match.start(), call=start)
    last = -1
    for at, call in _blocks(text.whole, calls, start):
        if at < last:  # inside the previous object
            continue
        names = _keys(text.whole, at)
        last = _end(text.whole, at) if names else last
        for name in names:
            yield Claim("field", name, at, call=call)


def starts_cobrowse(claim: Claim) -> bool:
    return "cobrowse" in claim.text.lower() and claim.method not in ("GET", "HEAD", "DELETE")


def _blocks(whole: str, calls: list[Claim], start: Claim | None) -> Iterator[tuple[int, Claim]]:
    """The offset of each object that is a body, and the call that it belongs to."""
    named = {match.end() for match in time_budget.checked(NAMED_BLOCK.finditer(whole))}
    index = 0
    for match in islice(time_budget.checked(BLOCK.finditer(whole)), MAX_BLOCKS):
        at = match.start()
        while index < len(calls) and calls[index].at < at:
            index += 1
        near = [call for call in calls[max(0, index - 1) : index + 1] if abs(call.at - at) < FAR]
        near = near if at in named else [call for call in near if call.at < at]
        owner = _owner(whole, at, near) or (start if at in named else None)
        if owner is None or HEADERS_BEFORE.search(whole[max(0, at - 30) : at]):
            continue
        if at in named or not RESPONSE_BEFORE.search(whole[max(owner.at, at - 100) : at]):
            yield at, start if start and starts_cobrowse(owner) else owner


def _owner(whole: str, at: int, near: list[Claim]) -> Claim | None:
    """The nearest write before the object in its paragraph, else the nearest write: code often builds the body first."""
    writes = sorted((call for call in near if call.method not in READS), key=lambda call: abs(call.at - at))
    above = [call for call in writes if call.at < at and "\n\n" not in whole[call.at : at]]
    return next(iter([*above, *writes]), None)


def _end(whole: str, at: int) -> int:
    depth = 0
    for place in range(at, min(len(whole), at + MAX_OBJECT)):
        depth += {"{": 1, "}": -1}.get(whole[place], 0)
        if depth == 0:
            return place + 1
    return min(len(whole), at + MAX_OBJECT)


def _keys(whole: str, at: int) -> list[str]:
    """The keys of the object at its top level; [] for a response or the options of an HTTP client."""
    flat, depth = [], 0
    for sign in whole[at : _end(whole, at)]:
        depth -= sign in "}]"
        if depth <= 1:
            flat.append(sign)
        depth += sign in "{["
    names = [match[1] for match in KEY.finditer("".join(flat))]
    lower = {name.lower() for name in names}
    if lower & RESPONSE_KEYS or {"message", "status"} <= lower or {"message", "code"} <= lower or lower & OPTIONS:
        return []
    return names[:30]


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    source = source_of(contract)
    if claim.call is None or starts_cobrowse(claim.call):
        return _of_start(claim, contract, source)
    path = claim.call.text if "/api/v" in claim.call.text else BASE + claim.call.text
    operation = contract.match(claim.call.method, path).operation
    if operation is None:
        sentence = "It belongs to a call that isn't published, so we can't check it."
        return unknown(sentence, source)
    if not operation.has_body:
        return wrong(f"{_name(operation)} takes no body.", source)
    return unknown(f"{_name(operation)} takes a body, but we don't have its fields.", source)


def _of_start(claim: Claim, contract: Contract, source: str) -> ClaimResult:
    start = contract.operation("POST", START_PATH)
    if start is not None and start.has_body:
        return unknown("In the current API reference this call takes a body, but we don't have its fields.", source)
    is_provider = claim.text.lower().replace("_", "") == "providerid"
    sentence = "The published call that starts a cobrowse session takes no body: the conversation ID in the path is all it needs."
    if is_provider:
        sentence += " Only a provider gateway, which a few orgs use, needs a providerId."
    return wrong(sentence, source, (f"POST {START_PATH} without a body",), gateway=is_provider)


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


SUBJECT = Subject("field", find, evaluate)
