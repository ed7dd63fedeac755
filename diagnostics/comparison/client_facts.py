"""The facts about the clients and orgs of two runs: identity, scopes, roles, permissions, setup, and engine versions.

Reads the dicts of `engine.environment`, including old ones: a fact that is missing or malformed counts as not read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from diagnostics.comparison.fact import Effect, Fact, FactState, fact, without_unknown
from diagnostics.comparison.setup import deployment_facts, gateway_facts, mapping_of

EVERY_DIVISION = "every division"
FULL = 100  # a list of this length may be cut off, so an entry missing from it may still exist
GRANT_TYPES = {"CLIENT-CREDENTIALS": "Client Credentials", "CODE": "Authorization Code"}


def facts_of(before: Mapping[str, Any], after: Mapping[str, Any], times: tuple[datetime, datetime]) -> tuple[Fact, ...]:
    """`times` are the starts of the two runs."""
    before, after = mapping_of(before), mapping_of(after)
    found = [
        *_identity(before, after, times),
        *_scopes(before.get("scopes"), after.get("scopes")),
        *_roles(before.get("roles"), after.get("roles")),
        *_permissions(before, after),
        *deployment_facts(before, after),
        *gateway_facts(before, after),
        *_versions(before, after),
    ]
    return tuple(without_unknown(found))


def is_same_org(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool | None:
    """None if the org of either run is unknown."""
    first, second = (_text(mapping_of(environment.get("org")).get("id")) for environment in (before, after))
    return None if first is None or second is None else first == second


def _identity(before: Mapping[str, Any], after: Mapping[str, Any], times: tuple[datetime, datetime]) -> Iterable[Fact]:
    old, new = (mapping_of(environment.get("client")) for environment in (before, after))
    yield fact("client_name", "Client", _text(old.get("name")), _text(new.get("name")))
    yield fact(
        "client",
        "Client id",
        _text(old.get("client_id")),
        _text(new.get("client_id")),
        clause="another OAuth client is used",
    )
    yield _secret(_text(old.get("secret_set_at")), _text(new.get("secret_set_at")), times)
    yield fact("region", "Region", _text(before.get("region")), _text(after.get("region")))
    yield _org(mapping_of(before.get("org")), mapping_of(after.get("org")))
    yield fact("grant_type", "Grant type", _grant(before.get("grant_type")), _grant(after.get("grant_type")))


def _secret(old: str | None, new: str | None, times: tuple[datetime, datetime]) -> Fact:
    """Shows the age of the secret, and compares the date on which it was set."""
    shown = [_age(text, at) for text, at in zip((old, new), times, strict=True)]
    state = FactState.UNKNOWN if None in shown else FactState.SAME if old == new else FactState.CHANGED
    clause = "the client's secret was replaced" if state is FactState.CHANGED else ""
    return Fact("secret", "Secret", shown[0], shown[1], state, clause=clause)


def _age(text: str | None, at: datetime) -> str | None:
    try:
        set_at = datetime.fromisoformat(text or "")
        days = (at - set_at).days
    except (ValueError, TypeError):
        return None
    return f"set on {set_at.day} {set_at:%b %Y}, {max(days, 0)} day{'' if days == 1 else 's'} old"


def _org(old: Mapping[str, Any], new: Mapping[str, Any]) -> Fact:
    first, second = _text(old.get("id")), _text(new.get("id"))
    names = [_text(org.get("name")) or _text(org.get("id")) for org in (old, new)]
    state = (
        FactState.UNKNOWN
        if first is None or second is None
        else FactState.SAME
        if first == second
        else FactState.CHANGED
    )
    return Fact(
        "org", "Org", names[0], names[1], state, clause="the client belongs to another org" if first != second else ""
    )


def _versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Fact]:
    yield fact("contract", "API contract", _text(before.get("contract")), _text(after.get("contract")))
    yield fact("engine", "Engine", _text(before.get("engine")), _text(after.get("engine")))


def _scopes(before: Any, after: Any) -> Iterable[Fact]:
    old, new = _text_list(before), _text_list(after)
    if old is None or new is None:
        yield Fact("scope", "Scopes", _counted(old, "scope"), _counted(new, "scope"), FactState.UNKNOWN)
        return
    for scope in _union(old, new):
        clause = f"the token {'now carries' if scope in new else 'no longer carries'} the scope {scope}"
        yield _membership(
            "scope", f"Scope {scope}", scope, (scope in old, scope in new), ("carried", "not carried"), clause
        )


def _roles(before: Any, after: Any) -> Iterable[Fact]:
    """One fact for each role in a division, which is the fact's `part`."""
    old, new = _pairs(before), _pairs(after)
    if old is None or new is None:
        yield Fact("role", "Roles and divisions", _counted(old, "role"), _counted(new, "role"), FactState.UNKNOWN)
        return
    for role, division in _union(old, new):
        pair, where = (role, division), _division_text(division)
        clause = f"the role {role} in {where} was {'given to' if pair in new else 'taken from'} the client"
        words = ("held", "not held")
        known = _membership("role", f"Role {role} in {where}", role, (pair in old, pair in new), words, clause)
        is_cut = len(old) >= FULL if pair not in old else pair not in new and len(new) >= FULL
        yield replace(_unknown(known) if is_cut else known, part=where)


