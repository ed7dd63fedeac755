"""A finding: what one check reports about one subject in one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class AnyFinding(Protocol):
    """A finding, whether it is a `FindingResult` or a row of the database (`runs.models.Finding`)."""

    @property
    def check_id(self) -> str: ...
    @property
    def check_version(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def anchor(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def evidence(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class FindingResult:
    """A redacted finding that is not stored yet."""

    check_id: str
    check_version: int
    subject: str
    outcome: str
    code: str
    sentence: str
    hint: str
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """The finding's ID within its run, as a verdict's `because` lists it."""
        return f"{self.check_id}#{self.subject}" if self.subject else self.check_id

    def as_dict(self) -> dict[str, Any]:
        return as_dict(self)


def as_dict(finding: AnyFinding) -> dict[str, Any]:
    """The finding as it appears in the JSON of the command line and the API."""
    return {
        "check": finding.check_id,
        "subject": finding.subject,
        "outcome": finding.outcome,
        "code": finding.code,
        "sentence": finding.sentence,
        "hint": finding.hint,
        "evidence": finding.evidence,
    }
