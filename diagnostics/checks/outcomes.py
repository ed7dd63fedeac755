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
    Outcome.PASS: "Passed",
    Outcome.WARN: "Warning",
    Outcome.FAIL: "Failed",
    Outcome.SKIP: "Skipped",
    Outcome.ERROR: "Inconclusive",
}

MEANINGS = {
    Outcome.PASS: "no problem found",
    Outcome.WARN: "may cause a problem",
    Outcome.FAIL: "a problem that has to be fixed",
    Outcome.SKIP: "not checked, because something it needs is missing",
    Outcome.ERROR: "checked, but the result isn't clear",
}
