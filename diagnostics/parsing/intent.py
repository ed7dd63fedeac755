"""What a failing call tries to do, by the published contract and the known gateway. Sends no request."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal
from urllib.parse import unquote

from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import UUID, is_placeholder
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.company_gateway import path_below
from diagnostics.redaction.patterns import MASKED

World = Literal["published", "gateway", "token", "none"]
PathFault = Literal[
    "",
    "not_in_api",
    "base_duplicated",
    "trailing_slash",
    "legacy_resource",
    "deprecated",
    "id_missing",
    "placeholder_unexpanded",
]
IdState = Literal["absent", "uuid", "malformed", "placeholder", "missing"]

# What people write over an ID that they don't want to show.
HIDDEN_ID = re.compile(
    r"[<\[({*_-]{0,3}(?:[A-Za-z]{1,20}[ _-]){0,3}(?:(?:hidden|redacted|masked|removed|censored|anonymi[sz]ed|obfuscated|scrubbed|"
    r"geschwärzt|entfernt|ausgeblendet|oculto|ocultado|masqué|supprimé|nascosto|oculta?d[oa])"
    r"(?:[ _-](?:id|uuid|value|conversation))?)[>\])}*_-]{0,3}|[*•█▇■]{1,60}|[xX]{3,60}|…|\.{3}|"
    r"[0-9A-Fa-f-]{2,40}(?:[*•█]{2,60}|…|\.{3})[0-9A-Fa-f*•█-]{0,40}|"
    r"(?=.{0,40}[xX*•█▇■#]{3})[0-9A-Fa-fxX*•█▇■#]{8}(?:-[0-9A-Fa-fxX*•█▇■#]{4}){3}-[0-9A-Fa-fxX*•█▇■#]{12}",
    re.IGNORECASE,
)
START_PATH = "/api/v2/conversations/{conversationId}/cobrowse"
START_OPERATION = "postConversationCobrowse"
# What a variable without a value becomes in different languages.
EMPTY_VALUES = frozenset({"undefined", "null", "none", "nil", "nan", "[object object]"})
# Removed from the published contract with legacy web chat (JavaScript SDK 259.0.0, 2026-08-15).
RETIRED = ("/api/v2/conversations/chats", "/api/v2/webchat", "/api/v2/widgets/deployments")
PREFIX = "/api/v2"
TOKEN_PATH, AUTHORIZE_PATH = "/oauth/token", "/oauth/authorize"
VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
COMMANDS = {"create": "post", "get": "get", "list": "get", "update": "patch", "delete": "delete", "replace": "put"}


@dataclass(frozen=True)
class Aim:
    """What a call tries to do.

    `path` has its conversation placeholder replaced if an ID was given; `placeholders` are those that remain. `world` is
    whose operation the path is, `fault` what is wrong with the path. `host_variables` are the variables in the host;
    nothing fills in those that are also in `host_placeholders`. `id_text` is the text in the position of the conversation
    ID, else the ID that a parameter or the body names. `provider_id` is None if the call names none. `through_gateway` is
    true for a call through the company's gateway.
    """

    method: str
    path: str
    world: World
    fault: PathFault = ""
    repaired: str = ""
    operation: Operation | None = None
    published_methods: tuple[str, ...] = ()
    nearest: tuple[Operation, ...] = ()
    placeholders: tuple[str, ...] = ()
    filled: bool = False
    id_text: str = ""
    id_state: IdState = "absent"
    provider_id: str | None = None
    starts_session: bool = False
    host_variables: tuple[str, ...] = ()
    host_placeholders: tuple[str, ...] = ()
    through_gateway: bool = False

    @property
    def signs_in(self) -> bool:
        """Whether the call goes to the authorization endpoint of the login host, where a person signs in."""
        return self.world == "token" and self.path.rstrip("/") == AUTHORIZE_PATH

    @property
    def wrong_method(self) -> bool:
        """OPTIONS is what a browser asks before a call."""
        return (
            not self.fault and bool(self.published_methods) and self.method not in (*self.published_methods, "OPTIONS")
        )

    @property
    def wanted(self) -> Operation | None:
        """The published operation of the call, else the one to use instead."""
        return self.operation or (self.nearest[0] if self.nearest else None)


def read_aim(call: FailingCall, conversation_id: str, contract: Contract, company_gateway: str = "") -> Aim:
    """Never raises. `company_gateway` is that of the client, "" for none; its path prefix is not part of `path`."""
    method = call.method or ("POST" if call.body else "GET")
    below = path_below(company_gateway, call)
    path, filled = _filled(_path_of(call) if below is None else below, conversation_id)
    id = id_in(path) or id_in_query(call.query) or _id_in_body(call)
    masked = id if call.id_masked and MASKED.fullmatch(id) else ""
    hidden = id if not masked and len(id) <= 60 and HIDDEN_ID.fullmatch(id) else ""
    base = Aim(
        method=method,
        path=path,
        world="none",
        placeholders=tuple(
            unquote(s)
            for s in path.split("/")
            if is_placeholder(s) and s not in call.variables and unquote(s) not in (masked, hidden)
        ),
        filled=filled,
        id_text=id,
        id_state="malformed" if masked else "absent" if hidden else _id_state(id, call.variables),
        provider_id=_provider_id(call),
        starts_session="cobrowse" in path.lower() and method != "GET",
        host_variables=_variables_in_host(call),
        host_placeholders=_placeholders_in_host(call),
        through_gateway=below is not None,
    )
    if not call.url.strip():
        return _named_only(base, call, contract)
    if _is_token_request(call.host, path):
        return _token_request(base)
    return _placed(base, call, contract)


def _is_token_request(host: str, path: str) -> bool:
    """Whether the call requests a token: any call to the login host, except one with a path of the API."""
    if path.rstrip("/") in (TOKEN_PATH, AUTHORIZE_PATH):
        return True
    return host.startswith("login.") and not (path.lower().startswith("/api/") and "/oauth/token" not in path.lower())


def _named_only(base: Aim, call: FailingCall, contract: Contract) -> Aim:
    """The intent of a call by the name of a method that no SDK has."""
    starts = "cobrowse" in call.sdk_method.lower() and not call.sdk_method.lower().startswith("get")
    return replace(base, path="", starts_session=starts, nearest=nearest_methods(call.sdk_method, contract))


def nearest_methods(name: str, contract: Contract) -> tuple[Operation, ...]:
    """The published operations with names most like that of an SDK method or a `gc` command."""
    words = [word.lower() for word in re.findall(r"[A-Za-z][a-z]*", name)]
    if words[:1] == ["gc"]:
        words = [COMMANDS.get(words[-1], ""), *words[1:-1]] if len(words) > 1 else words
    verb, rest = (words[0], words[1:]) if words and words[0].upper() in VERBS else ("post", words)
    return contract.nearest(verb.upper(), f"{PREFIX}/{'/'.join(rest)}")


def _placed(base: Aim, call: FailingCall, contract: Contract) -> Aim:
    if is_incomplete(base.path):
        return base
    found = contract.match(base.method, base.path)
    offered = gateway.operation_at(base.path)
    if offered is not None:
        methods = (offered.method,)
        nearest = contract.nearest(base.method, base.path)
        return replace(
            base, world="gateway", published_methods=methods, nearest=nearest, fault=_placeholder_fault(base)
        )
    empty_id = _id_is_empty(base, call)
    if empty_id:
        return replace(base, fault="id_missing", repaired=START_PATH, nearest=contract.nearest("POST", START_PATH))
    operations = [op for op in (found.operation, *found.other_methods) if op is not None]
    if operations and not found.suspicious_parameters:
        return _published(base, found.operation, operations, contract)
    return _unpublished(base, contract)


# The base of the API alone, or a path of which the text leaves out a part other than the ID.
BASE_ALONE = re.compile(r"/?(?:api(?:/v\d)?)?/?", re.IGNORECASE)
LEFT_OUT = re.compile(r"(?<!/conversations)(?<!/chat)/(?:\.{3}|…)(?=/)|(?:\.{3}|…)\Z")


def is_incomplete(path: str) -> bool:
    """Whether the text doesn't show the whole path, so that it can't be judged."""
    return BASE_ALONE.fullmatch(path) is not None or LEFT_OUT.search(path) is not None


def _placeholder_fault(base: Aim) -> PathFault:
    return "placeholder_unexpanded" if base.placeholders else ""


def _published(base: Aim, operation: Operation | None, operations: list[Operation], contract: Contract) -> Aim:
    fault = _placeholder_fault(base)
    if not fault and operation is not None and operation.deprecated and base.starts_session:
        fault = "deprecated"
    return replace(
        base,
        world="published",
        fault=fault,
        operation=operation,
        published_methods=tuple(sorted({op.method for op in operations})),
        nearest=tuple(operations) if operation is None else (operation,),
    )


def _unpublished(base: Aim, contract: Contract) -> Aim:
    nearest = contract.nearest(base.method, base.path)
    repaired = ""
    for repair in contract.find_repairs(base.path):
        near = contract.nearest(base.method, repair.path)
        if "base_deduplicated" in repair.steps:
            return replace(base, fault="base_duplicated", repaired=repair.path, nearest=near)
        if repair.steps == ("strip_trailing_slash",):
            return replace(base, fault="trailing_slash", repaired=repair.path, nearest=near)
        repaired, nearest = repair.path, near
    if base.path.startswith(RETIRED):
        return replace(base, fault="legacy_resource", nearest=nearest)
    return replace(base, fault="not_in_api", repaired=repaired, nearest=nearest)


def _token_request(base: Aim) -> Aim:
    methods = {TOKEN_PATH: ("POST",), AUTHORIZE_PATH: ("GET", "POST")}.get(base.path.rstrip("/"), ())
    right = bool(methods)
    return replace(
        base,
        world="token",
        published_methods=methods,
        fault="" if right else "not_in_api",
        repaired="" if right else TOKEN_PATH,
        starts_session=False,
    )


# The prefix of a gateway or a proxy in front of the API, in a log that shows no host.
BEHIND_PROXY = re.compile(r"(?:/(?!api/|v\d/|oauth/|conversations?/)[\w.~-]{1,60}){1,4}(?=/api/v2/)", re.IGNORECASE)


def _path_of(call: FailingCall) -> str:
    """The path of the call, without the prefix of a proxy if no host is shown. A bare path without the prefix /api/v2 gets
    it: that is shorthand, not a fault."""
    path = call.path.strip()
    if not call.host and "://" in path:  # brackets in the host
        path = "/" + path.partition("://")[2].partition("/")[2]
    base, slash, rest = path.lstrip("/").partition("/")
    if not call.host and slash and is_placeholder(base) and rest.startswith(("api/", "oauth/")):
        path = f"/{rest}"  # {{baseUrl}}/api/v2/...: a variable for the host
    if not call.host and (behind := BEHIND_PROXY.match(path)):
        path = path[behind.end() :]
    if not call.host and re.match(r"/?v2/", path):
        path = f"/api/{path.lstrip('/')}"
    if not call.host and path and not path.lower().startswith(("/api/", "api/", "/oauth/", "oauth/")):
        path = f"{PREFIX}/{path.lstrip('/')}"
    return path if path.startswith("/") or not path else f"/{path}"


# A variable in a host: api.{region}.pure.cloud, {{my-domain}}.mypurecloud.com.
IN_A_HOST = re.compile(
    r"\$?\{\{?[^{}/]*\}?\}|<[^<>/]*>|\[[A-Za-z_][^\]/:]*\]|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|#\{[^{}/]*\}|(?i:\b(?:your|my)[_-][\w-]+)"
)


def _variables_in_host(call: FailingCall) -> tuple[str, ...]:
    """The variables in the host of the URL, without those that the program fills in."""
    found = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^?#]*)", call.url.strip())
    authority = unquote(_authority(found[1])) if found else ""
    names = (name for name in IN_A_HOST.findall(authority) if not HIDDEN_ID.fullmatch(name))
    return tuple(dict.fromkeys(name for name in names if name not in call.variables))


def _placeholders_in_host(call: FailingCall) -> tuple[str, ...]:
    """The variables in the host that nothing fills in: all of them in a recorded request. Otherwise a shell fills in
    $REGION, and a program or Postman a base URL that is a single variable.
    """
    variables = _variables_in_host(call)
    if call.as_sent:
        return variables
    whole = call.split.netloc.rpartition("@")[2]
    return tuple(
        variable
        for variable in variables
        if not re.fullmatch(r"\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|%[A-Za-z_]\w*%", variable)
        and (variable != unquote(whole) or variable.startswith(("<", "[")))
    )


def _authority(text: str) -> str:
    """The text up to the first slash outside a variable, without the user."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "{<") - (sign in "}>")
        if sign == "/" and depth <= 0:
            return text[:at].rpartition("@")[2]
    return text.rpartition("@")[2]


