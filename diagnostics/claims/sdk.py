"""Names from the SDKs and the command line: methods, Api classes, gc commands."""

import re
from collections.abc import Iterator

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.known import known, source_of
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation, snake_case
from diagnostics.genesys.paths import BASE
from diagnostics.parsing.intent import START_PATH
from diagnostics.text import time_budget

VERB = r"(?:get|head|post|put|patch|delete)"
METHOD = re.compile(
    rf"(?<![\w/$-])(?P<name>(?i:{VERB})(?:_[a-z0-9][a-z0-9_]{{2,120}}+|[A-Z][A-Za-z0-9]{{2,120}}+))(?![\w/:-])"
)
COBROWSE_CALL = re.compile(r"(?<![\w/$])(?P<name>[A-Za-z_]{0,60}[Cc]o[Bb]rows(?:e|ing)[A-Za-z_]{0,60})(?=\s?\()")
SETTER = re.compile(r"(?<![\w/$])(?P<name>(?:CobrowseSession\.)?set(?:ProviderId|_provider_id))(?![\w])")
CLASS = re.compile(r"(?<![\w/])(?P<name>[A-Z][A-Za-z]{2,60}Api)(?![\w])")
COMMAND = re.compile(r"(?<![\w/-])gc((?: [a-z][a-z-]{2,40}){2,6}+)")
DEFINED = re.compile(
    r"\b(?:def|function|func|fun|sub|void|class|public \w{1,30}|async) {1,4}(?:\(\w{1,40} [\w.*]{1,40}\) )?(\w{3,120})"
)
RECEIVER = re.compile(r"(?i:api(?:\(\w{0,40}\)|instance|client)?)\.$|conversations\.$")
SDKS = re.compile(r"PureCloud|purecloud|platformClient|platformclient|mypurecloud", re.ASCII)
SUFFIXES = re.compile(r"(?:WithHttpInfo)?(?:Async)?(?:Request)?$")


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    whole = text.whole
    own = frozenset(match[1] for match in time_budget.checked(DEFINED.finditer(whole)))
    uses_sdk = SDKS.search(whole) is not None
    for match in time_budget.checked(METHOD.finditer(whole)):
        if match["name"] not in own and _is_meant(match["name"], whole, match.start(), contract, uses_sdk):
            yield Claim("sdk", match["name"], match.start())
    for pattern in (COBROWSE_CALL, SETTER):
        for match in time_budget.checked(pattern.finditer(whole)):
            if match["name"] not in own and not METHOD.match(whole, match.start()):
                yield Claim("sdk", match["name"], match.start())
    for match in time_budget.checked(CLASS.finditer(whole)):
        if match["name"] not in own and (uses_sdk or "Cobrowse" in match["name"]):
            yield Claim("sdk", match["name"], match.start())
    for match in time_budget.checked(COMMAND.finditer(whole)):
        yield Claim("sdk", f"gc{match[1]}", match.start())


def _is_meant(name: str, whole: str, at: int, contract: Contract, uses_sdk: bool) -> bool:
    """Whether a name that begins with a verb means a method of the SDKs: programs have many others."""
    facts = known("sdk")
    if "cobrowse" in name.lower() or name in facts["real"] or name in facts["invented"]:
        return True
    if RECEIVER.search(whole[max(0, at - 40) : at]):
        return True
    return uses_sdk and operation_of(name, contract) is not None


def operation_of(name: str, contract: Contract) -> Operation | None:
    """The operation that a method calls, in the spelling of any SDK and with the suffixes that Java adds."""
    bare = SUFFIXES.sub("", name)
    return contract.named(name) or (contract.named(bare) if bare else None)


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    name, facts = claim.text, known("sdk")
    source = f"{facts['source']}; {source_of(contract)}"
    if name.startswith("gc "):
        return _command(name, contract, source)
    if name in facts["models"]:
        return real("A model of the SDKs.", source)
    if name in facts["real"]:
        return real("A helper method of the Python SDK, not an API operation.", source)
    if (operation := operation_of(name, contract)) is not None:
        age = ", deprecated" if operation.deprecated else ""
        where = f" of {operation.sdk_class}" if operation.sdk_class else ""
        sentence = f"The method{where} for {operation.method} {operation.path}{age}."
        return real(sentence, source)
    if name.endswith("Api") and not name.lower().startswith("get"):
        return _class(name, contract, source)
    nearest = _nearest(name, contract)
    known_invention = name in facts["invented"] or "cobrowse" in name.lower()
    if known_invention or re.match(rf"(?i:{VERB})(?:_|[A-Z])", name):
        return wrong("No SDK has this name.", source, nearest)
    return unknown("No operation has this name.", source, nearest)


def _class(name: str, contract: Contract, source: str) -> ClaimResult:
    classes = {operation.sdk_class for operation in contract.operations if operation.sdk_class}
    if name in classes:
        return real("An SDK class with the operations of its area.", source)
    if "cobrowse" in name.lower():
        return wrong("The SDKs have no separate class for cobrowse.", source, ("ConversationsApi",))
    folded = {operation.lower(): operation for operation in classes}
    near = tuple(
        folded[operation] for operation in (name.lower(), name.lower().replace("api", "sapi")) if operation in folded
    )
    return unknown("No SDK class has this name; it may belong to the program.", source, near)


def _command(text: str, contract: Contract, source: str) -> ClaimResult:
    words = text.split()[1:]
    if words[:3] == ["conversations", "cobrowse", "create"]:
        return real("Starts a cobrowse session for the conversation ID that follows.", source)
    if "cobrowse" in words:
        right = ("gc conversations cobrowse create <conversationId>",)
        return wrong("The command line has one cobrowse command, and this isn't it.", source, right)
    return unknown("We only know the gc commands for cobrowse.", source)


def _nearest(name: str, contract: Contract) -> tuple[str, ...]:
    """The nearest methods, in the spelling of `name`: snake_case, camelCase or PascalCase."""
    bare = name.rpartition(".")[2]
    if bare.lower().startswith("set"):  # a setter is no call, so nothing published comes near
        return ()
    if "cobrowse" in bare.lower() and not re.match(rf"(?i:{VERB})(?:_|[A-Z])", bare):
        start = contract.operation("POST", START_PATH)
        return (_spelt_like(bare, start),) if start else ()
    words = snake_case(bare[:1].lower() + bare[1:]).replace("co_browse", "cobrowse").strip("_").split("_")
    verb, rest = (words[0], words[1:]) if words[0] in ("get", "post", "put", "patch", "delete") else ("post", words[1:])
    if "cobrowse" in "".join(words) and "conversations" not in rest and "conversation" not in rest:
        rest = ["conversations", *rest]
    found = contract.nearest(verb.upper(), f"{BASE}/{'/'.join(rest)}", 2)
    return tuple(dict.fromkeys(_spelt_like(bare, operation) for operation in found))


def _spelt_like(name: str, operation: Operation) -> str:
    if "_" in name:
        return operation.python_name
    return operation.pascal_name if name[:1].isupper() else operation.java_name


SUBJECT = Subject("sdk", find, evaluate)
