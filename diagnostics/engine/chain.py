"""The chain of a run: the parts that a call passes through, each with its outcome and findings, and the first failure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.checks.base import NODES, find_check
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding

# The outcome of a node is that of its worst finding; a skip only counts if there is nothing else.
WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS, Outcome.SKIP)
RANKS: dict[str, int] = {outcome: rank for rank, outcome in enumerate(WORST_FIRST)}


@dataclass(frozen=True)
class ChainNode:
    """One part of the chain. `code` and `label` are those of `checks.base.NODES`.

    `is_first_failure` marks the problem to fix first: that of the verdict's cause. `findings` are the worst first.
    """

    code: str
    label: str
    outcome: Outcome
    is_first_failure: bool
    findings: tuple[AnyFinding, ...]


def chain(findings: Iterable[AnyFinding], verdict: Mapping[str, Any]) -> tuple[ChainNode, ...]:
    """All nodes in order. A node without findings is skipped.

    `verdict` is the JSON of a verdict, {} if there is none yet. Problems that prove its cause belong to the node of the
    cause, whichever check found them. Other findings belong to the node of their check; those without one are left out.
    """
    cause = str(verdict.get("cause", ""))
    failed_node = causes.node_of(cause)
    proof = frozenset((*verdict.get("because", ()), *verdict.get("supported_by", ()))) if failed_node else frozenset()
    by_node: dict[str, list[AnyFinding]] = {node: [] for node in NODES}
    for finding in findings:
        is_proof = finding.anchor in proof and finding.outcome != Outcome.PASS
        node = failed_node if is_proof else find_check(finding.check_id).node
        if node:
            by_node[node].append(finding)
    outcomes = {node: _worst(members) for node, members in by_node.items()}
    if failed_node and outcomes[failed_node] in (Outcome.PASS, Outcome.SKIP):
        outcomes[failed_node] = Outcome.FAIL  # the verdict names a cause here, whatever findings are left
    first = failed_node
    if not failed_node and cause != causes.NONE:
        first = next((node for node, outcome in outcomes.items() if outcome == Outcome.FAIL), "")
    return tuple(
        ChainNode(
            node,
            label,
            outcomes[node],
            node == first,
            tuple(sorted(by_node[node], key=lambda finding: RANKS.get(finding.outcome, len(RANKS)))),
        )
        for node, label in NODES.items()
    )


def _worst(findings: Iterable[AnyFinding]) -> Outcome:
    outcomes = {finding.outcome for finding in findings}
    return next((outcome for outcome in WORST_FIRST if outcome in outcomes), Outcome.SKIP)
