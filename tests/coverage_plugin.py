"""Measures which lines of the pure packages their own tests run, in a whole run and with `uv run tests/run.py --coverage`.

Tracing slows tests down, so only the first examples of each are traced (diagnostics/decisions/coverage.md), and those of
large texts and random examples not at all. Only the bodies of functions count: the rest of a module runs when it is
imported. A file that falls below its threshold fails the run, unless EXCEPTIONS names it with the reason.
"""

import ast
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

PACKAGES = ("text", "genesys", "redaction", "parsing", "claims", "checks", "engine", "comparison")
SOURCES = [f"diagnostics/{package}" for package in PACKAGES]
FOLDERS = tuple(f"tests/{package}/" for package in PACKAGES)
UNTRACED = (
    "test_leaks.py",
    "test_secret_journey.py",
    "megabyte",
    "large_text",
    "thousands_of_entries",
    "test_contract_build.py",
    "test_odd_responses.py",
    "five_thousand",
)
LEAST_OF_A_FILE = 80  # percent of the lines in functions
LEAST_OF_ALL = 90
MOST_OF_A_FUNCTION = 40  # examples of one test that are traced
SMALL = 10  # lines; in a smaller file each line would count too much
EXCEPTIONS = {
    "diagnostics/engine/batch_review.py": "tested by the pages and the API of batches: tests/batches, tests/api",
    "diagnostics/genesys/documents/oauth_clients.py": "tested by the page that lists them: tests/orgs/views",
    "diagnostics/genesys/session.py": "a thread closes connections that take too long, and may have begun untraced",
    "diagnostics/comparison/raw.py": "tested by the pages that show it: tests/runs",
    "diagnostics/engine/call_review.py": "tested by the first page: tests/pages/test_diagnose.py",
    "diagnostics/genesys/search.py": "tested by the page of the API reference and the API: tests/orgs, tests/api",
    "diagnostics/checks/base.py": "declares checks while modules are imported",
}
FILES = ".coverage-of-tests"


class Measure:
    """One per process. Processes of pytest-xdist save their data, and the controller combines and judges it."""

    def __init__(self, config: pytest.Config) -> None:
        self.worker = getattr(config, "workerinput", {}).get("workerid", "")
        self.is_controller = not self.worker and bool(getattr(config.option, "numprocesses", None))
        self.data = coverage.Coverage(
            data_file=f"{FILES}/{self.worker or 'main'}", source=SOURCES, config_file=False, messages=False
        )
        self.traced: Counter[str] = Counter()
        self.problems: list[str] = []
        self.percent = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        function = item.nodeid.split("[")[0]
        self.traced[function] += 1
        is_own = item.nodeid.startswith(FOLDERS) and not any(word in item.nodeid for word in UNTRACED)
        is_random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if not is_own or is_random or self.traced[function] > MOST_OF_A_FUNCTION:
            return (yield)
        self.data.start()
        try:
            return (yield)
        finally:
            self.data.stop()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.is_controller:
            self.data.save()
        if self.worker:
            return
        if self.is_controller:
            self.data.combine([str(file) for file in Path(FILES).glob("gw*")], strict=True)
        self.problems, self.percent = judged(self.data)
        if self.problems and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.worker:
            terminalreporter.write_line(f"coverage of the pure packages: {self.percent:.1f} %")
        for problem in self.problems:
            terminalreporter.write_line(f"coverage: {problem}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(FILES, ignore_errors=True)
        Path(FILES).mkdir()
    config.pluginmanager.register(Measure(config))


def judged(data: coverage.Coverage) -> tuple[list[str], float]:
    """What is wrong, and the percentage of all lines in functions."""
    problems, total, total_run = [], 0, 0
    for file in sorted(file for folder in SOURCES for file in Path(folder).rglob("*.py")):
        inside = lines_in_functions(ast.parse(file.read_text(encoding="utf-8")))
        _, statements, _, missing, _ = data.analysis2(str(file))
        lines, run = len(inside & set(statements)), len(inside & set(statements) - set(missing))
        total, total_run = total + lines, total_run + run
        if lines >= SMALL and 100 * run < LEAST_OF_A_FILE * lines and str(file) not in EXCEPTIONS:
            problems.append(f"{file} {100 * run / lines:.0f} %, least {LEAST_OF_A_FILE} %")
    percent = 100 * total_run / total
    if percent < LEAST_OF_ALL:
        problems.append(f"all {percent:.1f} %, least {LEAST_OF_ALL} %")
    return problems, percent


def lines_in_functions(tree: ast.AST) -> set[int]:
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    }
