"""Which calls of a contract a client may make, by what it holds: yes, under a condition, no, or not known."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.genesys.operation import Operation
from diagnostics.orgs.permissions.synced import Holds, PermissionState, Rights


class May(StrEnum):
    YES = "may"
    CONDITION = "condition"
    NO = "may_not"
    UNKNOWN = "unknown"


REASON_TEXTS = {
    May.YES: "May",
    May.CONDITION: "May under a condition",
    May.NO: "May not",
    May.UNKNOWN: "Not known",
}


@dataclass(frozen=True)
class AllowedCall:
    """One operation and whether the client may call it. `code` is the reason, `places` the divisions in which the
    permission is held, () where that limits nothing."""

    operation: Operation
    may: May
    code: str
    needs: tuple[Holds, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return REASONS[self.code]


REASONS = {
    "no_token": "It needs no token.",
    "none_needed": "It asks for no permission.",
    "held": "The permission is held.",
    "apart": "The permissions are held, but in no division together.",
    "conditional": "The permission is held under a condition only, which cannot be decided from outside.",
    "user_needed": "It needs a user's token, and this client has none.",
    "scope_missing": "The token carries none of the scopes that it asks for.",
    "lacking": "No role of the client holds the permission.",
    "unlicensed": "The org's catalogue does not have the permission: it is a matter of licence, not of roles.",
    "hidden": "The permission may be in a role whose contents the org did not show.",
    "unread": "What the client holds could not be read.",
    "not_told": "This contract does not tell which permission it asks for.",
}


def judge_calls(operations: Iterable[Operation], rights: Rights) -> list[AllowedCall]:
    """In the order given. Each permission is looked up once, however many operations name it."""
    known: dict[str, Holds] = {}

    def holds(permission: str) -> Holds:
        if permission not in known:
            known[permission] = rights.holds(permission)
        return known[permission]

    return [_judge(each, rights, tuple(map(holds, each.permissions))) for each in operations]


def judge_call(operation: Operation, rights: Rights) -> AllowedCall:
    return judge_calls([operation], rights)[0]


def counts(calls: Iterable[AllowedCall]) -> dict[May, int]:
    found = Counter(each.may for each in calls)
    return {may: found[may] for may in May}


def _judge(operation: Operation, rights: Rights, needs: tuple[Holds, ...]) -> AllowedCall:
    if not operation.needs_token:
        return AllowedCall(operation, May.YES, "no_token")
    if rights.is_machine and (operation.user_only or "logged in user" in operation.summary.lower()):
        return AllowedCall(operation, May.NO, "user_needed", needs)
    if _lacks_scope(operation, rights):
        return AllowedCall(operation, May.NO, "scope_missing", needs)
    if operation.rule == "unknown":
        return AllowedCall(operation, May.UNKNOWN, "not_told")
    if not needs:
        return AllowedCall(operation, May.YES, "none_needed")
    return _any_of(operation, needs) if operation.rule == "any" else _all_of(operation, needs)


def _any_of(operation: Operation, needs: tuple[Holds, ...]) -> AllowedCall:
    states = {each.state for each in needs}
    if PermissionState.HELD in states:
        held = [each for each in needs if each.state == PermissionState.HELD]
        everywhere = any(each.is_everywhere for each in held)
        places = () if everywhere else tuple(dict.fromkeys(place for each in held for place in each.places))
        return AllowedCall(operation, May.YES, "held", needs, places)
    for state, may, code in (
        (PermissionState.UNREAD, May.UNKNOWN, "unread"),
        (PermissionState.HIDDEN, May.UNKNOWN, "hidden"),
        (PermissionState.CONDITION, May.CONDITION, "conditional"),
    ):
        if state in states:
            return AllowedCall(operation, may, code, needs, _divisions(needs))
    return AllowedCall(operation, May.NO, "unlicensed" if states == {PermissionState.UNLICENSED} else "lacking", needs)


def _all_of(operation: Operation, needs: tuple[Holds, ...]) -> AllowedCall:
    states = {each.state for each in needs}
    for state, may, code in (
        (PermissionState.UNREAD, May.UNKNOWN, "unread"),
        (PermissionState.UNLICENSED, May.NO, "unlicensed"),
        (PermissionState.LACKING, May.NO, "lacking"),
        (PermissionState.HIDDEN, May.UNKNOWN, "hidden"),
        (PermissionState.CONDITION, May.CONDITION, "conditional"),
    ):
        if state in states:
            return AllowedCall(operation, may, code, needs, _divisions(needs))
    narrowed = [each.places for each in needs if not each.is_everywhere]
    places = tuple(each for each in narrowed[0] if all(each in others for others in narrowed)) if narrowed else ()
    if narrowed and not places:
        return AllowedCall(operation, May.CONDITION, "apart", needs)
    return AllowedCall(operation, May.YES, "held", needs, places)


def _divisions(needs: tuple[Holds, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for each in needs for place in each.places if not each.is_everywhere))


def _lacks_scope(operation: Operation, rights: Rights) -> bool:
    """Only where it is a fact on both sides: scopes play no part for client credentials."""
    if rights.is_machine or rights.scopes is None or operation.scopes_status != "verified" or not operation.scopes:
        return False
    return not set(operation.scopes) & set(rights.scopes)
