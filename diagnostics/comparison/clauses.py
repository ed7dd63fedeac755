"""Turns changed facts into clauses of one sentence. Related facts share a clause, and a cause precedes its effect."""

from collections.abc import Callable, Sequence
from itertools import groupby

from diagnostics.comparison.fact import Effect, Fact
from diagnostics.comparison.side import VerdictStep

# A role comes before the permissions that it grants.
ORDER = ("role", "permission")


def clauses(facts: Sequence[Fact], step: VerdictStep) -> list[str]:
    """One client: what changed over time. Two clients: what differs between them, the likeliest cause first."""
    if not step.is_same_client:
        decisive = [fact for fact in facts if fact.part != "version"]  # each org counts its own versions
        return list(dict.fromkeys(_two_client_clause(fact, step) for fact in _one_per_kind_first(decisive)))
    ordered = sorted(facts, key=lambda fact: ORDER.index(fact.kind) if fact.kind in ORDER else len(ORDER))
    found: list[str] = []
    for (kind, effect, _), group in groupby(ordered, key=_group_key):
        members = list(group)
        shared_clause = SHARED_CLAUSES.get((kind, effect))
        found += [shared_clause(members)] if shared_clause else [fact.clause for fact in members]
    return list(dict.fromkeys(found))


def joined(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _group_key(fact: Fact) -> tuple[str, Effect, str]:
    """Facts with the same key share a clause: a role in several divisions, a deployment, several whole permissions."""
    if fact.kind == "permission":
        return fact.kind, fact.effect, "" if _is_all_divisions(fact) else fact.key
    if fact.kind == "deployment":
        return fact.kind, Effect.OTHER, fact.key
    return fact.kind, fact.effect, fact.key


def _is_all_divisions(fact: Fact) -> bool:
    """The permission was lost, or gained, in all divisions."""
    return any(str(value).startswith("not granted") for value in (fact.before, fact.after))


def _roles(verb: str) -> Callable[[list[Fact]], str]:
    def clause(facts: list[Fact]) -> str:
        divisions = [fact.part for fact in facts]
        where = divisions[0]
        if len(divisions) > 1:
            where = f"the divisions {joined([division.removeprefix('the division ') for division in divisions])}"
        return f"the role {facts[0].key} was {verb} the client in {where}"

    return clause


def _permissions(verb: str, word: str) -> Callable[[list[Fact]], str]:
    def clause(facts: list[Fact]) -> str:
        if not _is_all_divisions(facts[0]):
            return facts[0].clause
        return f"the client {verb} {joined([fact.what.removeprefix('Permission ') for fact in facts], word)}"

    return clause


def _deployment(facts: list[Fact]) -> str:
    """The version is added in parentheses to the settings that changed with it."""
    version = next((fact for fact in facts if fact.part == "version"), None)
    others = [fact.clause for fact in facts if fact is not version]
    if version is None or not others:
        return joined([fact.clause for fact in facts])
    return f"{joined(others)} (version {version.before}, then {version.after})"


SHARED_CLAUSES: dict[tuple[str, Effect], Callable[[list[Fact]], str]] = {
    ("role", Effect.LOST): _roles("removed from"),
    ("role", Effect.GAINED): _roles("granted to"),
    ("permission", Effect.LOST): _permissions("no longer has", "or"),
    ("permission", Effect.GAINED): _permissions("now has", "and"),
    ("deployment", Effect.OTHER): _deployment,
}


def _one_per_kind_first(facts: Sequence[Fact]) -> list[Fact]:
    """A deployment that both orgs have with different settings comes before one that only one of them has."""
    ordered = sorted(facts, key=lambda fact: fact.kind == "deployment" and (fact.is_added or fact.is_removed))
    firsts: dict[str, Fact] = {}
    for fact in ordered:
        firsts.setdefault(fact.kind, fact)
    return [*firsts.values(), *(fact for fact in ordered if fact is not firsts[fact.kind])]


def _two_client_clause(fact: Fact, step: VerdictStep) -> str:
    if fact.is_added or fact.is_removed:
        has, has_not = (step.second, step.first) if fact.is_added else (step.first, step.second)
        return _missing_clause(fact, has.client_name, has_not.client_name)
    if fact.kind == "gateway":
        has, has_not = (step.second, step.first) if fact.after == "yes" else (step.first, step.second)
        return f"{has.client_name} has a provider gateway and {has_not.client_name} has none"
    what = f"{fact.what[0].lower()}{fact.what[1:]}"
    if fact.kind == "permission":
        first, second = step.first.client_name, step.second.client_name
        return f"{first} has the {what} {_where(fact.before)}, {second} {_where(fact.after)}"
    if fact.kind == "deployment" and fact.part:
        deployment, _, setting = what.rpartition(": ")
        what = f"{setting} of the {deployment}"
    return f"{what} is {fact.after} in {step.second.client_name} and {fact.before} in {step.first.client_name}"


def _where(divisions: str | None) -> str:
    if not divisions:
        return "nowhere"
    return divisions if divisions.startswith("only") else f"in {divisions}"


def _missing_clause(fact: Fact, has: str, has_not: str) -> str:
    what = f"{fact.what[0].lower()}{fact.what[1:]}"
    if fact.kind in ("permission", "role"):
        return f"{has_not} doesn't have the {what}, and {has} does"
    if fact.kind == "scope":
        return f"the token of {has_not} doesn't have the {what}, and that of {has} does"
    return f"{has_not} has no {what}, and {has} does"
