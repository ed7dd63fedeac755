"""Facts that changed as clauses of one sentence: what belongs together is said together, the cause before its effect."""

from collections.abc import Callable, Sequence
from itertools import groupby

from diagnostics.comparison.fact import Fact, Way
from diagnostics.comparison.steps import VerdictStep

# A role is gone, and with it its permissions; a version was published, and with it its settings.
ORDER = ("role", "permission")


def clauses(facts: Sequence[Fact], step: VerdictStep) -> list[str]:
    """In the order of time for one client; for two clients, where nothing was taken away, side by side and the likeliest
    first.
    """
    if not step.in_time:
        decisive = [each for each in facts if each.part != "version"]  # each org counts its own versions
        return list(dict.fromkeys(_side_by_side(each, step) for each in _one_of_each_kind_first(decisive)))
    ordered = sorted(facts, key=lambda each: ORDER.index(each.kind) if each.kind in ORDER else len(ORDER))
    found: list[str] = []
    for (kind, way, _), group in groupby(ordered, key=_together):
        same = list(group)
        say = TOGETHER.get((kind, way))
        found += [say(same)] if say else [each.told for each in same]
    return list(dict.fromkeys(found))


def joined(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _together(fact: Fact) -> tuple[str, Way, str]:
    """Kind, way, and what else has to be the same: one role in several divisions, one deployment, several permissions."""
    if fact.kind == "permission":
        return fact.kind, fact.way, "" if _is_all(fact) else fact.key
    if fact.kind == "deployment":
        return fact.kind, Way.OTHER, fact.key
    return fact.kind, fact.way, fact.key


def _is_all(fact: Fact) -> bool:
    """Lost everywhere, or not held anywhere before."""
    return any(str(each).startswith("not held") for each in (fact.before, fact.after))


def _roles(verb: str) -> Callable[[list[Fact]], str]:
    def say(facts: list[Fact]) -> str:
        places = [each.part for each in facts]
        named = [each.removeprefix("the division ") for each in places]
        where = places[0] if len(places) == 1 else f"the divisions {joined(named)}"
        return f"the role {facts[0].key} was {verb} the client in {where}"

    return say


def _permissions(verb: str, word: str) -> Callable[[list[Fact]], str]:
    def say(facts: list[Fact]) -> str:
        if not _is_all(facts[0]):
            return facts[0].told
        return f"the client {verb} {joined([each.what.removeprefix('Permission ') for each in facts], word)}"

    return say


def _deployment(facts: list[Fact]) -> str:
    """Its version goes with what was changed by it."""
    version = next((each for each in facts if each.part == "version"), None)
    others = [each.told for each in facts if each is not version]
    if version is None or not others:
        return joined([each.told for each in facts])
    return f"{joined(others)} (version {version.before}, then {version.after})"


TOGETHER: dict[tuple[str, Way], Callable[[list[Fact]], str]] = {
    ("role", Way.LOST): _roles("taken from"),
    ("role", Way.GAINED): _roles("given to"),
    ("permission", Way.LOST): _permissions("no longer holds", "or"),
    ("permission", Way.GAINED): _permissions("now holds", "and"),
    ("deployment", Way.OTHER): _deployment,
}


def _one_of_each_kind_first(facts: Sequence[Fact]) -> list[Fact]:
    """What both orgs have and set otherwise tells more than what only one of them has at all."""
    ordered = sorted(facts, key=lambda each: each.kind == "deployment" and (each.came or each.went))
    firsts: dict[str, Fact] = {}
    for each in ordered:
        firsts.setdefault(each.kind, each)
    return [*firsts.values(), *(each for each in ordered if each is not firsts[each.kind])]


def _side_by_side(fact: Fact, step: VerdictStep) -> str:
    if fact.came or fact.went:
        has, has_not = (step.second, step.first) if fact.came else (step.first, step.second)
        return _in_one_alone(fact, has.client_name, has_not.client_name)
    if fact.kind == "gateway":
        has, has_not = (step.second, step.first) if fact.after == "yes" else (step.first, step.second)
        return f"{has.client_name} has a provider gateway and {has_not.client_name} has none"
    what = f"{fact.what[0].lower()}{fact.what[1:]}"
    if fact.kind == "permission":
        first, second = step.first.client_name, step.second.client_name
        return f"the {what} is held by {first} {_where(fact.before)}, by {second} {_where(fact.after)}"
    if fact.kind == "deployment" and fact.part:
        thing, _, setting = what.rpartition(": ")
        what = f"{setting} of the {thing}"
    return f"{what} is {fact.after} in {step.second.client_name} and {fact.before} in {step.first.client_name}"


def _where(held: str | None) -> str:
    return f"in {held}" if held and not held.startswith("only") else held or "nowhere"


def _in_one_alone(fact: Fact, has: str, has_not: str) -> str:
    what = f"{fact.what[0].lower()}{fact.what[1:]}"
    if fact.kind == "permission":
        return f"{has_not} does not hold the {what}, which {has} holds"
    if fact.kind == "role":
        return f"{has_not} was not given the {what}, which {has} has"
    if fact.kind == "scope":
        return f"the token of {has_not} does not carry the {what}, which that of {has} carries"
    return f"{has_not} has no {what}, which {has} has"
