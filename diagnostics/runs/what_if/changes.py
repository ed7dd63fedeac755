"""The changes that a prediction can make, each as one value, and the call after them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from diagnostics.engine.diagnosis import aim_of
from diagnostics.genesys.contract import Contract
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.company_gateway import implied_gateway
from diagnostics.parsing.inputs import Inputs
from diagnostics.redaction.redactor import Redactor
from diagnostics.text.cleaning import clean_text

LONGEST_VALUE = 2000
MOST_CHANGES = 10
SETTINGS = {"enabled": "cobrowse", "channels": "the cobrowse channels", "status": "the status"}


class ChangeKind(StrEnum):
    PATH = "path"
    HOST = "host"
    METHOD = "method"
    BODY = "body"
    HEADER = "header"
    ADD_PERMISSION = "add_permission"
    REMOVE_PERMISSION = "remove_permission"
    ADD_ROLE = "add_role"
    REMOVE_ROLE = "remove_role"
    ADD_DIVISION = "add_division"
    REMOVE_DIVISION = "remove_division"
    ADD_SCOPE = "add_scope"
    REMOVE_SCOPE = "remove_scope"
    ENABLED = "enabled"
    CHANNELS = "channels"
    STATUS = "status"
    PROVIDER = "provider"


OF_THE_CALL = (ChangeKind.PATH, ChangeKind.HOST, ChangeKind.METHOD, ChangeKind.BODY, ChangeKind.HEADER)
OF_DEPLOYMENTS = (ChangeKind.ENABLED, ChangeKind.CHANNELS, ChangeKind.STATUS)
OF_GRANTS = (
    ChangeKind.ADD_PERMISSION,
    ChangeKind.REMOVE_PERMISSION,
    ChangeKind.ADD_ROLE,
    ChangeKind.REMOVE_ROLE,
    ChangeKind.ADD_DIVISION,
    ChangeKind.REMOVE_DIVISION,
)
ON, OFF = "on", "off"
NEED_OWNER = (ChangeKind.ADD_DIVISION, ChangeKind.HEADER, ChangeKind.PROVIDER)
_PERMISSION = (r"[\w*]+:[\w*]+:[\w*]+", "Enter a permission, such as conversation:cobrowse:add.")
_SWITCH = (f"{ON}|{OFF}", "Enter on or off.")
# Kind -> a pattern for its value, and what to enter. Any text is a value of the others.
VALUES = {
    ChangeKind.PATH: (r"/\S*", "Enter a path that starts with a slash."),
    ChangeKind.HOST: (r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", "Enter a host, such as api.mypurecloud.com."),
    ChangeKind.METHOD: ("(?i:GET|POST|PUT|PATCH|DELETE|HEAD)", "Enter GET, POST, PUT, PATCH, DELETE or HEAD."),
    ChangeKind.BODY: (".*", ""),
    ChangeKind.HEADER: (".*", ""),
    ChangeKind.ADD_PERMISSION: _PERMISSION,
    ChangeKind.REMOVE_PERMISSION: _PERMISSION,
    ChangeKind.ENABLED: _SWITCH,
    ChangeKind.PROVIDER: _SWITCH,
    ChangeKind.CHANNELS: (
        "(Webmessaging|Voice)?(, ?(Webmessaging|Voice))*",
        "Enter Webmessaging, Voice, or both with a comma.",
    ),
    ChangeKind.STATUS: (
        "Active|Inactive|Pending|Error|Deleting",
        "Enter Active, Inactive, Pending, Error or Deleting.",
    ),
}


@dataclass(frozen=True)
class PlannedChange:
    """One change. `of` is what it belongs to, `value` the new value.

    `of` is the name of a role, the ID of a deployment or a provider, or the name of a header. For a role to add it is the
    division. Roles are named as the org names them, divisions by name or ID. An empty `of` means a new role for a
    permission to add, every role for a permission or division to remove, every division for a role to add, and every
    deployment. `value` is `on` or `off` for cobrowse and providers, and a list with commas for channels.
    """

    kind: ChangeKind
    value: str = ""
    of: str = ""

    def to_text(self) -> str:
        return json.dumps([self.kind, self.value, self.of])

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """None if the text wasn't written by `to_text`."""
        try:
            kind, value, of = json.loads(text)
            return cls(ChangeKind(kind), value, of) if isinstance(value, str) and isinstance(of, str) else None
        except (ValueError, TypeError, RecursionError):
            return None

    def masked(self) -> Self:
        """Without the secrets that a person may have typed."""
        redactor = Redactor()
        if self.kind == ChangeKind.HEADER:
            [(of, value)] = redactor.headers(((self.of, self.value),))
            return replace(self, value=value, of=of)
        return replace(self, value=redactor.text(self.value), of=redactor.text(self.of))

    @property
    def problem(self) -> str:
        """What is wrong with the value, as a sentence; "" if it can be predicted."""
        pattern, expected = VALUES.get(self.kind, ("[^\x00]+", "Enter a value."))
        if len(self.value) > LONGEST_VALUE or len(self.of) > LONGEST_VALUE:
            return "This value is too long."
        if self.kind in NEED_OWNER and not self.of:
            return "Enter what this applies to."
        return "" if re.fullmatch(pattern, self.value, re.DOTALL) else expected

    @property
    def sentence(self) -> str:
        """In the imperative. Deployments are named by their ID."""
        value = self.value
        match self.kind:
            case ChangeKind.BODY:
                return f"Send the body {value}." if value else "Send no body."
            case ChangeKind.PATH | ChangeKind.METHOD:
                return f"Change the {self.kind} to {value}."
            case ChangeKind.HOST:
                return f"Send the call to https://{value}."
            case ChangeKind.HEADER:
                return f"Send the header {self.of}: {value}." if value else f"Send no {self.of} header."
            case ChangeKind.ADD_PERMISSION:
                where = f"the role {self.of}" if self.of else "a new role of the client"
                return f"Add {value} to {where}."
            case ChangeKind.REMOVE_PERMISSION:
                return f"Remove {value} from {_role(self.of)}."
            case ChangeKind.ADD_ROLE:
                return f"Assign the role {value} in {f'the division {self.of}' if self.of else 'every division'}."
            case ChangeKind.REMOVE_ROLE:
                return f"Remove the role {value} from the client."
            case ChangeKind.ADD_DIVISION:
                return f"Assign the role {self.of} in the division {value} too."
            case ChangeKind.REMOVE_DIVISION:
                return f"Remove the division {value} from {_role(self.of)}."
            case ChangeKind.ADD_SCOPE:
                return f"Add the scope {value} to the OAuth client."
            case ChangeKind.REMOVE_SCOPE:
                return f"Remove the scope {value} from the OAuth client."
            case ChangeKind.PROVIDER:
                return f"{'Disable' if value == OFF else 'Enable'} the provider {self.of} in the gateway."
            case ChangeKind.ENABLED:
                return f"Turn cobrowse {value} in {_deployment(self.of)}."
            case _:
                return f"Set {SETTINGS[self.kind]} of {_deployment(self.of)} to {value}."


