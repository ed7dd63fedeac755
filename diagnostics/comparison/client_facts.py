"""What two runs saw of their clients and orgs, fact by fact: environment first, because it changes without anybody's word.

Takes the dicts of `environment`, of any age and shape: what is missing or of another shape was not read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from diagnostics.comparison.fact import Fact, FactState, Way, fact, neither
from diagnostics.comparison.setup import deployment_facts, gateway_facts, mapping_of

EVERY_DIVISION = "every division"
FULL = 100  # a list of that length was cut: what is not in it may still be there
GRANT_TYPES = {"CLIENT-CREDENTIALS": "Client Credentials", "CODE": "Authorization Code"}


def facts_of(before: Mapping[str, Any], after: Mapping[str, Any], times: tuple[datetime, datetime]) -> tuple[Fact, ...]:
    """In the order in which a person looks: who asked, what it may do, what the org has set up, who judged."""
    before, after = mapping_of(before), mapping_of(after)
    found = [
        *_identity(before, after, times),
        *_scopes(before.get("scopes"), after.get("scopes")),
        *_roles(before.get("roles"), after.get("roles")),
        *_permissions(before, after),
        *deployment_facts(before, after),
        *gateway_facts(before, after),
        *_judges(before, after),
    ]
    return tuple(neither(found))


def is_same_org(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool | None:
    """None where one of the runs does not know its org."""
    one, other = (_text(mapping_of(each.get("org")).get("id")) for each in (before, after))
    return None if one is None or other is None else one == other


def _identity(before: Mapping[str, Any], after: Mapping[str, Any], times: tuple[datetime, datetime]) -> Iterable[Fact]:
    old, new = (mapping_of(each.get("client")) for each in (before, after))
    yield fact("client_name", "Client", _text(old.get("name")), _text(new.get("name")))
    yield fact(
        "client",
        "Client id",
        _text(old.get("client_id")),
        _text(new.get("client_id")),
        told="another OAuth client is used",
    )
    yield _secret(_text(old.get("secret_set_at")), _text(new.get("secret_set_at")), times)
    yield fact("region", "Region", _text(before.get("region")), _text(after.get("region")))
    yield _org(mapping_of(before.get("org")), mapping_of(after.get("org")))
    yield fact("grant_type", "Grant type", _grant(before.get("grant_type")), _grant(after.get("grant_type")))


def _secret(old: str | None, new: str | None, times: tuple[datetime, datetime]) -> Fact:
    """The same secret grows older from run to run: its age is said, and only its day of birth is compared."""
    shown = [_age(text, at) for text, at in zip((old, new), times, strict=True)]
    state = FactState.UNKNOWN if None in shown else FactState.SAME if old == new else FactState.CHANGED
    told = "the client's secret was replaced" if state is FactState.CHANGED else ""
    return Fact("secret", "Secret", shown[0], shown[1], state, told=told)


def _age(text: str | None, at: datetime) -> str | None:
    try:
        born = datetime.fromisoformat(text or "")
        days = (at - born).days
    except (ValueError, TypeError):
        return None
    return f"set on {born.day} {born:%b %Y}, {max(days, 0)} day{'' if days == 1 else 's'} old"


def _org(old: Mapping[str, Any], new: Mapping[str, Any]) -> Fact:
    one, other = _text(old.get("id")), _text(new.get("id"))
    names = [_text(each.get("name")) or _text(each.get("id")) for each in (old, new)]
    state = FactState.UNKNOWN if one is None or other is None else FactState.SAME if one == other else FactState.CHANGED
    return Fact(
        "org", "Org", names[0], names[1], state, told="the client belongs to another org" if one != other else ""
    )


def _judges(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Fact]:
    yield fact("contract", "API contract", _text(before.get("contract")), _text(after.get("contract")))
    yield fact("engine", "Engine", _text(before.get("engine")), _text(after.get("engine")))


def _scopes(before: Any, after: Any) -> Iterable[Fact]:
    old, new = _text_list(before), _text_list(after)
    if old is None or new is None:
        yield Fact("scope", "Scopes", _counted(old, "scope"), _counted(new, "scope"), FactState.UNKNOWN)
        return
    for scope in _all(old, new):
        told = f"the token {'now carries' if scope in new else 'no longer carries'} the scope {scope}"
        yield _member("scope", f"Scope {scope}", scope, (scope in old, scope in new), ("carried", "not carried"), told)


def _roles(before: Any, after: Any) -> Iterable[Fact]:
    """A role in a division; `part` says which one."""
    old, new = _pairs(before), _pairs(after)
    if old is None or new is None:
        yield Fact("role", "Roles and divisions", _counted(old, "role"), _counted(new, "role"), FactState.UNKNOWN)
        return
    for role, division in _all(old, new):
        pair, where = (role, division), _division(division)
        told = f"the role {role} in {where} was {'given to' if pair in new else 'taken from'} the client"
        words = ("held", "not held")
        made = _member("role", f"Role {role} in {where}", role, (pair in old, pair in new), words, told)
        is_cut = len(old) >= FULL if pair not in old else pair not in new and len(new) >= FULL
        yield replace(_cut(made) if is_cut else made, part=where)


def _permissions(env_before: Mapping[str, Any], env_after: Mapping[str, Any]) -> Iterable[Fact]:
    before, after = env_before.get("permissions"), env_after.get("permissions")
    if not isinstance(before, dict) or not isinstance(after, dict):
        old, new = (_counted(each if isinstance(each, dict) else None, "permission") for each in (before, after))
        yield Fact("permission", "Permissions", old, new, FactState.UNKNOWN)
        return
    names = {str(name).lower(): str(name) for name in (*before, *after)}
    lower = [_by_lower_name(each) for each in (before, after)]
    bound = [_conditional(each.get("conditional")) for each in (env_before, env_after)]
    for key, name in sorted(names.items()):
        limits = [None if each is None else each.get(key, []) for each in bound]
        yield _permission(key, name, lower[0].get(key), lower[1].get(key), (limits[0], limits[1]))


def _by_lower_name(held: Mapping[Any, Any]) -> dict[str, list[str] | None]:
    return {str(name).lower(): _text_list(divisions) for name, divisions in held.items()}


def _conditional(value: Any) -> dict[str, list[str]] | None:
    """None for a run of a time when holdings under a condition were not kept."""
    if not isinstance(value, Mapping):
        return None
    return {name: divisions or [] for name, divisions in _by_lower_name(value).items()}


Limits = tuple[list[str] | None, list[str] | None]


def _permission(key: str, name: str, old: list[str] | None, new: list[str] | None, limits: Limits) -> Fact:
    """One that a run had no reason to look up is unknown there. What is held under a condition may not do: it is told
    apart, and where nothing else changed it counts only if both runs kept it.
    """
    what, shown = f"Permission {name}", (_held(old, limits[0]), _held(new, limits[1]))
    if old is None or new is None:
        return Fact("permission", what, *shown, FactState.UNKNOWN, key=key)
    if set(old) == set(new):
        if old or None in limits or limits[0] == limits[1]:
            return Fact("permission", what, *shown, FactState.SAME, key=key)
        told = f"the client holds {name} {shown[1]} now, which was {shown[0]}"
        return Fact("permission", what, *shown, FactState.CHANGED, Way.OTHER, key=key, told=told)
    way = _way(set(old), set(new))
    if not new:
        told = f"the client no longer holds {name}{' without a condition' if limits[1] else ''}"
    elif not old:
        told = f"the client now holds {name}"
    else:
        told = f"the client holds {name} in {shown[1]} now, and held it in {shown[0]}"
    return Fact("permission", what, *shown, FactState.CHANGED, way, key=key, told=told)


def _way(old: set[str], new: set[str]) -> Way:
    if EVERY_DIVISION in old and EVERY_DIVISION not in new:
        return Way.LOST
    if EVERY_DIVISION in new and EVERY_DIVISION not in old:
        return Way.GAINED
    return Way.LOST if new < old else Way.GAINED if new > old else Way.OTHER


def _member(kind: str, what: str, key: str, held: tuple[bool, bool], words: tuple[str, str], told: str) -> Fact:
    """Something that is in a list or is not."""
    before, after = (words[0] if each else words[1] for each in held)
    if held[0] == held[1]:
        return Fact(kind, what, before, after, FactState.SAME, key=key)
    return Fact(kind, what, before, after, FactState.CHANGED, Way.GAINED if held[1] else Way.LOST, key=key, told=told)


def _cut(made: Fact) -> Fact:
    """Missing from a list that was cut is not gone."""
    return replace(made, state=FactState.UNKNOWN, way=Way.OTHER, told="")


def _pairs(value: Any) -> list[tuple[str, str]] | None:
    if not isinstance(value, list):
        return None
    pairs = ((mapping_of(each).get("role"), mapping_of(each).get("division")) for each in value)
    return sorted(
        {(role, str(division or EVERY_DIVISION)) for role, division in pairs if isinstance(role, str) and role}
    )


def _division(name: str) -> str:
    return name if name == EVERY_DIVISION else f"the division {name}"


def _held(divisions: list[str] | None, limits: list[str] | None) -> str | None:
    """`limits` are the divisions in which it is held under a condition, None where that was not kept."""
    if divisions is None:
        return None
    if divisions:
        return ", ".join(divisions)
    if limits is None:
        return "not held without a condition"
    return f"only under a condition, in {', '.join(limits)}" if limits else "not held"


def _all(old: list[Any], new: list[Any]) -> list[Any]:
    return sorted({*old, *new})


def _counted(value: Any, word: str) -> str | None:
    return None if value is None else f"{len(value)} {word}{'' if len(value) == 1 else 's'}"


def _text_list(value: Any) -> list[str] | None:
    return sorted({each for each in value if isinstance(each, str)}) if isinstance(value, list) else None


def _grant(value: Any) -> str | None:
    text = _text(value)
    return GRANT_TYPES.get(text.upper(), text) if text else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
