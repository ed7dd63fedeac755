"""Permissions in both notations: conversation:cobrowse:add, and Conversation > Cobrowse > Add."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from diagnostics.claims import scopes
from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.known import known, permissions_in, source_of
from diagnostics.genesys.contract import Contract
from diagnostics.text import time_budget

API = re.compile(r"(?<![\w:/.@-])[a-z][A-Za-z]{2,40}:(?:[a-z*][A-Za-z*]{0,60}):(?:[a-z*][A-Za-z*]{0,40})(?![\w:/@])")
ACTIONS = frozenset({"add", "all", "create", "delete", "edit", "view", "*"})
PERMISSION_WORDS = r"[A-Z][A-Za-z-]{1,30}(?: [A-Z][A-Za-z]{1,30}){0,3}"
MENU = re.compile(
    rf"(?<![\w>]){PERMISSION_WORDS}(?:[ \t]{{0,2}}(?:>|->|→|›|»)[ \t]{{0,2}}(?:{PERMISSION_WORDS}|\*|All)){{2,8}}+"
)
STEP = re.compile(r"\s*(?:->|>|→|›|»)\s*")


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    domains = frozenset(name.partition(":")[0].lower() for name in permissions_in(contract)) | {"cobrowse"}
    for match in time_budget.checked(API.finditer(text.whole)):
        domain, _, action = match[0].lower().partition(":")
        is_permission = domain in domains or action.rpartition(":")[2] in ACTIONS
        if is_permission and not scopes.is_scope(match[0], text.whole, match.start()):
            yield Claim("permission", match[0], match.start())
    for match in time_budget.checked(MENU.finditer(text.whole)):
        if name := _in_menu(STEP.split(match[0]), domains):
            yield Claim("permission", name, match.start())


def _in_menu(steps: list[str], domains: frozenset[str]) -> str:
    """The permission in the steps of a menu path, without the words of the sentence around it; "" for none."""
    for index, step in enumerate(steps[:-2]):
        words = step.split()
        for start in range(len(words)):
            if _folded("".join(words[start:])) in domains:
                action = steps[index + 2].split()[0] if index + 3 == len(steps) else steps[index + 2]
                return " > ".join((" ".join(words[start:]), steps[index + 1], action))
    return ""


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    source = f"{source_of(contract)}, and {known('permissions')['source']}"
    permissions = {_folded(name): name for name in permissions_in(contract)}
    permission = _folded(claim.text.replace(" > ", ":"))
    if (name := permissions.get(permission)) is not None:
        return real(_describe(claim.text, name, contract), source)
    parts = permission.split(":")
    if "*" in parts or parts[-1] == "all":
        return _wildcard(parts, permissions, source)
    nearest = _nearest(permission, permissions)
    if "cobrowse" in permission or "cobrowsing" in permission:
        sentence = (
            "No operation requires it. Starting a cobrowse session needs conversation:cobrowse:add for web messaging, "
            "or conversation:cobrowseVoice:add for voice."
        )
        return wrong(sentence, source, nearest)
    sentence = "No operation we know of requires it. The org's own catalog lists all permissions."
    return unknown(sentence, source, nearest)


def menu_notation(name: str) -> str:
    """webDeployments:configuration:view -> Web Deployments > Configuration > View"""
    words = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part) for part in name.split(":"))
    return " > ".join(word[:1].upper() + word[1:] for word in words)


def _describe(text: str, name: str, contract: Contract) -> str:
    operations = [operation for operation in contract.operations if name in operation.permissions]
    other = menu_notation(name) if ":" in text else name
    spelt = f" The correct spelling is {name}." if ":" in text and text != name else ""
    use = f"{operations[0].method} {operations[0].path} requires it" if operations else "A Genesys Cloud permission"
    more = f", and {len(operations) - 1} more" if len(operations) > 1 else ""
    return f"{use}{more}; {'in the admin menu' if ':' in text else 'in the API'}: {other}.{spelt}"


def _wildcard(parts: list[str], permissions: dict[str, str], source: str) -> ClaimResult:
    fixed = [(index, part) for index, part in enumerate(parts) if part not in ("*", "all")]
    covered = [name for key, name in permissions.items() if all(key.split(":")[index] == part for index, part in fixed)]
    if fixed and covered:
        sentence = f"Roles can include it: the wildcard covers {', '.join(sorted(covered)[:3])}."
        return real(sentence, source)
    return unknown("A wildcard for permissions that none of our sources mentions.", source)


def _nearest(permission: str, permissions: dict[str, str]) -> tuple[str, ...]:
    if "cobrows" in permission:
        both = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
        return both[::-1] if "voice" in permission else both
    return tuple(permissions[name] for name in get_close_matches(permission, permissions, n=2, cutoff=0.7))


def _folded(text: str) -> str:
    return text.replace(" ", "").replace("-", "").lower()


SUBJECT = Subject("permission", find, evaluate)
