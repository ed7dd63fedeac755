"""One run as the comparison sees it: plain values, wherever they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.finding import Finding
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim


@dataclass(frozen=True)
class Side:
    """`environment` is {} where the run kept none; `cause` is "" where there is no verdict, or none yet."""

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
    findings: tuple[Finding, ...] = ()

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
        """Nothing wrong, as far as was asked: a branch that is right is no run that is right."""
        return self.cause == causes.NONE and not self.branch

    @property
    def asked(self) -> frozenset[str]:
        return frozenset(self.planned) | {each.check_id for each in self.findings}

    @property
    def also(self) -> tuple[str, ...]:
        return _texts(self.verdict.get("also"))

    @property
    def aim(self) -> Aim | None:
        """What the call is after, read by the bundled contract: good enough to name a provider and a path."""
        if self.inputs.call is None:
            return None
        return read_aim(self.inputs.call, self.inputs.conversation_id, bundled())

    def deciding(self) -> tuple[Finding, ...]:
        """The findings that the verdict names and that are not right."""
        named = _texts(self.verdict.get("because"))
        by_anchor = {each.anchor: each for each in self.findings}
        found = (by_anchor[anchor] for anchor in named if anchor in by_anchor)
        return tuple(each for each in found if each.outcome != "pass")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()
