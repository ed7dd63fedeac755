"""One of the two runs of a comparison, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.facts import OrgFacts
from diagnostics.engine.finding import AnyFinding
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim


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
        return _texts(self.verdict.get("also"))

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
        named = (*_texts(self.verdict.get("because")), *_texts(self.verdict.get("supported_by")))
        by_anchor = {finding.anchor: finding for finding in self.findings}
        found = (by_anchor[anchor] for anchor in named if anchor in by_anchor)
        return tuple(finding for finding in found if finding.outcome != "pass")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
