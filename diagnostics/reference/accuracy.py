"""The page "Accuracy": how often each engine version was right on each set of worked cases, kept in `figures.json`."""

import json
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

FILE = Path(__file__).with_name("figures.json")
TITLE = "Accuracy"
SUMMARY = (
    "How often the engine names the right cause, measured on worked cases: situations of cobrowse calls, each with the "
    "diagnosis that the facts of the API support. Every case runs through the real engine against an org in the state "
    "that the case describes."
)
UNSEEN_NOTE = (
    "An unseen set was written without knowing the engine, and these are the figures of its first run: what to expect of "
    "a new case. Once we have seen a set we fix what it shows, so its later figures only say that nothing was unlearned. "
    "The author of the fourth set knew the rules of engine 2 and aimed at their weaknesses."
)
# Field of Figures -> heading and meaning.
COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "right_first": ("Right first", "The verdict names the right cause, or one that is honestly as good."),
    "wrong_accusations": ("Wrong accusations", "The verdict names a cause that is not the right one."),
    "proved_and_wrong": ("Proven and wrong", "A verdict that claims to be proven and is not right."),
    "healthy_accused": ("Healthy orgs accused", "A cause was named although nothing was wrong."),
    "undetermined": ("Undetermined", "The verdict says that the evidence isn't enough."),
    "brier": (
        "Brier score",
        "How well the certainty fits: the mean square of the distance between what it claims (proven 1, likely 0.8) and "
        "what is true. 0 is best, and up to 0.02 counts as calibrated. Undetermined verdicts claim nothing.",
    ),
}


@dataclass(frozen=True)
class Figures:
    """What one engine version scored on one set of cases. None is what was not recorded."""

    engine: str
    cases_file: str
    unseen: bool
    cases: int
    right_first: int
    right_family: int | None
    wrong_accusations: int | None
    proved_and_wrong: int | None
    healthy: int | None
    healthy_accused: int | None
    undetermined: int | None
    brier: float | None

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Heading and value of each column, in their order."""
        of = {"right_first": self.cases, "healthy_accused": self.healthy}
        values = [(name, getattr(self, name)) for name in COLUMNS]
        return [(COLUMNS[name][0], _text(value, of.get(name))) for name, value in values]


def _text(value: float | None, of: int | None) -> str:
    if value is None:
        return "not recorded"
    return str(value) if of is None else f"{value} of {of}"


def read() -> tuple[Figures, ...]:
    """The newest engine first, and of one engine the unseen sets first."""
    return tuple(Figures(**item) for item in json.loads(FILE.read_text(encoding="utf-8")))


def keep(figures: Figures) -> None:
    """Replaces the figures of the same engine and set, seen or unseen."""
    same = (figures.engine, figures.cases_file, figures.unseen)
    others = [each for each in read() if (each.engine, each.cases_file, each.unseen) != same]
    ordered = sorted([*others, figures], key=lambda each: (-int(each.engine), not each.unseen, each.cases_file))
    lines = ",\n".join(f"  {json.dumps(asdict(each))}" for each in ordered)
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def by_engine() -> list[tuple[str, list[Figures]]]:
    return [(engine, list(group)) for engine, group in groupby(read(), key=lambda each: each.engine)]