def _filled(path: str, conversation_id: str) -> tuple[str, bool]:
    """The path with its conversation placeholder replaced by the given ID, and whether it had one."""
    segments = path.split("/")
    if not conversation_id:
        return path, False
    for at, segment in enumerate(segments):
        if is_placeholder(segment) and _names_a_conversation(segment, segments[:at]):
            segments[at] = conversation_id
            return "/".join(segments), True
    return path, False


def _names_a_conversation(segment: str, before: list[str]) -> bool:
    name = unquote(segment).lower()
    return "conv" in name or (any("conversation" in s for s in before) and "participant" not in name)


# What people write in place of "conversations". After a medium, only the ID of a path about cobrowse is a conversation's.
COLLECTION = re.compile(r"conversations?|interactions?", re.IGNORECASE)
NAME_OF_ID = re.compile(r"(?:conversation|interaction)s?(?:[_-]?id)?", re.IGNORECASE)
MEDIUM = re.compile(r"(?:web[_-]?)?(?:chat|message|messaging|call|callback|email)s?", re.IGNORECASE)
NAME_AND_ID = re.compile(rf"{NAME_OF_ID.pattern}[:=_-]?(?P<id>{UUID.pattern})", re.IGNORECASE)
ID_IN_QUERY = re.compile(rf"(?:^|&)(?:{NAME_OF_ID.pattern})=(?P<id>{UUID.pattern})(?=&|$)", re.IGNORECASE)
LONGEST_QUERY = 10_000


