"""OAuth scopes, real and invented."""

import re
from collections.abc import Iterator

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.known import READONLY, known, scopes, scopes_in
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.redaction.patterns import word_set
from diagnostics.text import time_budget

NAME = r"[a-z][a-z0-9-]{1,40}"
COLONED = re.compile(rf"(?<![\w:/.@-]){NAME}(?::[a-z][A-Za-z-]{{1,40}}){{1,2}}+(?![\w:/@])")
MENTION = re.compile(r"scopes?\b", re.IGNORECASE)
QUOTED = re.compile(rf"[`\"'“‘]({NAME}(?::[a-z-]{{2,40}})?)[`\"'”’]")
LISTED = re.compile(
    r"scopes?[\"']?\s{0,3}[=:]\s{0,3}\[?[\"'`]?((?:[a-z][a-z:-]{2,60}(?:%20|[ +,]|[\"'`, ]{2,4})?){1,30}+)"
)
ACTIONS = word_set(
    "admin all create delete edit execute full manage modify read readonly readwrite session update use view write"
)
ORDINARY = frozenset({"openid", "profile", "email", "offline_access", "scope", "scopes", "missing", "and", "the"})
LINE = 200  # characters after the word "scope" in which quoted names are scopes


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    whole = text.whole
    for match in time_budget.checked(COLONED.finditer(whole)):
        if is_scope(match[0], whole, match.start()):
            yield Claim("scope", match[0], match.start())
    for word in time_budget.checked(MENTION.finditer(whole)):
        until = whole.find("\n", word.end(), word.end() + LINE)
        until = until if until >= 0 else word.end() + LINE
        for match in QUOTED.finditer(whole, word.end(), until):
            yield from _plain(match[1], match.start(1))
        if before := re.search(rf"[`\"']({NAME})[`\"']\s$", whole[max(0, word.start() - 50) : word.start()]):
            yield from _plain(before[1], word.start() - 1)
        if listed := LISTED.match(whole, word.start()):
            for match in re.finditer(rf"{NAME}(?::[a-z-]+)?", listed[1].replace("%20", "   ")):
                yield from _plain(match[0], listed.start(1) + match.start())


def _plain(name: str, at: int) -> Iterator[Claim]:
    """The scope next to the word "scope"; a name with a colon is found by its form."""
    if (
        ":" not in name
        and name not in ORDINARY
        and (name in _families() or name.startswith(("conversation", "cobrowse")))
    ):
        yield Claim("scope", name, at)


def is_scope(name: str, whole: str, at: int) -> bool:
    """Whether a name with colons is a scope: two parts that end in an action, or three that don't name a permission."""
    parts = name.split(":")
    if parts[-1] not in ACTIONS:
        return False
    if len(parts) == 2:
        return True
    if parts[-1] in ("view", "edit", "delete") or name in known("permissions")["names"]:
        return False
    return parts[0] == "cobrowse" or MENTION.search(whole[max(0, at - 80) : at]) is not None


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    name, facts = claim.text, known("scopes")
    family, _, rest = name.partition(":")
    published = scopes() | scopes_in(contract)
    if name in published:
        return real(_use(name), facts["source"])
    if name in facts["reported"]:
        return unknown(
            "Third parties mention this scope, but none of our official sources does.", facts["reported_source"]
        )
    nearest = _nearest(family, rest, published)
    if name in gateway.SCOPES:
        sentence = "Genesys Cloud has no such scope. Only a provider gateway, which a few orgs use, requires it."
        return wrong(sentence, facts["source"], nearest, gateway=True)
    if rest not in ("", "readonly"):
        sentence = "Scopes are named family or family:readonly, so none ends like this."
        return wrong(sentence, facts["source"], nearest)
    if family in ("conversation", "cobrowse"):
        return wrong(f"Genesys Cloud has no scopes named {family}.", facts["source"], nearest)
    sentence = "None of our sources mentions this scope, but none is complete. The org itself lists all of its scopes."
    return unknown(sentence, facts["source"], nearest)


def _use(name: str) -> str:
    return (
        f"A Genesys Cloud scope for {'reading' if name.endswith('readonly') else 'reading and writing'}. "
        "It doesn't apply to client credentials, which use roles."
    )


def _families() -> frozenset[str]:
    return frozenset(scope.partition(":")[0] for scope in (*scopes(), *known("scopes")["reported"]))


def _nearest(family: str, rest: str, published: frozenset[str]) -> tuple[str, ...]:
    """The published scopes of the same family in singular or plural; for cobrowse, those of conversations."""
    meant = "conversations" if family in ("conversation", "cobrowse") else family
    meant = meant if meant in published else f"{meant}s"
    names = (meant + READONLY, meant) if rest.startswith(("read", "view")) else (meant, meant + READONLY)
    return tuple(name for name in names if name in published)


SUBJECT = Subject("scope", find, evaluate)
