"""One published operation of the API, and its names in the official SDKs."""

import re
from dataclasses import dataclass
from typing import Literal

Rule = Literal["any", "all", "none", "unknown"]
ScopesStatus = Literal["verified", "inferred", "unknown"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A published method and path, and the permissions and scopes it needs.

    `rule` says whether any or all of `permissions` are needed; "unknown", unlike "none", means that our source doesn't
    say. `scopes` are facts only if `scopes_status` is "verified"; "inferred" ones are concluded from similar operations.
    `arguments` are the required arguments of the Python SDK's method, in order.
    """

    method: str
    path: str
    operation_id: str
    sdk_class: str
    permissions: tuple[str, ...] = ()
    rule: Rule = "unknown"
    scopes: tuple[str, ...] = ()
    scopes_status: ScopesStatus = "unknown"
    deprecated: bool = False
    preview: bool = False
    has_body: bool = False
    needs_token: bool = True
    user_only: bool = False
    query: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    summary: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path parameters, in order."""
        return tuple(re.findall(r"\{([^{}]+)\}", self.path))

    @property
    def python_name(self) -> str:
        """Such as `post_conversation_cobrowse`, a method of `sdk_class` in the package PureCloudPlatformClientV2."""
        return snake_case(self.operation_id)

    @property
    def java_name(self) -> str:
        """Such as `postConversationCobrowse`, also the name in the JavaScript SDK."""
        return self.operation_id

    @property
    def pascal_name(self) -> str:
        """Such as `PostConversationCobrowse`, the name in the .NET and Go SDKs."""
        return self.operation_id[:1].upper() + self.operation_id[1:]


def camel_case(name: str) -> str:
    """`post_conversation_cobrowse` -> `postConversationCobrowse`, the operation ID."""
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def snake_case(name: str) -> str:
    """The reverse of `camel_case`. The generator verifies both for every method."""
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
