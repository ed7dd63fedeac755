"""Reads calls of the official SDKs and of the gc command line, by the method names in the contract."""

import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.operation import Operation, camel_case
from diagnostics.genesys.paths import UUID, is_parameter, split_path
from diagnostics.genesys.regions import find_region
from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import Draft
from diagnostics.parsing.intent import nearest_methods
from diagnostics.parsing.response_text import find_response
from diagnostics.parsing.shell import read_command
from diagnostics.parsing.snippets import Languages, finish
from diagnostics.parsing.values import OPEN, Arguments, UnknownValue, json_of, text_of
from diagnostics.redaction.patterns import word_set
from diagnostics.text import time_budget

VERB = r"(?:get|post|put|patch|delete|head|Get|Post|Put|Patch|Delete|Head)"
NAME = rf"{VERB}(?:(?:_[a-z0-9]{{1,40}}){{1,12}}|[A-Z][A-Za-z0-9]{{2,120}})"
CALL = re.compile(
    rf"(?P<defined>\b(?:def|function|func|class|interface)\s{{1,4}}(?:\([^()\n]{{0,80}}\)\s{{0,4}})?)?"
    rf"(?<![\w$])(?:(?P<owner>[A-Za-z_$][\w$]{{0,80}})(?:\([^()\n]{{0,120}}\))?\s{{0,40}}\.\s{{0,4}})?"
    rf"(?<![\w$])(?P<name>{NAME})(?P<builder>Request\s{{0,4}}\.\s{{0,4}}builder)?\s{{0,4}}\("
)
FRAME = re.compile(r"\s*(?:at|File|in)\s")  # a line of a stack trace
CALLING = re.compile(rf"\bError calling (?P<name>{NAME})\b")
NAMED = re.compile(rf"(?<![\w$/.-])(?P<name>{NAME})(?![\w$/-])")
API_FRAME = re.compile(rf"\b[A-Z][A-Za-z]{{2,40}}Api(?:\.|::|#)(?P<name>{NAME})\(")
SUFFIX = re.compile(r"(?:_with_http_info|WithHttpInfoAsync|AsyncWithHttpInfo|WithHttpInfo|Async)$")
API = re.compile(r"api|client|conversations?$", re.IGNORECASE)
GC = re.compile(r"(?:^|[\n`$>;&|][ \t]*|\bsudo )(?:[\w.:~\\/-]{0,100}[\\/])?gc(?:\.exe)?(?=[ \t]+[a-z])")
GC_VERBS = {
    "create": ("POST",), "get": ("GET",), "list": ("GET",), "update": ("PATCH", "PUT"), "replace": ("PUT",),
    "delete": ("DELETE",), "head": ("HEAD",),
}  # fmt: skip
GC_FLAGS = word_set("-a --autopaginate -i --indicateprogress --usage -u --help -h --stream -s")
MAX_COMMANDS = 2_000
# Methods of the SDKs that don't call the API.
SDK_NAMES = word_set(
    "get_client_credentials_token get_api_host get_host get_default_copy get_access_token getApiHost "
    "getLoginHost getAccessToken getInstance getAuthToken getDefaultApiClient getStatusCode getRawBody "
    "getMessage getHeaders getBody getElementById getResponse getJson GetDefaultConfiguration PostToken "
    "getClient getToken get_token getString getText"
)


def sdk_calls(text: str) -> list[CallSpan]:
    """The calls of methods that an SDK has or seems to have."""
    calls: list[CallSpan] = []
    languages: Languages | None = None
    for found in time_budget.checked(CALL.finditer(text)):
        line = text[max(text.rfind("\n", 0, found.start()) + 1, found.start() - 200) : found.start()]
        if (
            len(calls) >= MAX_CANDIDATES
            or found["defined"]
            or FRAME.match(line)
            or not _is_sdk_method(found["name"], found["owner"])
        ):
            continue
        languages = languages or Languages.of(text)
        given, end = languages.arguments(found.end(), "_" in found["name"])
        calls.append(CallSpan(found.start(), end, partial(_read, text, found["name"], given, end)))
    for found in time_budget.checked(CALLING.finditer(text)):
        if len(calls) < MAX_CANDIDATES:
            calls.append(
                CallSpan(found.start(), found.end(), partial(_read, text, found["name"], Arguments(), found.start()))
            )
    return calls


