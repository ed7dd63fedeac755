"""The two runs of a comparison as plain values, and the step from one verdict to the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.facts import OrgFacts
from diagnostics.engine.finding import AnyFinding
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.fields import texts
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim

LONGEST_ANCHOR = 400  # characters


@dataclass(frozen=True)
class Side:
    """`environment` is {} if the run stored none; `cause` is "" if the run has no verdict, or none yet."""

    pk: int
    client_pk: int
    client_name: str
    kind: str
    status: str
    at: datetime
    cause: str = ""
    certainty: str = ""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=Inputs)
    planned: tuple[str, ...] = ()
    branch: str = ""
    target: str = ""
    conversation_id: str = ""
    client_is_retired: bool = False
    findings: tuple[AnyFinding, ...] = ()

    @property
    def name(self) -> str:
        return f"run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status in ("queued", "running")

    @property
    def was_cut_short(self) -> bool:
        return self.status == "interrupted"

    @property
    def is_good(self) -> bool:
        """The run found nothing wrong. A run of one branch is never good, because it says nothing about the rest."""
        return self.cause == causes.NONE and not self.branch

    @property
    def check_ids(self) -> frozenset[str]:
        return frozenset(self.planned) | {finding.check_id for finding in self.findings}

    @property
    def also(self) -> tuple[str, ...]:
        return tuple(texts(self.verdict, "also"))

    @cached_property
    def facts(self) -> OrgFacts:
        return OrgFacts.parse(self.environment)

    @property
    def aim(self) -> Aim | None:
        """The intent of the call according to the bundled contract, which is enough for the provider and the path."""
        if self.inputs.call is None:
            return None
        return read_aim(self.inputs.call, self.inputs.conversation_id, bundled())

    def deciding_findings(self) -> tuple[AnyFinding, ...]:
        """The findings that the verdict is based on, without those that passed."""
        because, supported_by = (
            texts(self.verdict, name, limit=LONGEST_ANCHOR) for name in ("because", "supported_by")
        )
        by_anchor = {finding.anchor: finding for finding in self.findings}
        found = (by_anchor[anchor] for anchor in (*because, *supported_by) if anchor in by_anchor)
        return tuple(finding for finding in found if finding.outcome != "pass")


class StepKind(StrEnum):
    """How the verdict changed."""

    SAME_RUN = "same_run"
    NO_VERDICT = "no_verdict"
    SAME = "same"
    CERTAINTY = "certainty"
    BROKE = "broke"
    FIXED = "fixed"
    OTHER = "other"
    BECAME_UNKNOWN = "became_unknown"
    BECAME_KNOWN = "became_known"


@dataclass(frozen=True)
class VerdictStep:
    """`first` and `second` are in order of time, or, for two clients, the working one comes first."""

    kind: StepKind
    first: Side
    second: Side

    @property
    def is_same_client(self) -> bool:
        return self.first.client_pk == self.second.client_pk


def step_between(a: Side, b: Side) -> VerdictStep:
    first, second = (b, a) if _comes_first(b, a) else (a, b)
    return VerdictStep(_kind(first, second), first, second)


def _comes_first(one: Side, other: Side) -> bool:
    if one.client_pk == other.client_pk:
        return (one.at, one.pk) < (other.at, other.pk)
    return one.is_good and not other.is_good


def _kind(first: Side, second: Side) -> StepKind:
    if first.pk == second.pk:
        return StepKind.SAME_RUN
    for side in (first, second):
        # An interrupted run may be undetermined only because it didn't get far enough.
        if side.is_open or not side.cause or (side.was_cut_short and side.cause == causes.UNDETERMINED):
            return StepKind.NO_VERDICT
    if first.cause == second.cause:
        return StepKind.SAME if first.certainty == second.certainty else StepKind.CERTAINTY
    if second.cause == causes.UNDETERMINED:
        return StepKind.BECAME_UNKNOWN
    if first.cause == causes.UNDETERMINED:
        return StepKind.BECAME_KNOWN
    if first.cause == causes.NONE:
        return StepKind.BROKE
    return StepKind.FIXED if second.cause == causes.NONE else StepKind.OTHER
