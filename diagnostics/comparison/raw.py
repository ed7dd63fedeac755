"""The raw difference of two runs: a line diff of their verdicts, environments, inputs and findings as JSON."""

import json
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from diagnostics.comparison.side import Side

MOST_LINES = 3_000  # of one run; the cost of a diff grows faster than the number of lines
LONGEST_LINE = 400
AROUND = 3


@dataclass(frozen=True)
class RawLine:
    """`kind` is `old`, `new`, `place` (a position such as "@@ -1 +1 @@"), or "" for a line that both runs have."""

    kind: str
    text: str


KINDS = {"-": "old", "+": "new", "@": "place"}


def raw_difference(a: Side, b: Side) -> tuple[RawLine, ...]:
    """The lines of a unified diff without its header; () if the runs don't differ."""
    old, new = (_lines(side) for side in (a, b))
    differ = islice(unified_diff(old, new, n=AROUND, lineterm=""), 2, None)  # without the two names
    return tuple(RawLine(KINDS.get(line[:1], ""), line) for line in differ)


def _lines(side: Side) -> list[str]:
    names = ("outcome", "code", "sentence", "check_version", "evidence")
    values = {
        "verdict": {name: value for name, value in side.verdict.items() if name != "fix"},
        "environment": side.environment,
        "inputs": side.inputs.to_json(),
        "findings": {each.anchor: {name: getattr(each, name) for name in names} for each in side.findings},
    }
    text = json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    lines = [line[:LONGEST_LINE] for line in text.splitlines()]
    hidden = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"({hidden:,} more lines)"] if hidden > 0 else lines
