"""Names of our own: everyday words that say little in place of a standard term are refused."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# Verbs of speech and riddles that earlier names were made of. "outcome", "result", "stored" and "problem" say more.
BANNED = frozenset(
    re.split(
        r"\s+",
        "anew beside brought heard kept lain mend mended mending mends met rung said say says stand standing standings "
        "stands stretch taken tell tells told touch touched touches trouble troubles whoever whom",
    )
)
# Fine as a part of a name ("last_seen_at"); on its own it doesn't say what was seen.
BANNED_ALONE = frozenset({"seen"})
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
CSS_CLASS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")
CLASS_ATTRIBUTE = re.compile(r'\bclass="([^"]*)"')
TEMPLATE_TAG = re.compile(r"\{[{%].*?[%}]\}")


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.split(r"[^A-Za-z]+|(?<=[a-z0-9])(?=[A-Z])", name) if word]


def is_refused(name: str) -> bool:
    words = words_of(name)
    return not BANNED.isdisjoint(words) or (len(words) == 1 and words[0] in BANNED_ALONE)


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names that the module defines, with their lines: also of parameters, attributes and local variables."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.ImportFrom(names=aliases) | ast.Import(names=aliases):
                yield from ((node.lineno, alias.asname) for alias in aliases if alias.asname)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr=method), args=[ast.Constant(value=str(event)), *_]
            ) if method in LOG_METHODS:
                yield node.lineno, event


def modules(*folders: str) -> list[Path]:
    paths = (path for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    return sorted(path.relative_to(PROJECT) for path in paths if "migrations" not in path.parts)


def refused_names(path: Path) -> list[str]:
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    lines = [f"{path}:{line} {name}" for line, name in defined_names(tree) if is_refused(name)]
    return [*([f"{path}"] if any(is_refused(part) for part in path.with_suffix("").parts) else []), *lines]


@pytest.mark.parametrize("folder", ["diagnostics", "config", "tests"])
def test_code_uses_standard_terms(folder: str) -> None:
    assert [name for path in modules(folder) for name in refused_names(path)] == []


def test_templates_and_css_classes_use_standard_terms() -> None:
    css = (PROJECT / "static/app.css").read_text(encoding="utf-8")
    classes = set(CSS_CLASS.findall(css))
    files = list((PROJECT / "templates").rglob("*.html"))
    for file in files:
        for value in CLASS_ATTRIBUTE.findall(file.read_text(encoding="utf-8")):
            classes |= set(TEMPLATE_TAG.sub(" ", value).split())
    assert len(classes) > 100 and len(files) > 100
    assert [name for name in sorted(classes) if is_refused(name)] == []
    assert [str(file) for file in files if is_refused(str(file.relative_to(PROJECT / "templates")))] == []


def test_a_module_that_is_named_or_defines_a_name_in_riddles_is_refused() -> None:
    source = "def said_so(whom):\n    self.kept = 1\n    log.info('what was told')\n    last_seen_at = seen = 2\n"
    found = [name for _, name in defined_names(ast.parse(source)) if is_refused(name)]
    assert sorted(found) == ["kept", "said_so", "seen", "what was told", "whom"]
