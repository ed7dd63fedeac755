"""Body fields: what a text wants to be sent with a call."""

import re
from collections.abc import Iterator
from itertools import islice

from diagnostics.claims.claim import Claim, ClaimVerdict, Judgement, Subject, Text
from diagnostics.claims.known import source_of
from diagnostics.genesys.contract import BASE, Contract, Operation
from diagnostics.parsing.intent import START_PATH
from diagnostics.text import time_budget

# Opens an object of a body: said to be one, or the first thing behind a call.
NAMED_BLOCK = re.compile(
    r"\b(?:payload|body|data|json|request_?body|--data(?:-raw|-binary)?|-d)\b[\"']?\s{0,3}[=:(]?\s{0,3}[=]?\s{0,3}"
    r"(?:JSON\.stringify\(|json\.dumps\()?\s{0,3}[\"'`]?(?=\{)",
    re.IGNORECASE,
)
BLOCK = re.compile(r"(?<![$\w/{])\{(?=\s{0,40}[\"']?[A-Za-z_]\w{0,60}[\"']?\s{0,3}:)")
KEY = re.compile(r"(?<![\w$.])[\"']?([A-Za-z_]\w{0,60})[\"']?\s{0,3}:(?![:/])")
PROVIDER_ID = re.compile(r"(?<![\w.])(?:providerId|provider_id|ProviderId)(?!\w)")
LONGEST = 2_000  # characters of one object that are read
MOST_BLOCKS = 500
FAR = 500  # characters behind a call within which its body begins
# An object with these is an answer, not what was sent.
ANSWERS = frozenset({"contextid", "errors", "messagewithparams", "access_token", "joincode", "selfuri", "status_code"})
ANSWER_BEFORE = re.compile(
    r"(?i:HTTP/\d|response|answer|returns?\b|returned|got\b|gets\b|result|\b[45]\d\d\b)[^{}]{0,60}$"
)
HEADERS_BEFORE = re.compile(r"(?i:headers?[\"']?\s{0,3}[=:(]{0,2}\s{0,3})$")
READS = ("GET", "HEAD")
OPTIONS = frozenset({"method", "headers", "url", "body", "data", "json", "mode", "credentials"})


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    calls = [each for each in text.calls if each.kind == "call"]
    start = next((each for each in calls if starts_cobrowse(each)), None)
    if text.speaks_of_cobrowse:
        for match in time_budget.checked(PROVIDER_ID.finditer(text.whole)):
            yield Claim("field", match[0], match.start(), of=start)
    last = -1
    for at, of in _blocks(text.whole, calls, start):
        if at < last:  # inside an object that is read already
            continue
        names = _keys(text.whole, at)
        last = _end(text.whole, at) if names else last
        for name in names:
            yield Claim("field", name, at, of=of)


def starts_cobrowse(claim: Claim) -> bool:
    return "cobrowse" in claim.text.lower() and claim.method not in ("GET", "HEAD", "DELETE")


def _blocks(whole: str, calls: list[Claim], start: Claim | None) -> Iterator[tuple[int, Claim]]:
    """Where an object that is a body begins, and the call it belongs to."""
    named = {match.end() for match in time_budget.checked(NAMED_BLOCK.finditer(whole))}
    place = 0
    for match in islice(time_budget.checked(BLOCK.finditer(whole)), MOST_BLOCKS):
        at = match.start()
        while place < len(calls) and calls[place].at < at:
            place += 1
        near = [
            each for each in (*calls[max(0, place - 1) : place], *calls[place : place + 1]) if abs(each.at - at) < FAR
        ]
        near = near if at in named else [each for each in near if each.at < at]
        of = _owner(whole, at, near) or (start if at in named else None)
        if of is None or HEADERS_BEFORE.search(whole[max(0, at - 30) : at]):
            continue
        if at in named or not _is_answer(whole, of.at, at):
            yield at, start if start and starts_cobrowse(of) else of


def _owner(whole: str, at: int, near: list[Claim]) -> Claim | None:
    """The write above the object in the same paragraph, else the nearest: bodies are often put together first."""
    writes = sorted((each for each in near if each.method not in READS), key=lambda each: abs(each.at - at))
    above = [each for each in writes if each.at < at and "\n\n" not in whole[each.at : at]]
    return next(iter([*above, *writes]), None)


def _is_answer(whole: str, call_at: int, at: int) -> bool:
    return ANSWER_BEFORE.search(whole[max(call_at, at - 100) : at]) is not None


def _end(whole: str, at: int) -> int:
    depth = 0
    for place in range(at, min(len(whole), at + LONGEST)):
        depth += {"{": 1, "}": -1}.get(whole[place], 0)
        if depth == 0:
            return place + 1
    return min(len(whole), at + LONGEST)


def _keys(whole: str, at: int) -> list[str]:
    """The names at the top of the object; none of an object that reads as an answer or as a client's options."""
    flat, depth = [], 0
    for sign in whole[at : _end(whole, at)]:
        depth -= sign in "}]"
        if depth <= 1:
            flat.append(sign)
        depth += sign in "{["
    names = [match[1] for match in KEY.finditer("".join(flat))]
    lower = {each.lower() for each in names}
    if lower & ANSWERS or {"message", "status"} <= lower or {"message", "code"} <= lower or lower & OPTIONS:
        return []
    return names[:30]


def judge(claim: Claim, contract: Contract) -> Judgement:
    source = source_of(contract)
    if claim.of is None or starts_cobrowse(claim.of):
        return _of_start(claim, contract, source)
    path = claim.of.text if "/api/v" in claim.of.text else BASE + claim.of.text
    operation = contract.match(claim.of.method, path).operation
    if operation is None:
        sentence = "It belongs to a call that is not published, so no contract can say."
        return Judgement(ClaimVerdict.UNKNOWN, sentence, (), source)
    if not operation.has_body:
        return Judgement(ClaimVerdict.WRONG, f"{_name(operation)} takes no body.", (), source)
    return Judgement(
        ClaimVerdict.UNKNOWN, f"{_name(operation)} takes a body; its fields are not kept here.", (), source
    )


def _of_start(claim: Claim, contract: Contract, source: str) -> Judgement:
    start = contract.operation("POST", START_PATH)
    if start is not None and start.has_body:
        return Judgement(
            ClaimVerdict.UNKNOWN,
            "The contract in force gives this call a body; its fields are not kept here.",
            (),
            source,
        )
    is_provider = claim.text.lower().replace("_", "") == "providerid"
    sentence = "The published call that starts a cobrowse session takes no body at all: the conversation id in the path is everything."
    if is_provider:
        sentence += " Only a provider gateway, which a few orgs sit behind, wants a providerId."
    return Judgement(ClaimVerdict.WRONG, sentence, (f"POST {START_PATH} without a body",), source, gateway=is_provider)


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


SUBJECT = Subject("field", find, judge)