def _role(name: str) -> str:
    return f"the role {name}" if name else "every role of the client"


def _deployment(id: str) -> str:
    return f"the deployment {id}" if id else "every deployment"


def changed_inputs(inputs: Inputs, changes: Iterable[PlannedChange], contract: Contract) -> Inputs:
    """The inputs after the changes, without the pasted response: that belongs to the call as it was."""
    if inputs.call is None:
        return replace(inputs, response=None)
    gateway = inputs.company_gateway or implied_gateway(inputs.call, inputs.response)
    aim = aim_of(inputs, contract)
    prefix = urlsplit(gateway).path if aim is not None and aim.through_gateway else ""
    call = inputs.call
    for change in changes:
        if change.kind in OF_THE_CALL:
            call = _changed_call(call, change, prefix)
    return replace(inputs, call=call, response=None, company_gateway=gateway)


def _changed_call(call: FailingCall, change: PlannedChange, prefix: str) -> FailingCall:
    """`prefix` is that of the company's own gateway in the path of the call."""
    value = clean_text(change.value).strip()
    match change.kind:
        case ChangeKind.METHOD:
            return replace(call, method=value.upper())
        case ChangeKind.BODY:
            return replace(call, body=value or None)
        case ChangeKind.HEADER:
            others = tuple(pair for pair in call.headers if pair[0].lower() != change.of.lower())
            return replace(call, headers=(*others, (change.of, value)) if value else others)
        case ChangeKind.HOST:
            parts = call.split
            return replace(call, url=urlunsplit(("https", value, parts.path or "/", parts.query, "")))
        case _:  # the path, with its query if it has one
            parts = call.split
            start = urlunsplit((parts.scheme, parts.netloc, "", "", "")) if parts.netloc else ""
            return replace(call, url=f"{start}{prefix}{value}")
