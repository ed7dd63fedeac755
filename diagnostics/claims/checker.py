"""Finds the claims in a text and checks each against a contract. No text raises an exception."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain

from diagnostics.claims import advice, calls, fields, headers, hosts, permissions, scopes, sdk, states
from diagnostics.claims.addresses import unglued
from diagnostics.claims.claim import CheckedClaim, Claim, ClaimVerdict, Kind, Subject, Text
from diagnostics.genesys.contract import Contract
from diagnostics.parsing.parse import MAX_PASTE, mask_within_budget
from diagnostics.redaction.masker import TooManySecrets
from diagnostics.text import time_budget
from diagnostics.text.time_budget import TimeBudgetExceeded

SUBJECTS: dict[Kind, Subject] = {
    subject.kind: subject
    for subject in (
        calls.SUBJECT,
        fields.SUBJECT,
        scopes.SUBJECT,
        permissions.SUBJECT,
        sdk.SUBJECT,
        headers.SUBJECT,
        hosts.SUBJECT,
        states.SUBJECT,
        advice.SUBJECT,
    )
}
TITLES: dict[Kind, str] = {
    "call": "Paths and methods",
    "field": "Body fields",
    "scope": "Scopes",
    "permission": "Permissions",
    "sdk": "SDK methods",
    "header": "Headers",
    "host": "Hosts",
    "state": "States",
    "advice": "Advice",
}
MAX_CLAIMS = 300  # different claims checked; a text with more is a log or a list
BEGINNING = 20_000  # characters checked if the whole text takes too long
TOO_SLOW = "This text took too long to check. Only its first {:,} characters were checked; paste the rest separately."
TOO_MANY_SECRETS = (
    "This text holds too many values that look like secrets. Only its first {:,} characters were checked; "
    "paste the part in question."
)
NOTHING = "This text took too long to check, so nothing in it was checked. Paste only the part in question."
__all__ = ["MAX_PASTE", "TITLES", "ClaimCheck", "check_text"]


@dataclass(frozen=True)
class ClaimCheck:
    """The result of checking a text. `claims` are in the order of the text; `omitted` counts those beyond MAX_CLAIMS.

    `masked` is the text that was checked. `partial` is the sentence to show if only the beginning was checked, else "".
    """

    claims: tuple[CheckedClaim, ...]
    omitted: int = 0
    masked: str = ""
    partial: str = ""

    @property
    def counts(self) -> dict[ClaimVerdict, int]:
        found = Counter(claim.result.verdict for claim in self.claims)
        return {verdict: found[verdict] for verdict in ClaimVerdict}

    @property
    def has_wrong_claims(self) -> bool:
        return any(claim.result.verdict is ClaimVerdict.WRONG for claim in self.claims)

    @property
    def by_kind(self) -> list[tuple[str, list[CheckedClaim]]]:
        """The title and claims of each kind found, the wrong ones first."""
        order = list(ClaimVerdict)
        groups = []
        for kind, title in TITLES.items():
            mine = [claim for claim in self.claims if claim.claim.kind == kind]
            if mine:
                groups.append((title, sorted(mine, key=lambda claim: order.index(claim.result.verdict))))
        return groups


def check_text(text: str, contract: Contract) -> ClaimCheck:
    """Checks the first MAX_PASTE characters of a text. Secrets are masked first, so that no claim quotes one.

    If checking takes too long, only the beginning is masked and checked, and `partial` says so.
    """
    with time_budget.limited() as budget:
        try:
            return _check(text[:MAX_PASTE], contract)
        except TimeBudgetExceeded:
            sentence = TOO_SLOW
        except TooManySecrets:
            sentence = TOO_MANY_SECRETS
        budget.extend(time_budget.GRACE_SECONDS)
        beginning = time_budget.beginning(text, BEGINNING)
        try:
            checked = _check(beginning, contract)
        except (TimeBudgetExceeded, TooManySecrets):
            return ClaimCheck((), partial=NOTHING)
        return replace(checked, partial=sentence.format(len(beginning)))


def _check(text: str, contract: Contract) -> ClaimCheck:
    """Raises TimeBudgetExceeded, or TooManySecrets for a text with thousands of secrets."""
    shown = mask_within_budget(text)
    source = Text(unglued(shown))
    found = list(time_budget.checked(calls.find(source, contract)))
    source = replace(source, calls=tuple(found))
    others = (subject.find(source, contract) for subject in SUBJECTS.values() if subject is not calls.SUBJECT)
    first: dict[tuple[str, ...], Claim] = {}
    times: Counter[tuple[str, ...]] = Counter()
    counted: set[tuple[object, ...]] = set()
    claims = sorted(time_budget.checked(chain(found, *others)), key=lambda claim: claim.at)
    for claim in time_budget.checked(claims):
        first.setdefault(claim.key, claim)
        times[claim.key] += (claim.at, *claim.key) not in counted
        counted.add((claim.at, *claim.key))
    lines = [match.start() for match in time_budget.checked(re.finditer("\n", source.whole))]
    checked = {}
    for number, (key, claim) in enumerate(list(first.items())[:MAX_CLAIMS], 1):
        time_budget.check()
        result = SUBJECTS[claim.kind].evaluate(claim, contract)
        checked[key] = CheckedClaim(claim, result, number, bisect_right(lines, claim.at) + 1, times[key])
    omitted = max(0, len(first) - MAX_CLAIMS)
    return ClaimCheck(tuple(checked.values()), omitted, shown)