def _permissions(env_before: Mapping[str, Any], env_after: Mapping[str, Any]) -> Iterable[Fact]:
    before, after = env_before.get("permissions"), env_after.get("permissions")
    if not isinstance(before, dict) or not isinstance(after, dict):
        old, new = (_counted(value if isinstance(value, dict) else None, "permission") for value in (before, after))
        yield Fact("permission", "Permissions", old, new, FactState.UNKNOWN)
        return
    names = {str(name).lower(): str(name) for name in (*before, *after)}
    lower = [_by_lower_name(permissions) for permissions in (before, after)]
    bound = [_conditional(environment.get("conditional")) for environment in (env_before, env_after)]
    for key, name in sorted(names.items()):
        limits = [None if divisions is None else divisions.get(key, []) for divisions in bound]
        yield _permission(key, name, lower[0].get(key), lower[1].get(key), (limits[0], limits[1]))


def _by_lower_name(held: Mapping[Any, Any]) -> dict[str, list[str] | None]:
    return {str(name).lower(): _text_list(divisions) for name, divisions in held.items()}


def _conditional(value: Any) -> dict[str, list[str]] | None:
    """None for old runs, which didn't store conditional permissions."""
    if not isinstance(value, Mapping):
        return None
    return {name: divisions or [] for name, divisions in _by_lower_name(value).items()}


Limits = tuple[list[str] | None, list[str] | None]


def _permission(key: str, name: str, old: list[str] | None, new: list[str] | None, limits: Limits) -> Fact:
    """`old` and `new` are the divisions of unconditional grants, None if not read; `limits` those of conditional ones.

    A change of conditional grants alone counts only if both runs stored them.
    """
    what, shown = f"Permission {name}", (_divisions_text(old, limits[0]), _divisions_text(new, limits[1]))
    if old is None or new is None:
        return Fact("permission", what, *shown, FactState.UNKNOWN, key=key)
    if set(old) == set(new):
        if old or None in limits or limits[0] == limits[1]:
            return Fact("permission", what, *shown, FactState.SAME, key=key)
        clause = f"the client holds {name} {shown[1]} now, which was {shown[0]}"
        return Fact("permission", what, *shown, FactState.CHANGED, Effect.OTHER, key=key, clause=clause)
    effect = _effect(set(old), set(new))
    if not new:
        clause = f"the client no longer holds {name}{' without a condition' if limits[1] else ''}"
    elif not old:
        clause = f"the client now holds {name}"
    else:
        clause = f"the client holds {name} in {shown[1]} now, and held it in {shown[0]}"
    return Fact("permission", what, *shown, FactState.CHANGED, effect, key=key, clause=clause)


def _effect(old: set[str], new: set[str]) -> Effect:
    if EVERY_DIVISION in old and EVERY_DIVISION not in new:
        return Effect.LOST
    if EVERY_DIVISION in new and EVERY_DIVISION not in old:
        return Effect.GAINED
    return Effect.LOST if new < old else Effect.GAINED if new > old else Effect.OTHER


def _membership(
    kind: str, what: str, key: str, is_member: tuple[bool, bool], words: tuple[str, str], clause: str
) -> Fact:
    """A fact about an entry that is in a list or not."""
    before, after = (words[0] if is_present else words[1] for is_present in is_member)
    if is_member[0] == is_member[1]:
        return Fact(kind, what, before, after, FactState.SAME, key=key)
    return Fact(
        kind,
        what,
        before,
        after,
        FactState.CHANGED,
        Effect.GAINED if is_member[1] else Effect.LOST,
        key=key,
        clause=clause,
    )


def _unknown(known: Fact) -> Fact:
    """Used for an entry missing from a list that may be cut off."""
    return replace(known, state=FactState.UNKNOWN, effect=Effect.OTHER, clause="")


def _pairs(value: Any) -> list[tuple[str, str]] | None:
    if not isinstance(value, list):
        return None
    pairs = ((mapping_of(entry).get("role"), mapping_of(entry).get("division")) for entry in value)
    return sorted(
        {(role, str(division or EVERY_DIVISION)) for role, division in pairs if isinstance(role, str) and role}
    )


def _division_text(name: str) -> str:
    return name if name == EVERY_DIVISION else f"the division {name}"


def _divisions_text(divisions: list[str] | None, limits: list[str] | None) -> str | None:
    """`limits` are the divisions of conditional grants, None if not stored."""
    if divisions is None:
        return None
    if divisions:
        return ", ".join(divisions)
    if limits is None:
        return "not held without a condition"
    return f"only under a condition, in {', '.join(limits)}" if limits else "not held"


def _union(old: list[Any], new: list[Any]) -> list[Any]:
    return sorted({*old, *new})


def _counted(value: Any, word: str) -> str | None:
    return None if value is None else f"{len(value)} {word}{'' if len(value) == 1 else 's'}"


def _text_list(value: Any) -> list[str] | None:
    return sorted({text for text in value if isinstance(text, str)}) if isinstance(value, list) else None


def _grant(value: Any) -> str | None:
    text = _text(value)
    return GRANT_TYPES.get(text.upper(), text) if text else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
