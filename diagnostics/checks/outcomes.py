"""The outcomes of a check."""

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome for the org, not the status of the run: a run whose findings all fail is still `finished`."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"

    @property
    def label(self) -> str:
        return LABELS[self]

    @property
    def meaning(self) -> str:
        return MEANINGS[self]


LABELS = {
    Outcome.PASS: "Right",
    Outcome.WARN: "Will bite",
    Outcome.FAIL: "Wrong",
    Outcome.SKIP: "Not asked",
    Outcome.ERROR: "Could not tell",
}

MEANINGS = {
    Outcome.PASS: "this is as it must be",
    Outcome.WARN: "works now, but will cause trouble",
    Outcome.FAIL: "this is wrong",
    Outcome.SKIP: "not asked, because something it needs is missing",
    Outcome.ERROR: "we asked and could not tell",
}
