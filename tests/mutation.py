"""Mutation testing of the verdict, the parsing and the checks: changes the code in small ways, and counts who notices.

    uv run tests/mutation.py --sample 400 [--seed 1] [--minutes 60] [--jobs 2] [--again]

mutmut makes the mutants and runs the tests of each one (`[tool.mutmut]` in pyproject.toml). A third of the sample comes
from each area. Mutants that change only the wording of a sentence are left out, because tests assert codes, not wording.
Prints a report in Markdown; diagnostics/decisions/mutation-testing.md keeps the last one. The first run takes two minutes
more, to make the mutants in the folder `mutants` and to learn which test runs which function.

A run that was stopped continues where it was: a mutant with a result isn't run again. After you have written tests, `--again`
runs those that survived. Delete `mutants` to start over.
"""

import argparse
import ast
import difflib
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from pathlib import Path
from statistics import fmean

import pytest

PROJECT = Path(__file__).resolve().parent.parent
MUTANTS = PROJECT / "mutants"
AREAS = {
    "verdict": ("engine/verdict.py", "engine/explanations.py", "engine/rivals.py", "engine/chain.py"),
    "parsing": ("parsing/",),
    "checks": ("checks/",),
}
LONGEST = 20  # seconds; a mutant whose tests take longer counts as survived if none of these kills it
ANY = "diagnostics.engine.verdict.x__proved__mutmut_1"  # one mutant, so that mutmut makes all of them
SURVIVED, NO_TEST, NOT_RUN = "survived", "no test", "not run"
RESULTS = {None: NOT_RUN, 0: SURVIVED, 2: NOT_RUN, 5: NO_TEST, 33: NO_TEST, 34: NOT_RUN}


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--sample", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--again", action="store_true", help="also run the mutants that survived before")
    options.add_argument("--report", action="store_true", help="only print the report of the sample that was run")
    chosen = options.parse_args(arguments)
    os.chdir(PROJECT)
    if not chosen.report and not (MUTANTS / "mutmut-stats.json").exists():
        mutmut([ANY], chosen.jobs, 3600)
    names = sample(chosen.sample, chosen.seed)
    wanted = [NOT_RUN, SURVIVED, NO_TEST] if chosen.again else [NOT_RUN]
    found = results()
    waiting = [name for name in names if found[name] in wanted]
    if waiting and not chosen.report:
        mutmut(waiting, chosen.jobs, chosen.minutes * 60)
    print("\n".join(report(names, chosen.seed)))
    return 0


def mutmut(names: list[str], jobs: int, seconds: float) -> None:
    """Runs the tests for each of these mutants. When the time is over it stops, and the results stay."""
    uv = os.environ.get("UV", "uv")
    command = [uv, "run", "--group", "dev", "--group", "mutation", "mutmut", "run", "--max-children", str(jobs), *names]
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the quickest files first, so that most mutants are killed within a second, and of a mutant's tests at most
    LONGEST seconds. mutmut loads this file as a plugin."""
    stats = Path("mutmut-stats.json")
    seconds = json.loads(stats.read_text())["duration_by_test"] if stats.exists() else {}
    by_file: dict[Path, list[float]] = {}
    for item in items:
        by_file.setdefault(item.path, []).append(seconds.get(item.nodeid, 0))
    items.sort(key=lambda item: (fmean(by_file[item.path]), item.path))
    if "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", ""):
        ends = accumulate(seconds.get(item.nodeid, 0) for item in items)
        items[:] = [item for item, end in zip(items, ends, strict=True) if end <= LONGEST]


def sample(size: int, seed: int) -> list[str]:
    """As many mutants of each area, always the same for a seed."""
    chosen: list[str] = []
    for place, folders in enumerate(AREAS.values()):
        known = [
            name
            for path in sorted((MUTANTS / "diagnostics").rglob("*.py.meta"))
            if str(path.relative_to(MUTANTS / "diagnostics")).startswith(folders)
            for name in sorted(json.loads(path.read_text())["exit_code_by_key"])
        ]
        random.Random(seed).shuffle(known)
        wanted = size // len(AREAS) + (place < size % len(AREAS))
        chosen += [name for name, _ in zip((name for name in known if difference(name)), range(wanted), strict=False)]
    return chosen


def report(names: list[str], seed: int) -> Iterator[str]:
    every = results()
    found_of = {name: every[name] for name in names}
    yield f"Sample of {len(names)} mutants, seed {seed}, {datetime.now(UTC):%d %b %Y}."
    yield "\n| area | run | killed | survived | without a test |\n|---|---|---|---|---|"
    for area, folders in (*AREAS.items(), ("all", ("",))):
        counts = Counter(each for name, each in found_of.items() if str(file_of(name)).startswith(folders))
        run = counts.total() - counts[NOT_RUN]
        killed = run - counts[SURVIVED] - counts[NO_TEST]
        share = f" ({killed / run:.1%})" if run else ""
        yield f"| {area} | {run} | {killed}{share} | {counts[SURVIVED]} | {counts[NO_TEST]} |"
    for name, found in found_of.items():
        if found in (SURVIVED, NO_TEST):
            yield f"\n`{name}` ({found})\n\n```diff\n{difference(name)}\n```"


def results() -> dict[str, str]:
    """The result of every mutant by its name."""
    found: dict[str, str] = {}
    for path in (MUTANTS / "diagnostics").rglob("*.py.meta"):
        codes = json.loads(path.read_text())["exit_code_by_key"]
        found |= {name: RESULTS.get(code, "killed") for name, code in codes.items()}
    return found


def file_of(name: str) -> Path:
    """The module's file, below `diagnostics`."""
    module = name.rpartition(".")[0].removeprefix("diagnostics.")
    return Path(f"{module.replace('.', '/')}.py")


def difference(name: str) -> str:
    """The lines that the mutant changes; "" if it only changes the wording of a sentence."""
    functions = functions_of(file_of(name))
    mangled = name.rpartition(".")[2]
    original, mutant = functions[re.sub(r"__mutmut_\d+$", "__mutmut_orig", mangled)], functions[mangled]
    if without_wording(original) == without_wording(mutant):
        return ""
    before, after = (
        [line for statement in each.body for line in ast.unparse(statement).splitlines()] for each in (original, mutant)
    )
    changed = difflib.unified_diff(before, after, lineterm="", n=0)
    return "\n".join(line for line in changed if not line.startswith(("---", "+++", "@@")))


@cache
def functions_of(file: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((MUTANTS / "diagnostics" / file).read_text())
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def without_wording(function: ast.FunctionDef) -> str:
    """The code of a function, with every text that has a space in it left empty."""
    tree = ast.parse("\n".join(ast.unparse(statement) for statement in function.body))
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [part for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if any(" " in str(text.value) for text in texts):
            for text in texts:
                text.value = ""
    return ast.dump(tree)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