def sdk_names(text: str) -> list[CallSpan]:
    """The method names in prose, for a text without any call."""
    found = [match for match in time_budget.checked(NAMED.finditer(text)) if "cobrowse" in match["name"].lower()]
    return [
        CallSpan(match.start(), match.end(), partial(_read, text, match["name"], Arguments(), match.end()))
        for match in found[:MAX_CANDIDATES]
    ]


def sdk_frames(text: str) -> list[CallSpan]:
    """The innermost method of an SDK's API class in a stack trace, for a text without any call."""
    for found in time_budget.checked(API_FRAME.finditer(text)):
        if _operation(found["name"], bundled()) is not None:
            return [CallSpan(found.start(), found.end(), partial(_read, text, found["name"], Arguments(), found.end()))]
    return []


def gc_calls(text: str) -> list[CallSpan]:
    calls: list[CallSpan] = []
    for found in islice(time_budget.checked(GC.finditer(text)), MAX_COMMANDS):
        command = read_command(text, found.end())
        if len(calls) < MAX_CANDIDATES and _gc_words(command.words)[0]:
            calls.append(CallSpan(found.start(), command.end, partial(_read_gc, text, command.words, command.end)))
    return calls


def _is_sdk_method(name: str, owner: str | None) -> bool:
    if name in SDK_NAMES:
        return False
    known = _operation(name, bundled()) is not None
    words = len(re.findall(r"_|[A-Z]", name.lstrip("GPDH")))
    return (known and words > 1) or "cobrowse" in name.lower() or (owner is not None and API.search(owner) is not None)


def _operation(name: str, contract: Contract) -> Operation | None:
    return contract.named(name) or contract.named(SUFFIX.sub("", name))


def _read(text: str, name: str, given: Arguments, end: int, until: int) -> Draft:
    draft = Draft("sdk", sdk_method=SUFFIX.sub("", name))
    draft.note("taken", f"The call was read from the SDK's method {draft.sdk_method}.")
    operation = _operation(name, bundled())
    if operation is None:
        _unknown(draft, given)
    else:
        _fill(draft, operation, *_bound(operation, given))
    draft.response = find_response(text[end:until])
    return finish(draft)


def _unknown(draft: Draft, given: Arguments) -> None:
    draft.method = re.match(r"[A-Za-z]+?(?=_|[A-Z]|$)", draft.sdk_method[:1].lower() + draft.sdk_method[1:])[0].upper()  # type: ignore[index]
    nearest = nearest_methods(draft.sdk_method, bundled())
    right = f" The closest one is {_signature(nearest[0], draft.sdk_method)}." if nearest else ""
    draft.note("guessed", f"No SDK has the method {draft.sdk_method}, so its path isn't known.{right}")
    texts = [text_of(value) for value in (*given.positional, *given.named.values())]
    draft.conversation_id = next((text for text in texts if UUID.fullmatch(text)), "")
    body = next((value for value in (*given.positional, *given.named.values()) if isinstance(value, dict)), None)
    draft.body = json_of(body) if body else None


def _signature(operation: Operation, like: str) -> str:
    """The signature in the spelling of `like`: postConversationCobrowse(conversationId)."""
    name = operation.python_name if "_" in like else operation.operation_id
    name = name[:1].upper() + name[1:] if like[:1].isupper() else name
    return f"{name}({', '.join(operation.parameters)})"


