"""The facts about the clients and orgs of two runs: identity, scopes, roles, permissions, setup, and engine versions.

A fact that one of the runs didn't read is unknown.
"""

from collections.abc import Iterable, Sized
from dataclasses import replace
from datetime import datetime

from diagnostics.comparison.fact import Effect, Fact, FactState, fact, without_unknown
from diagnostics.comparison.setup import deployment_facts, gateway_facts
from diagnostics.engine.facts import OrgFacts, Places
from diagnostics.genesys.documents.grants import EVERYWHERE

FULL = 100  # a list of this length may be cut off, so an entry missing from it may still exist
GRANT_TYPES = {"CLIENT-CREDENTIALS": "Client Credentials", "CODE": "Authorization Code"}


def facts_of(before: OrgFacts, after: OrgFacts, times: tuple[datetime, datetime]) -> tuple[Fact, ...]:
    """`times` are the starts of the two runs."""
    found = [
        *_identity(before, after, times),
        *_scopes(before.scopes, after.scopes),
        *_roles(before.roles, after.roles),
        *_permissions(before, after),
        *deployment_facts(before, after),
        *gateway_facts(before, after),
        fact("contract", "API reference", before.contract or None, after.contract or None),
        fact("engine", "Engine", before.engine or None, after.engine or None),
    ]
    return tuple(without_unknown(found))


def _identity(before: OrgFacts, after: OrgFacts, times: tuple[datetime, datetime]) -> Iterable[Fact]:
    yield fact("client_name", "Client", before.client_name or None, after.client_name or None)
    ids = before.client_id or None, after.client_id or None
    yield fact("client", "Client ID", *ids, clause="another OAuth client is used")
    yield _secret(before.secret_set_at, after.secret_set_at, times)
    yield fact("region", "Region", before.region or None, after.region or None)
    yield _org(before, after)
    grants = [GRANT_TYPES.get(facts.grant_type.upper(), facts.grant_type) or None for facts in (before, after)]
    yield fact("grant_type", "Grant type", grants[0], grants[1])


def _secret(old: str, new: str, times: tuple[datetime, datetime]) -> Fact:
    """Shows the age of the secret, and compares the date on which it was set."""
    shown = [_age(text, at) for text, at in zip((old, new), times, strict=True)]
    state = FactState.UNKNOWN if None in shown else FactState.SAME if old == new else FactState.CHANGED
    clause = "the client's secret was replaced" if state is FactState.CHANGED else ""
    return Fact("secret", "Secret", shown[0], shown[1], state, clause=clause)


def _age(text: str, at: datetime) -> str | None:
    try:
        set_at = datetime.fromisoformat(text)
        days = (at - set_at).days
    except (ValueError, TypeError):
        return None
    return f"set on {set_at.day} {set_at:%b %Y}, {max(days, 0)} day{'' if days == 1 else 's'} old"


def _org(old: OrgFacts, new: OrgFacts) -> Fact:
    names = [facts.org_name or facts.org_id or None for facts in (old, new)]
    state = FactState.SAME if old.org_id == new.org_id else FactState.CHANGED
    state = state if old.org_id and new.org_id else FactState.UNKNOWN
    clause = "the client belongs to another org" if old.org_id != new.org_id else ""
    return Fact("org", "Org", names[0], names[1], state, clause=clause)