def id_in(path: str) -> str:
    """The text in the position of the conversation ID: a UUID, a placeholder, else the first segment that isn't a word.

    The path may be one that doesn't exist, such as /api/v2/conversation/{id}/cobrowse.
    """
    segments = [unquote(s) for s in path.split("/")]
    pairs = list(pairwise(segments))
    for name, segment in pairs:
        if NAME_OF_ID.fullmatch(name) and UUID.fullmatch(segment):
            return segment
    at = next((at for at, segment in enumerate(segments) if COLLECTION.fullmatch(segment)), None)
    if at is None:
        joined = (found["id"] for segment in segments if (found := NAME_AND_ID.fullmatch(segment)))
        of_medium = (id for name, id in pairs if MEDIUM.fullmatch(name) and UUID.fullmatch(id))
        return next(joined, "") or (next(of_medium, "") if "cobrowse" in path.lower() else "")
    rest = segments[at + 1 :][:2]
    for segment in rest:
        if UUID.fullmatch(segment) or is_placeholder(segment):
            return segment
    return next((s for s in rest if s and not _is_path_word(s)), "")


def _is_path_word(segment: str) -> bool:
    """Whether the segment is a literal such as chat or cobrowsesessions, and not the value of an empty variable."""
    return segment.isascii() and segment.isalpha() and segment.lower() not in EMPTY_VALUES


