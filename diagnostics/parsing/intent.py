"""What a failing call is after, read against the published contract and the known gateway without asking anyone."""

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract, Operation, is_placeholder
from diagnostics.genesys.paths import UUID
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.company_gateway import path_below

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

START_PATH = "/api/v2/conversations/{conversationId}/cobrowse"
START_OPERATION = "postConversationCobrowse"
# What a variable without a value turns into, in the languages people call from.
EMPTY_VALUES = frozenset({"undefined", "null", "none", "nil", "nan", "[object object]"})
# Removed from the published contract with legacy web chat (JavaScript SDK 259.0.0, 2026-08-15).
RETIRED = ("/api/v2/conversations/chats", "/api/v2/webchat", "/api/v2/widgets/deployments")
PREFIX = "/api/v2"
TOKEN_PATH, AUTHORIZE_PATH = "/oauth/token", "/oauth/authorize"
VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
COMMANDS = {"create": "post", "get": "get", "list": "get", "update": "patch", "delete": "delete", "replace": "put"}


@dataclass(frozen=True)
class Aim:
    """What the call is after.

    `path` has the placeholders filled that a given conversation id could fill; `placeholders` are those left.
    `world` tells whose operation the path is, `fault` what is wrong with the path where it is nobody's.
    `host_variables` are those in the host, `host_placeholders` the ones among them that nothing fills in. `id_text` is
    what is in the place of a conversation ID; `provider_id` is None when the call names none. `through_gateway` says that
    the call goes through the company's own gateway.
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
        """The call asks the authorization endpoint of the login host, where a person signs in."""
        return self.world == "token" and self.path.rstrip("/") == AUTHORIZE_PATH

    @property
    def wrong_method(self) -> bool:
        return not self.fault and bool(self.published_methods) and self.method not in self.published_methods

    @property
    def wanted(self) -> Operation | None:
        """The published operation to use instead, or the one meant."""
        return self.operation or (self.nearest[0] if self.nearest else None)


def read_aim(call: FailingCall, conversation_id: str, contract: Contract, company_gateway: str = "") -> Aim:
    """Never raises on any call. `company_gateway` is the client's, "" for none; its path prefix is not part of `path`."""
    method = call.method or ("POST" if call.body else "GET")
    below = path_below(company_gateway, call)
    path, filled = _filled(_path_of(call) if below is None else below, conversation_id)
    base = Aim(
        method=method,
        path=path,
        world="none",
        placeholders=tuple(unquote(s) for s in path.split("/") if is_placeholder(s) and s not in call.variables),
        filled=filled,
        id_text=_id_in(path),
        id_state=_id_state(path, call.variables),
        provider_id=_provider_id(call),
        starts_session="cobrowse" in path.lower() and method != "GET",
        host_variables=_variables_in_host(call),
        host_placeholders=_placeholders_in_host(call),
        through_gateway=below is not None,
    )
    if not call.url.strip():
        return _named_only(base, call, contract)
    if _is_about_tokens(call.host, path):
        return _token_request(base)
    return _placed(base, call, contract)


def _is_about_tokens(host: str, path: str) -> bool:
    """The login host is asked for tokens, under whatever path; a path of the API, sent there, has only the wrong host."""
    if path.rstrip("/") in (TOKEN_PATH, AUTHORIZE_PATH):
        return True
    return host.startswith("login.") and not (path.lower().startswith("/api/") and "/oauth/token" not in path.lower())


def _named_only(base: Aim, call: FailingCall, contract: Contract) -> Aim:
    """A call by the name of a method that no SDK has: only what it was meant to do can be told."""
    starts = "cobrowse" in call.sdk_method.lower() and not call.sdk_method.lower().startswith("get")
    return replace(base, path="", starts_session=starts, nearest=nearest_methods(call.sdk_method, contract))


def nearest_methods(name: str, contract: Contract) -> tuple[Operation, ...]:
    """The published operations whose names are most like that of an SDK's method or of a `gc` command."""
    words = [word.lower() for word in re.findall(r"[A-Za-z][a-z]*", name)]
    if words[:1] == ["gc"]:
        words = [COMMANDS.get(words[-1], ""), *words[1:-1]] if len(words) > 1 else words
    verb, rest = (words[0], words[1:]) if words and words[0].upper() in VERBS else ("post", words)
    return contract.nearest(verb.upper(), f"{PREFIX}/{'/'.join(rest)}")


