"""Permissions in both notations: conversation:cobrowse:add, and Conversation > Cobrowse > Add."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from diagnostics.claims import scopes
from diagnostics.claims.claim import Claim, ClaimVerdict, Judgement, Subject, Text
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
    domains = frozenset(each.partition(":")[0].lower() for each in permissions_in(contract)) | {"cobrowse"}
    for match in time_budget.checked(API.finditer(text.whole)):
        domain, _, action = match[0].lower().partition(":")
        meant = domain in domains or action.rpartition(":")[2] in ACTIONS
        if meant and not scopes.is_scope(match[0], text.whole, match.start()):
            yield Claim("permission", match[0], match.start())
    for match in time_budget.checked(MENU.finditer(text.whole)):
        if name := _in_menu(STEP.split(match[0]), domains):
            yield Claim("permission", name, match.start())


def _in_menu(steps: list[str], domains: frozenset[str]) -> str:
    """The permission in the steps of a menu path, "" for none; words of the sentence around it are left out."""
    for place, step in enumerate(steps[:-2]):
        words = step.split()
        for start in range(len(words)):
            if _folded("".join(words[start:])) in domains:
                action = steps[place + 2].split()[0] if place + 3 == len(steps) else steps[place + 2]
                return " > ".join((" ".join(words[start:]), steps[place + 1], action))
    return ""


def judge(claim: Claim, contract: Contract) -> Judgement:
    source = f"{source_of(contract)}, and {known('permissions')['source']}"
    known_ones = {_folded(each): each for each in permissions_in(contract)}
    asked = _folded(claim.text.replace(" > ", ":"))
    if (name := known_ones.get(asked)) is not None:
        return Judgement(ClaimVerdict.REAL, _describe(claim.text, name, contract), (), source)
    parts = asked.split(":")
    if "*" in parts or parts[-1] == "all":
        return _wildcard(parts, known_ones, source)
    nearest = _nearest(asked, known_ones)
    if "cobrowse" in asked or "cobrowsing" in asked:
        sentence = (
            "No operation asks for it: starting a cobrowse session needs conversation:cobrowse:add for web messaging, "
            "or conversation:cobrowseVoice:add for voice."
        )
        return Judgement(ClaimVerdict.WRONG, sentence, nearest, source)
    sentence = "No operation whose permissions we know asks for it; the org's own catalogue lists all there are."
    return Judgement(ClaimVerdict.UNKNOWN, sentence, nearest, source)


def menu_notation(name: str) -> str:
    """webDeployments:configuration:view -> Web Deployments > Configuration > View"""
    words = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part) for part in name.split(":"))
    return " > ".join(word[:1].upper() + word[1:] for word in words)


def _describe(text: str, name: str, contract: Contract) -> str:
    asking = [each for each in contract.operations if name in each.permissions]
    other = menu_notation(name) if ":" in text else name
    spelt = f" It is spelt {name}." if ":" in text and text != name else ""
    use = f"{asking[0].method} {asking[0].path} asks for it" if asking else "A permission of the platform"
    more = f", and {len(asking) - 1} more" if len(asking) > 1 else ""
    return f"{use}{more}; {'in the admin menu' if ':' in text else 'in the API'}: {other}.{spelt}"


def _wildcard(parts: list[str], known_ones: dict[str, str], source: str) -> Judgement:
    fixed = [(place, part) for place, part in enumerate(parts) if part not in ("*", "all")]
    covered = [name for key, name in known_ones.items() if all(key.split(":")[p] == part for p, part in fixed)]
    if fixed and covered:
        sentence = f"Roles may hold it: the wildcard covers {', '.join(sorted(covered)[:3])}."
        return Judgement(ClaimVerdict.REAL, sentence, (), source)
    return Judgement(ClaimVerdict.UNKNOWN, "A wildcard over permissions that no source of ours names.", (), source)


def _nearest(asked: str, known_ones: dict[str, str]) -> tuple[str, ...]:
    if "cobrows" in asked:
        both = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
        return both[::-1] if "voice" in asked else both
    return tuple(known_ones[each] for each in get_close_matches(asked, known_ones, n=2, cutoff=0.7))


def _folded(text: str) -> str:
    return text.replace(" ", "").replace("-", "").lower()


SUBJECT = Subject("permission", find, judge)