def id_in_query(query: str) -> str:
    """The conversation ID that a parameter names; "" for none."""
    found = ID_IN_QUERY.search(query[:LONGEST_QUERY])
    return found["id"] if found else ""


def _id_in_body(call: FailingCall) -> str:
    """The conversation ID that a field of a JSON body names; "" for none."""
    data, _ = call.json()
    values = data.items() if isinstance(data, dict) else ()
    found = (value for name, value in values if name.lower().replace("_", "") == "conversationid")
    return next((value for value in found if isinstance(value, str) and UUID.fullmatch(value)), "")


def _id_state(text: str, variables: tuple[str, ...]) -> IdState:
    if not text or text in variables:
        return "absent"
    if is_placeholder(text):
        return "placeholder"
    if text.lower() in EMPTY_VALUES:
        return "missing"
    return "uuid" if UUID.fullmatch(text) else "malformed"


def _id_is_empty(base: Aim, call: FailingCall) -> bool:
    """Whether the start call has no conversation ID, or the value of an empty variable in its position."""
    segments = [unquote(s).lower() for s in base.path.split("/")]
    if segments[1:4] != ["api", "v2", "conversations"] or not segments[-1].startswith("cobrowse"):
        return False
    between = segments[4:-1]
    if between and all(s in EMPTY_VALUES or not s.strip() for s in between):
        return True
    return not between and segments[-1] == "cobrowse" and "conversationid" not in (call.body or "").lower()


def _provider_id(call: FailingCall) -> str | None:
    data, _ = call.json()
    if isinstance(data, dict):
        for name, value in data.items():
            if name.lower().replace("_", "") == "providerid" and isinstance(value, str | int):
                return None if is_placeholder(str(value)) and str(value)[:1] in "{<$" else str(value)
    found = re.search(r"(?:^|&)provider_?id=([^&]*)", call.query, re.IGNORECASE)
    return unquote(found[1]) if found else None