def _bound(operation: Operation, given: Arguments) -> tuple[dict[str, Any], Any]:
    """The values of the path parameters by name, and the body."""
    wanted = [camel_case(name) for name in operation.arguments] or list(operation.parameters)
    values: dict[str, Any] = dict(zip(wanted, given.positional, strict=False))
    values |= {camel_case(name): value for name, value in given.named.items()}
    for value in given.positional:  # Go and Java builders may take one object with options
        if isinstance(value, dict):
            values |= {name: option for name, option in value.items() if name in wanted}
    body = values.get("body", values.get("opts"))
    extra = given.positional[len(wanted) :]
    if body is None and operation.has_body and extra:
        body = extra[0]
    if body is None and not operation.has_body and extra and isinstance(extra[0], dict):
        body = extra[0]
    return {name: values.get(name) for name in operation.parameters}, body


def _fill(draft: Draft, operation: Operation, values: Mapping[str, Any], body: Any) -> None:
    draft.method = operation.method
    segments = []
    for segment in split_path(operation.path):
        name = segment.strip("{}")
        text = text_of(values.get(name)) or UnknownValue(name).text if is_parameter(segment) else segment
        segments.append(text if OPEN in text else quote(text))
    draft.url = "/" + "/".join(segments)
    draft.note("guessed", f"{operation.method} {operation.path} is what this method calls; no host is in the text.")
    if isinstance(body, dict) and isinstance(body.get("body"), dict):
        body = body["body"]
    if isinstance(body, dict | list) and body:
        draft.body = json_of(body)
    elif isinstance(body, UnknownValue) and operation.has_body:
        draft.note_unknown("The body is", body.name)


def _gc_words(words: list[str]) -> tuple[list[str], list[str], dict[str, str]]:
    """The words of the command, its arguments and its options."""
    command: list[str] = []
    arguments: list[str] = []
    options: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            options[name] = value if equals or name in GC_FLAGS else next(waiting, "")
        elif command and command[-1] in GC_VERBS:
            arguments.append(word)
        elif re.fullmatch(r"[a-z][a-z0-9_]{0,60}", word):
            command.append(word)
        else:
            break
    return (command, arguments, options) if command and command[-1] in GC_VERBS else ([], [], {})


def _read_gc(text: str, words: list[str], end: int, until: int) -> Draft:
    command, arguments, options = _gc_words(words)
    draft = Draft("gc", sdk_method=f"gc {' '.join(command)}")
    draft.note("taken", "The call was read from a gc command.")
    draft.secrets += [options[name] for name in ("--clientsecret", "--accesstoken") if options.get(name)]
    operation = _gc_operation(command, len(arguments))
    if operation is None:
        draft.method = GC_VERBS[command[-1]][0]
        draft.note("guessed", "The gc command line has no such command, so its path is not known.")
        draft.conversation_id = next((argument for argument in arguments if UUID.fullmatch(argument)), "")
    else:
        values = dict(zip(operation.parameters, arguments, strict=False))
        _fill(draft, operation, values, None)
    region = find_region(options.get("--environment", "")) if options.get("--environment") else None
    if region is not None and draft.url.startswith("/"):
        draft.url = f"https://{region.api_host}{draft.url}"
        draft.remove_notes("no host is in the text")
    body = options.get("-d") or options.get("--directory")
    if any(name in options for name in ("-f", "--file", "--filename")):
        draft.note("dropped", "The body comes from a file, whose content we don't have.")
    draft.body = draft.body or body or None
    draft.response = find_response(text[end:until])
    return finish(draft)


def _gc_operation(command: list[str], arguments: int) -> Operation | None:
    """The operation of a gc command: `gc a b create x` calls the POST with path words a and b and one parameter."""
    fitting = [
        operation
        for operation in bundled().operations
        if operation.method in GC_VERBS[command[-1]]
        and [word for word in split_path(operation.path)[2:] if not is_parameter(word)] == command[:-1]
    ]
    exact = [operation for operation in fitting if len(operation.parameters) == arguments]
    return next(iter(exact), None) or (fitting[0] if len(fitting) == 1 else None)
