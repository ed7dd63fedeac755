"""Which kinds of fact the result of each check depends on. `explanation` uses it to find what explains a change."""

from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.checks.base import find_check
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES


@dataclass(frozen=True)
class Link:
    """`direct` are the kinds of fact that the check reads, `indirect` those that can change what it reads."""

    direct: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        return (*self.direct, *self.indirect)


# Families of causes that are transient: no setting explains them.
TRANSIENT = frozenset({"env", "response"})


def link_of(check_id: str) -> Link:
    """An empty link for an unknown check."""
    check = find_check(check_id)
    return Link(check.depends_on, check.affected_by)


def checks_of(cause: str) -> tuple[str, ...]:
    """The checks that can lead to a cause. Used for a verdict that lists no findings."""
    rules = (*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS))
    proofs = (proof.split(":")[0] for row in PROBLEM_RULES if row.cause == cause for proof in row.proof)
    return tuple(dict.fromkeys([*(rule.check for rule in rules if rule.cause == cause), *proofs]))


def kinds_of(checks: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The direct and the indirect kinds of several checks. A kind that is direct for one of them isn't indirect."""
    links = [link_of(check) for check in checks]
    direct = tuple(dict.fromkeys(kind for link in links for kind in link.direct))
    indirect = (kind for link in links for kind in link.indirect if kind not in direct)
    return direct, tuple(dict.fromkeys(indirect))
