"""One operation that the official API publishes, and its names in the official SDKs."""

import re
from dataclasses import dataclass
from typing import Literal

Rule = Literal["any", "all", "none", "unknown"]
ScopesStatus = Literal["verified", "inferred", "unknown"]


@dataclass(frozen=True, slots=True)
class Operation:
    """Path and method as published, and what is known of the rights it needs.

    `rule` says how `permissions` count; "unknown" means that our source does not tell, which is not the same as "none".
    `scopes` are facts only where `scopes_status` is "verified"; "inferred" ones are our reading of their neighbours.
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
        """The names between braces, in the order of the path."""
        return tuple(re.findall(r"\{([^{}]+)\}", self.path))

    @property
    def python_name(self) -> str:
        """`post_conversation_cobrowse`, a method of `sdk_class` in the package PureCloudPlatformClientV2."""
        return snake_case(self.operation_id)

    @property
    def java_name(self) -> str:
        """`postConversationCobrowse`; the JavaScript SDK uses the same name."""
        return self.operation_id

    @property
    def pascal_name(self) -> str:
        """`PostConversationCobrowse`, as the .NET and Go SDKs spell it."""
        return self.operation_id[:1].upper() + self.operation_id[1:]


def camel_case(name: str) -> str:
    """`post_conversation_cobrowse` -> `postConversationCobrowse`, the operation id of the same call."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def snake_case(name: str) -> str:
    """The way back from `camel_case`; the generator proves for every method that both fit."""
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)