def _scopes(old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Iterable[Fact]:
    if old is None or new is None:
        yield Fact("scope", "Scopes", _counted(old, "scope"), _counted(new, "scope"), FactState.UNKNOWN)
        return
    for scope in sorted({*old, *new}):
        clause = f"the token {'now has' if scope in new else 'no longer has'} the scope {scope}"
        yield _membership("scope", f"Scope {scope}", scope, (scope in old, scope in new), clause)


Pairs = tuple[tuple[str, str], ...]


def _roles(old: Pairs | None, new: Pairs | None) -> Iterable[Fact]:
    """One fact for each role in a division, which is the fact's `part`."""
    if old is None or new is None:
        yield Fact("role", "Roles and divisions", _counted(old, "role"), _counted(new, "role"), FactState.UNKNOWN)
        return
    for role, division in sorted({*old, *new}):
        pair, where = (role, division), division if division == EVERYWHERE else f"the division {division}"
        clause = f"the role {role} in {where} was {'granted to' if pair in new else 'removed from'} the client"
        known = _membership("role", f"Role {role} in {where}", role, (pair in old, pair in new), clause)
        if len(old) >= FULL if pair not in old else pair not in new and len(new) >= FULL:  # the list may be cut off
            known = replace(known, state=FactState.UNKNOWN, effect=Effect.OTHER, clause="")
        yield replace(known, part=where)


Limits = tuple[tuple[str, ...] | None, tuple[str, ...] | None]


def _permissions(before: OrgFacts, after: OrgFacts) -> Iterable[Fact]:
    if before.permissions is None or after.permissions is None:
        counts = _counted(before.permissions, "permission"), _counted(after.permissions, "permission")
        yield Fact("permission", "Permissions", *counts, FactState.UNKNOWN)
        return
    names = {name.lower(): name for name in (*before.permissions, *after.permissions)}
    held = [_by_lower_name(facts.permissions or {}) for facts in (before, after)]
    bound = [None if facts.conditional is None else _by_lower_name(facts.conditional) for facts in (before, after)]
    for key, name in sorted(names.items()):
        limits = [None if places is None else places.get(key) or () for places in bound]
        yield _permission(key, name, held[0].get(key), held[1].get(key), (limits[0], limits[1]))


def _by_lower_name(held: Places) -> Places:
    return {name.lower(): places for name, places in held.items()}


def _permission(key: str, name: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None, limits: Limits) -> Fact:
    """`old` and `new` are the divisions of unconditional grants, None if not read; `limits` those of conditional ones.

    A change of conditional grants alone counts only if both runs stored them.
    """
    what, shown = f"Permission {name}", (_divisions_text(old, limits[0]), _divisions_text(new, limits[1]))
    if old is None or new is None:
        return Fact("permission", what, *shown, FactState.UNKNOWN, key=key)
    if set(old) == set(new):
        if old or None in limits or limits[0] == limits[1]:
            return Fact("permission", what, *shown, FactState.SAME, key=key)
        clause = f"the client now has {name} {shown[1]}, before {shown[0]}"
        return Fact("permission", what, *shown, FactState.CHANGED, Effect.OTHER, key=key, clause=clause)
    effect = _effect(set(old), set(new))
    if not new:
        clause = f"the client no longer has {name}{' without a condition' if limits[1] else ''}"
    elif not old:
        clause = f"the client now has {name}"
    else:
        clause = f"the client now has {name} in {shown[1]}, before in {shown[0]}"
    return Fact("permission", what, *shown, FactState.CHANGED, effect, key=key, clause=clause)


def _effect(old: set[str], new: set[str]) -> Effect:
    if EVERYWHERE in old and EVERYWHERE not in new:
        return Effect.LOST
    if EVERYWHERE in new and EVERYWHERE not in old:
        return Effect.GAINED
    return Effect.LOST if new < old else Effect.GAINED if new > old else Effect.OTHER


def _membership(kind: str, what: str, key: str, is_member: tuple[bool, bool], clause: str) -> Fact:
    """A fact about an entry that is in a list or not."""
    before, after = ("granted" if is_present else "not granted" for is_present in is_member)
    if is_member[0] == is_member[1]:
        return Fact(kind, what, before, after, FactState.SAME, key=key)
    effect = Effect.GAINED if is_member[1] else Effect.LOST
    return Fact(kind, what, before, after, FactState.CHANGED, effect, key=key, clause=clause)


def _divisions_text(divisions: tuple[str, ...] | None, limits: tuple[str, ...] | None) -> str | None:
    """`limits` are the divisions of conditional grants, None if not stored."""
    if divisions is None:
        return None
    if divisions:
        return ", ".join(divisions)
    if limits is None:
        return "not granted without a condition"
    return f"only with a condition, in {', '.join(limits)}" if limits else "not granted"


def _counted(value: Sized | None, word: str) -> str | None:
    return None if value is None else f"{len(value)} {word}{'' if len(value) == 1 else 's'}"
