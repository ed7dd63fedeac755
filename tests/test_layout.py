"""Rules for the layout of the code. Import rules between packages are in pyproject.toml, for import-linter."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# Packages without Django and without a database.
PURE = ("text", "genesys", "redaction", "parsing", "claims", "checks", "engine", "comparison")
# Modules directly in diagnostics/.
TOP_LEVEL_MODULES = {"apps", "models", "product", "tasks", "urls"}
# Modules of diagnostics/checks without checks.
MODULES_WITHOUT_CHECKS = {"base", "deployment_offer", "net", "outcomes", "probes", "provider_ids"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
# Modules with imports inside functions, and the reason.
LOCAL_IMPORTS: dict[str, str] = {
    "diagnostics.apps": "Django allows models and checks to be imported only once its apps are ready",
    "diagnostics.demo.in_process_server": "a command for a real org starts without loading the demo orgs",
    "diagnostics.monitoring.receivers": "commands start without loading incidents and the comparison of runs",
}
INDENTED_IMPORT = re.compile(r"^[ \t]+(?:import|from)\b|:[ \t]*(?:import|from)\b", re.MULTILINE)
WITHOUT_DJANGO = """
import importlib, sys
sys.modules["django"] = None
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def modules(folder: str) -> list[Path]:
    paths = (PROJECT / folder).rglob("*.py")
    return sorted(path.relative_to(PROJECT) for path in paths if "migrations" not in path.parts)


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Full names of the imported modules, including those imported with `from package import module`."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = PROJECT / whole.replace(".", "/")
                yield whole if target.is_dir() or target.with_suffix(".py").exists() else str(node.module)


DIAGNOSTICS = modules("diagnostics")
CONFIG = modules("config")
ALL = [*DIAGNOSTICS, *CONFIG, *modules("tests"), Path("manage.py")]


def test_few_modules_are_outside_packages() -> None:
    top_level = {path.stem for path in (PROJECT / "diagnostics").glob("*.py")} - {"__init__"}
    assert top_level <= TOP_LEVEL_MODULES


def test_pure_packages_work_without_django() -> None:
    names = [module_name(path) for path in DIAGNOSTICS if path.parts[1] in PURE]
    assert names
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, *names], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_tasks_only_call_services_and_send_tasks() -> None:
    """A task's body is calls, and loops and conditions around calls: what it does can be tested without a queue."""
    allowed = (ast.Expr, ast.For, ast.If)
    functions = [node for node in parse(Path("diagnostics/tasks.py")).body if isinstance(node, ast.FunctionDef)]
    tasks = [function for function in functions if any("shared_task" in ast.dump(d) for d in function.decorator_list)]
    assert len(tasks) >= 8
    for task in tasks:
        statements = [node for node in ast.walk(task) if isinstance(node, ast.stmt) and node is not task]
        assert len(statements) <= 4, f"{task.name} does more than call a service"
        assert all(isinstance(node, allowed) for node in statements), f"{task.name} does more than call a service"
        assert not [node for node in ast.walk(task) if isinstance(node, ast.Attribute) and node.attr == "objects"]


def test_only_the_session_check_uses_the_writing_call() -> None:
    named = {
        module_name(path)
        for path in [*DIAGNOSTICS, *CONFIG]
        for node in ast.walk(parse(path))
        if (isinstance(node, ast.Attribute) and node.attr == "offer_session")
        or (isinstance(node, ast.Constant) and node.value == "offer_session")
        or (isinstance(node, ast.Name) and node.id == "offer_session")
    }
    assert named == {"diagnostics.checks.session"}


def test_the_api_client_sends_two_kinds_of_post_and_no_other_write() -> None:
    path = Path("diagnostics/genesys/client.py")
    methods = [
        node.args[0].value
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "_send"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(str(method) for method in methods) == ["GET", "POST", "POST"]


def test_checks_do_not_import_one_another() -> None:
    areas = {
        module_name(path): path
        for path in DIAGNOSTICS
        if path.parts[1] == "checks" and path.stem not in MODULES_WITHOUT_CHECKS
    }
    assert len(areas) > 10
    for name, path in areas.items():
        assert {module for module in imports(path) if module in areas} - {name} == set(), path


def test_only_commands_import_the_supervisor() -> None:
    for path in DIAGNOSTICS:
        if path.parts[1] != "management":
            known = {module for module in imports(path) if module.split(".")[0] == "config"}
            assert known - {"config.migrations"} == set(), path


def test_the_product_does_not_import_tests() -> None:
    for path in [*DIAGNOSTICS, *CONFIG]:
        assert [module for module in imports(path) if module.split(".")[0] == "tests"] == [], path


def test_imports_are_at_the_top() -> None:
    inside = [
        f"{path}:{node.lineno}"
        for path in ALL
        if module_name(path) not in LOCAL_IMPORTS
        and INDENTED_IMPORT.search((PROJECT / path).read_text(encoding="utf-8"))
        for function in ast.walk(parse(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_a_module_has_a_docstring_and_a_specific_name() -> None:
    """A module with code starts with a docstring."""
    assert [str(path) for path in ALL if path.stem in FORBIDDEN_NAMES] == []
    assert [str(path) for path in ALL if (module := parse(path)).body and not ast.get_docstring(module)] == []


def test_every_check_module_has_tests() -> None:
    files = {path.stem for path in (PROJECT / "diagnostics/checks").glob("*.py")} - {"__init__", "base"}
    tests = {path.stem.removeprefix("test_") for path in (PROJECT / "tests/checks").glob("test_*.py")}
    assert files - tests - {"outcomes"} == set()


def test_every_view_module_has_tests() -> None:
    for views in (PROJECT / "diagnostics").rglob("views"):
        package = views.relative_to(PROJECT / "diagnostics")
        tests = {path.stem.removeprefix("test_") for path in (PROJECT / "tests" / package).glob("test_*.py")}
        assert {path.stem for path in views.glob("*.py")} - {"__init__"} - tests == set(), package


def test_a_public_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in [*DIAGNOSTICS, *CONFIG]:
        for node in parse(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path))
    # Django finds the class of a command by its name.
    assert {name: found for name, found in places.items() if len(found) > 1 and name != "Command"} == {}
