"""“What if”: changes of a call or an org, and the verdict that a run would get with them. For pages and the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from diagnostics.checks.permissions import READS
from diagnostics.engine import causes
from diagnostics.engine.chain import ChainNode, chain
from diagnostics.engine.facts import STARTING
from diagnostics.orgs.contracts import current_contract
from diagnostics.runs.models import Run
from diagnostics.runs.reevaluate import region_key_of, region_of_run, stored_run
from diagnostics.runs.what_if.changes import MOST_CHANGES, OF_DEPLOYMENTS, ChangeKind, PlannedChange
from diagnostics.runs.what_if.evidence import KnownNames, known_names
from diagnostics.runs.what_if.prediction import PredictedEffect, Prediction, Predictor, smallest_change

EFFECTS = {
    PredictedEffect.FIXES: ("pass", "This fixes it. The stored evidence shows no other problem."),
    PredictedEffect.NONE: ("skip", "This doesn't change the verdict."),
    PredictedEffect.OTHER: ("fail", "This isn't enough: a problem remains."),
    PredictedEffect.UNKNOWN: ("error", "We can't know whether this fixes it."),
    PredictedEffect.UNSEEN: (
        "error",
        "We can't know whether this fixes it: only the pasted response shows the problem.",
    ),
}
ORG_UNKNOWN = "Whether the org has changed since this run."
CALL_UNKNOWN = (
    "What the changed call returns: nobody has sent it. A pasted response belongs to the call before the change and is left "
    "out."
)


@dataclass(frozen=True)
class NamedChange:
    """A change, or the changes of one fix, with names for IDs. `query` has the changes that its link leads to."""

    sentence: str
    query: str
    changes: tuple[PlannedChange, ...]


@dataclass(frozen=True)
class WhatIfPage:
    """`fixes` are the smallest sets of changes that fix the call. `problem` is the reason why there is no prediction.

    `verdict` is that of the run without changes, by today's checks.
    """

    problem: str = ""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[NamedChange, ...] = ()
    prediction: Prediction | None = None
    chain: tuple[ChainNode, ...] = ()
    fixes: tuple[NamedChange, ...] = ()
    known: KnownNames = field(default_factory=KnownNames)

    @property
    def effect(self) -> tuple[str, str]:
        return EFFECTS[self.prediction.effect] if self.prediction else ("", "")

    @property
    def is_wrong(self) -> bool:
        return bool(self.verdict.get("cause") != causes.NONE)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What can't be known about the prediction."""
        if self.prediction is None:
            return ()
        of_call = () if self.prediction.effect == PredictedEffect.NONE else (CALL_UNKNOWN,)
        return (*self.prediction.unknown, ORG_UNKNOWN, *of_call)

    @property
    def permissions(self) -> tuple[str, ...]:
        return (*STARTING, *READS)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(change.to_text() for change in self.prediction.changes) if self.prediction else ()


def read_changes(texts: Iterable[str]) -> tuple[PlannedChange, ...]:
    """The changes in the query string. Secrets in them are masked; what can't be read is left out."""
    found = [change.masked() for text in list(texts)[:MOST_CHANGES] if (change := PlannedChange.from_text(text))]
    return tuple(dict.fromkeys(change for change in found if not change.problem))


def changes_query(changes: Iterable[PlannedChange]) -> str:
    return urlencode([("change", change.to_text()) for change in changes])


def what_if_page(run: Run, changes: tuple[PlannedChange, ...]) -> WhatIfPage:
    region = region_of_run(run)
    if run.is_open:
        return WhatIfPage(problem="The run hasn't ended yet.")
    if region is None:
        return WhatIfPage(problem=f"The region {region_key_of(run)} is no longer configured.")
    predictor = Predictor(stored_run(run), region, current_contract(region.key))
    if predictor.problem:
        return WhatIfPage(problem=predictor.problem)
    known = known_names(predictor.stored.exchanges)
    fixes = [
        NamedChange(" ".join(_named(change, known).sentence for change in fix), changes_query(fix), fix)
        for fix in smallest_change(predictor)
    ]
    page = WhatIfPage(fixes=tuple(fixes), verdict=predictor.now.verdict, known=known)
    if not changes:
        return page
    prediction = predictor.predict(changes)
    named = []
    for change in changes:
        others = changes_query(other for other in changes if other != change)
        named.append(NamedChange(_named(change, known).sentence, others, (change,)))
    nodes = chain(prediction.findings, prediction.verdict)
    return replace(page, changes=tuple(named), prediction=prediction, chain=nodes)


def _named(change: PlannedChange, known: KnownNames) -> PlannedChange:
    """The change with names for the IDs of deployments and divisions, for its sentence."""
    if change.kind in OF_DEPLOYMENTS:
        return replace(change, of=known.deployments.get(change.of, change.of))
    if change.kind in (ChangeKind.ADD_DIVISION, ChangeKind.REMOVE_DIVISION):
        return replace(change, value=known.divisions.get(change.value, change.value))
    if change.kind == ChangeKind.ADD_ROLE:
        return replace(change, of=known.divisions.get(change.of, change.of))
    return change
