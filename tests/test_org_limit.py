"""Every query behind a page or an API response is limited to the orgs that a person may see.

A function that reads rows of an org passes them through one of the `visible_...` functions, or is listed here with the
reason why it needs no limit. tests/test_attacks.py opens every address as somebody from another org.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# Models whose rows belong to one client or org.
OF_AN_ORG = {
    "ConfigurationSync", "Delivery", "Exchange", "Finding", "HeldPermission", "Incident", "Issue", "IssueNote",
    "OAuthClient", "OrgChange", "Provider", "Run", "Schedule", "Watch",
}  # fmt: skip
# Modules that answer requests of people.
REQUEST_SIDE = ("views", "forms", "queries", "api", "pages")
# "package.module.function" -> why it needs no limit of its own.
UNLIMITED: dict[str, str] = {}


def request_modules() -> Iterator[Path]:
    for path in sorted((PROJECT / "diagnostics").rglob("*.py")):
        parts = path.relative_to(PROJECT / "diagnostics").with_suffix("").parts
        if "bench" not in parts and any(part in REQUEST_SIDE for part in parts):
            yield path


def functions_with_queries() -> Iterator[tuple[str, ast.AST]]:
    for path in request_modules():
        module = ".".join(path.relative_to(PROJECT / "diagnostics").with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and reads_rows(node):
                yield f"{module}.{node.name}", node


def reads_rows(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id in OF_AN_ORG
        for node in ast.walk(function)
    )


def is_limited(function: ast.AST) -> bool:
    names = [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    return any(name.startswith("visible_") for name in names)


QUERIES = dict(functions_with_queries())


@pytest.mark.parametrize("name", QUERIES)
def test_rows_of_an_org_are_limited_to_who_may_see_it(name: str) -> None:
    assert is_limited(QUERIES[name]) or name in UNLIMITED, f"{name} reads rows of an org without a visible_ function"


def test_no_listed_function_is_gone_or_limited_meanwhile() -> None:
    assert {name for name in UNLIMITED if name not in QUERIES or is_limited(QUERIES[name])} == set()