def _placed(base: Aim, call: FailingCall, contract: Contract) -> Aim:
    found = contract.match(base.method, base.path)
    offered = gateway.operation_at(base.path)
    if offered is not None:
        methods = (offered.method,)
        nearest = contract.nearest(base.method, base.path)
        return replace(base, world="gateway", published_methods=methods, nearest=nearest, fault=_unfilled(base))
    empty_id = _id_is_empty(base, call)
    if empty_id:
        return replace(base, fault="id_missing", repaired=START_PATH, nearest=contract.nearest("POST", START_PATH))
    operations = [op for op in (found.operation, *found.other_methods) if op is not None]
    if operations and not found.suspicious_parameters:
        return _published(base, found.operation, operations, contract)
    return _unpublished(base, contract)


def _published(base: Aim, operation: Operation | None, operations: list[Operation], contract: Contract) -> Aim:
    fault = _unfilled(base)
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
    for repair in contract.normalise(base.path):
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


def _unfilled(base: Aim) -> PathFault:
    return "placeholder_unexpanded" if base.placeholders else ""


def _path_of(call: FailingCall) -> str:
    """The path alone. A bare path is often told without its prefix; that is shorthand, not a fault."""
    path = call.path.strip()
    base, slash, rest = path.lstrip("/").partition("/")
    if not call.host and slash and is_placeholder(base) and rest.startswith(("api/", "oauth/")):
        path = f"/{rest}"  # {{baseUrl}}/api/v2/...: a variable for the host
    if not call.host and path and not path.lower().startswith(("/api/", "api/", "/oauth/", "oauth/")):
        path = f"{PREFIX}/{path.lstrip('/')}"
    return path if path.startswith("/") or not path else f"/{path}"


# A variable inside a host, where other text stands around it: api.{region}.pure.cloud, {{my-domain}}.mypurecloud.com.
IN_A_HOST = re.compile(
    r"\$?\{\{?[^{}/]*\}?\}|<[^<>/]*>|\[[A-Za-z_][^\]/:]*\]|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|#\{[^{}/]*\}|(?i:\b(?:your|my)[_-][\w-]+)"
)


def _variables_in_host(call: FailingCall) -> tuple[str, ...]:
    """Variables in the authority of the URL, but for those that the program's text shows to be filled in."""
    found = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^?#]*)", call.url.strip())
    authority = unquote(_authority(found[1])) if found else ""
    return tuple(dict.fromkeys(hole for hole in IN_A_HOST.findall(authority) if hole not in call.variables))


def _placeholders_in_host(call: FailingCall) -> tuple[str, ...]:
    """Of these the ones that nothing will fill in: in a record of what was sent all of them. Otherwise a shell fills in
    $REGION, and a program or Postman a base URL that is one variable as a whole.
    """
    holes = _variables_in_host(call)
    if call.as_sent:
        return holes
    whole = call.split.netloc.rpartition("@")[2]
    return tuple(
        hole
        for hole in holes
        if not re.fullmatch(r"\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|%[A-Za-z_]\w*%", hole)
        and (hole != unquote(whole) or hole.startswith(("<", "[")))
    )


def _authority(text: str) -> str:
    """Up to the first slash that is not inside a variable, without a user before it."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "{<") - (sign in "}>")
        if sign == "/" and depth <= 0:
            return text[:at].rpartition("@")[2]
    return text.rpartition("@")[2]


def _filled(path: str, conversation_id: str) -> tuple[str, bool]:
    """The path with a conversation's placeholder filled from a given id, and whether one was."""
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


def _id_in(path: str) -> str:
    """What stands where a conversation id stands: a UUID, a placeholder, else the first odd word after the media."""
    segments = [unquote(s) for s in path.split("/")]
    if "conversations" not in segments:
        return ""
    rest = segments[segments.index("conversations") + 1 :]
    for each in rest:
        if UUID.fullmatch(each) or is_placeholder(each):
            return each
    return next((s for s in rest if s and not _is_word_of_a_path(s)), "")


def _is_word_of_a_path(segment: str) -> bool:
    """A literal of some path, such as chat or cobrowsesessions: letters alone, and no value of an empty variable."""
    return segment.isascii() and segment.isalpha() and segment.lower() not in EMPTY_VALUES


def _id_state(path: str, variables: tuple[str, ...]) -> IdState:
    text = _id_in(path)
    if not text or text in variables:
        return "absent"
    if is_placeholder(text):
        return "placeholder"
    if text.lower() in EMPTY_VALUES:
        return "missing"
    return "uuid" if UUID.fullmatch(text) else "malformed"


def _id_is_empty(base: Aim, call: FailingCall) -> bool:
    """The start call with nothing, or with an empty variable's name, where the id belongs."""
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
