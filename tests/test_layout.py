"""The tree keeps its order: who may import whom, what files are called, and that each check has its test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# A room may import rooms of rows above its own, and itself.
ROWS: list[set[str]] = [
    {"clean_text", "time_budget"},
    {"text_windows"},
    {
        "acting",
        "announced_secrets",
        "badge",
        "outcomes",
        "own_text",
        "passwords",
        "personal_data",
        "causes",
        "junit",
        "masks",
        "net",
        "product",
        "provider_ids",
        "rules",
        "otel",
        "run_json",
        "sealed_files",
        "secret_shapes",
        "time_ranges",
        "timetable",
        "traces",
    },
    {
        "carried",
        "clean_requests",
        "escaped_text",
        "explanations",
        "hosts",
        "named_values",
        "request_log",
        "stored_text",
    },
    {"blocks", "cause_chart", "kept", "masker", "genesys", "compare", "flips", "plan_preview"},
    {"leaks", "outgoing", "recurrence", "redact"},
    {"log_lines"},
    {"calls", "orgs"},
    {"inputs", "uploads", "claims", "checks.base", "verdict"},
    {"checks.*", "runner", "snippets"},
    {"mend", "environment", "marks", "comparison"},
    {"engine", "handbook"},
    {"rejudge", "rights"},
    {"alerts", "standing"},
    {"mail", "fields"},
    {"models", "index_building"},
    {"sight"},
    {"run_filters"},
    {"queries", "report", "http", "known_browsers", "outages"},
    {"exports", "metrics"},
    {"services", "access"},
    {"idle_sessions", "late_tick", "readiness", "sign_in", "throttling"},
    {"tasks", "forms", "people", "reauthentication", "templatetags", "demo"},
    {"api", "evaluation", "bench"},
    {"views", "commands"},
    {"urls"},
]
RANK = {room: row for row, rooms in enumerate(ROWS) for room in rooms}
# They take values and give values, so that they can be judged without a database.
KNOW_NO_DATABASE = {room for row in ROWS[: RANK["models"]] for room in row} - {"fields"}
# Outside the rows: wires the others together, or is empty.
UNRANKED = {"apps", "diagnostics", "checks", "migrations"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "util", "helper"}
# module -> why its functions must import late
IMPORTS_IN_FUNCTIONS: dict[str, str] = {
    "diagnostics.apps": "Django allows models and checks to be imported only once its apps are ready",
    "diagnostics.demo.standin": "a command that asks a real org starts without loading the demo orgs",
}


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


def room_of(module: str) -> str:
    first, *rest = module.split(".")
    if first != "diagnostics":
        return first
    if not rest:
        return "diagnostics"
    if rest[0] == "checks":
        return "checks" if len(rest) == 1 else "checks.base" if rest[1] == "base" else "checks.*"
    return "commands" if rest[0] == "management" else rest[0]


DIAGNOSTICS = modules("diagnostics")
CONFIG = modules("config")
ALL = [*DIAGNOSTICS, *CONFIG, *modules("tests"), Path("manage.py")]


def test_every_room_has_a_row() -> None:
    assert {room_of(name_of(path)) for path in DIAGNOSTICS} - set(RANK) - UNRANKED == set()


@pytest.mark.parametrize("path", DIAGNOSTICS, ids=str)
def test_arrows_point_upwards(path: Path) -> None:
    here = room_of(name_of(path))
    if here in UNRANKED:
        return
    wrong = [
        module
        for module in imports(path)
        if module.startswith("diagnostics.")
        and room_of(module) != here
        and RANK.get(room_of(module), len(ROWS)) >= RANK[here]
    ]
    assert wrong == [], f"{here} may import only rooms in rows above its own"


@pytest.mark.parametrize("path", DIAGNOSTICS, ids=str)
def test_pure_rooms_know_no_database(path: Path) -> None:
    if room_of(name_of(path)) in KNOW_NO_DATABASE:
        assert [module for module in imports(path) if module.startswith("django.db")] == []


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


def test_checks_do_not_know_one_another() -> None:
    areas = [path for path in DIAGNOSTICS if room_of(name_of(path)) == "checks.*"]
    assert areas
    for path in areas:
        assert [module for module in imports(path) if room_of(module) == "checks.*"] == [], path


def test_only_commands_know_the_parts_of_the_machine() -> None:
    for path in DIAGNOSTICS:
        if room_of(name_of(path)) != "commands":
            known = {module for module in imports(path) if module.split(".")[0] == "config"}
            assert known - {"config.migrations"} == set(), path


def test_settings_and_parts_know_nothing_of_the_product() -> None:
    for path in CONFIG:
        assert [module for module in imports(path) if module.split(".")[0] == "diagnostics"] == [], path


def test_the_product_knows_nothing_of_its_tests() -> None:
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
def test_names_say_what_is_inside_and_a_sentence_opens(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    body = tree(path).body
    assert not body or ast.get_docstring(ast.Module(body, [])), "a module opens with one line that says what it is"


@pytest.mark.parametrize("room", ["checks", "views"])
def test_every_file_of_a_room_has_its_tests(room: str) -> None:
    files = {path.stem for path in (PROJECT / "diagnostics" / room).glob("*.py")} - {"__init__", "base"}
    tests = {path.stem.removeprefix("test_") for path in (PROJECT / "tests" / room).glob("test_*.py")}
    assert files - tests == set()
