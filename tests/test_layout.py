"""The tree keeps its order. Which package may import which is in pyproject.toml, checked by import-linter."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# They take values and return values, so that they can be used and tested without Django or a database.
PURE = ("text", "genesys", "redaction", "parsing", "claims", "checks", "engine", "comparison")
# Modules that may lie loose in diagnostics/.
LOOSE = {"apps", "models", "product", "tasks", "urls"}
# Files of diagnostics/checks that hold no check.
NO_CHECK = {"base", "deployment_offer", "net", "outcomes", "probes", "provider_ids"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
# module -> why its functions must import late
IMPORTS_IN_FUNCTIONS: dict[str, str] = {
    "diagnostics.apps": "Django allows models and checks to be imported only once its apps are ready",
    "diagnostics.demo.stand_in": "a command that asks a real org starts without loading the demo orgs",
}
WITHOUT_DJANGO = """
import importlib, sys
sys.modules["django"] = None
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def modules(folder: str) -> list[Path]:
    found = (PROJECT / folder).rglob("*.py")
    return sorted(path.relative_to(PROJECT) for path in found if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def tree(path: Path) -> ast.Module:
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Full module names, also of modules taken from a package by `from package import module`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                place = PROJECT / whole.replace(".", "/")
                yield whole if place.is_dir() or place.with_suffix(".py").exists() else str(node.module)


DIAGNOSTICS = modules("diagnostics")
CONFIG = modules("config")
ALL = [*DIAGNOSTICS, *CONFIG, *modules("tests"), Path("manage.py")]


def test_few_modules_lie_loose() -> None:
    loose = {path.stem for path in (PROJECT / "diagnostics").glob("*.py")} - {"__init__"}
    assert loose <= LOOSE


def test_pure_packages_work_without_django() -> None:
    names = [name_of(path) for path in DIAGNOSTICS if path.parts[1] in PURE]
    assert names
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, *names], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_one_check_alone_names_the_call_that_writes() -> None:
    named = {
        name_of(path)
        for path in [*DIAGNOSTICS, *CONFIG]
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr == "offer_session")
        or (isinstance(node, ast.Constant) and node.value == "offer_session")
        or (isinstance(node, ast.Name) and node.id == "offer_session")
    }
    assert named == {"diagnostics.checks.session"}


def test_the_client_of_the_api_sends_two_kinds_of_post_and_no_other_write() -> None:
    path = Path("diagnostics/genesys/client.py")
    methods = [
        node.args[0].value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "_send"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(str(each) for each in methods) == ["GET", "POST", "POST"]


def test_checks_do_not_import_one_another() -> None:
    areas = {name_of(path): path for path in DIAGNOSTICS if path.parts[1] == "checks" and path.stem not in NO_CHECK}
    assert len(areas) > 10
    for name, path in areas.items():
        assert {module for module in imports(path) if module in areas} - {name} == set(), path


def test_only_commands_import_the_supervisor() -> None:
    for path in DIAGNOSTICS:
        if path.parts[1] != "management":
            known = {module for module in imports(path) if module.split(".")[0] == "config"}
            assert known - {"config.migrations"} == set(), path


def test_the_product_imports_nothing_of_its_tests() -> None:
    for path in [*DIAGNOSTICS, *CONFIG]:
        assert [module for module in imports(path) if module.split(".")[0] == "tests"] == [], path


@pytest.mark.parametrize("path", ALL, ids=str)
def test_imports_stand_at_the_top(path: Path) -> None:
    if name_of(path) in IMPORTS_IN_FUNCTIONS:
        return
    inside = [
        node.lineno
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


@pytest.mark.parametrize("path", ALL, ids=str)
def test_a_module_opens_with_a_sentence_and_has_a_name_of_its_own(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    body = tree(path).body
    assert not body or ast.get_docstring(ast.Module(body, [])), "a module opens with one line that says what it is"


def test_every_check_file_has_its_tests() -> None:
    files = {path.stem for path in (PROJECT / "diagnostics/checks").glob("*.py")} - {"__init__", "base"}
    tests = {path.stem.removeprefix("test_") for path in (PROJECT / "tests/checks").glob("test_*.py")}
    assert files - tests - {"outcomes"} == set()


def test_every_file_of_views_has_its_tests() -> None:
    for views in (PROJECT / "diagnostics").rglob("views"):
        package = views.relative_to(PROJECT / "diagnostics")
        tests = {path.stem.removeprefix("test_") for path in (PROJECT / "tests" / package).glob("test_*.py")}
        assert {path.stem for path in views.glob("*.py")} - {"__init__"} - tests == set(), package
