"""Mutation testing of the rows in engine/rules.py, which mutmut doesn't change because they are no functions.

    uv run --group dev python -m tests.rule_mutation [--sample 100] [--seed 1]

Leaves out a row, one of its codes or exceptions, turns its certainty around, or moves it behind the next row. Each change
runs in a process of its own with the tests of the verdict. Prints what no test noticed.
"""

import argparse
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.engine import rivals, rules, verdict

TABLES = ("RULES", "DEPARTURES", "PROBLEM_RULES")
TESTS = ("tests/engine/test_verdict.py", "tests/engine/test_look_alikes.py", "tests/demo/test_scenarios.py")
OTHER_CERTAINTY = {"proved": "likely", "likely": "proved"}


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--sample", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args(arguments)
    every = list(changed_tables())
    names = random.Random(chosen.seed).sample(every, min(chosen.sample, len(every)))
    survived = []
    for name, table, rows in names:
        if not is_noticed(table, rows):
            survived.append(name)
            print(name, flush=True)
    print(f"{len(names) - len(survived)} of {len(names)} changes of {len(every)} were noticed, seed {chosen.seed}.")
    return 0


def changed_tables() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """What was changed, the name of the table, and all its rows after the change."""
    for table in TABLES:
        rows = getattr(rules, table)
        for at, row in enumerate(rows):
            name = f"{table} {at}, {row.cause}"
            before, after = rows[:at], rows[at + 1 :]
            yield f"{name}: left out", table, (*before, *after)
            for what, changed in changed_rows(row):
                yield f"{name}: {what}", table, (*before, changed, *after)
            if after and after[0].cause != row.cause:
                yield f"{name}: behind the next", table, (*before, after[0], row, *after[1:])


def changed_rows(row: Any) -> Iterator[tuple[str, Any]]:
    is_problem = isinstance(row, rules.ProblemRule)
    change = row._replace if is_problem else lambda **fields: replace(row, **fields)
    for field in ("problems", "proof") if is_problem else ("codes", "unless"):
        items = getattr(row, field)
        for item in items if len(items) > 1 or field in ("unless", "proof") else ():
            yield f"without {item}", change(**{field: tuple(each for each in items if each != item)})
    if is_problem:
        yield "alone turned around", change(alone=not row.alone)
    else:
        yield "certainty turned around", change(certainty=OTHER_CERTAINTY[row.certainty])


def is_noticed(table: str, rows: tuple[Any, ...]) -> bool:
    child = os.fork()
    if child == 0:
        for module in (rules, verdict, rivals):
            if hasattr(module, table):
                setattr(module, table, rows)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        os._exit(int(pytest.main(["-x", "-q", *TESTS])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
