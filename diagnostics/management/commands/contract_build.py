"""Builds the bundled contract from the source of the official Python SDK, which is parsed, not imported."""

import ast
import importlib.metadata
import json
import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from diagnostics.genesys import contract
from diagnostics.genesys.operation import Operation, camel_case, snake_case
from diagnostics.management.base import ProductCommand

PACKAGE = "PureCloudPlatformClientV2"
NOTES = contract.BUNDLED.with_name("contract_notes.json")
HOW_TO_INSTALL = f"Install the development packages, which hold {PACKAGE}: uv sync --group dev"

# Phrases in the SDK's docstrings.
PREVIEW = "is a preview method and is subject to"
NO_CLIENT_CREDENTIALS = "not valid when using the Client Credentials OAuth grant"


class Command(ProductCommand):
    help = (
        "Rebuild the bundled table of published operations from the installed official Python SDK "
        "(a development package) and the notes kept beside it. The same input gives the same bytes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--date", help="release date of that SDK version, YYYY-MM-DD; not needed if the version is unchanged"
        )
        parser.add_argument("--output", type=Path, default=contract.BUNDLED, help="file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        version, folder = installed_sdk()
        published = publication_day(options["date"], version)
        operations = with_notes(read_sdk(folder), json.loads(NOTES.read_text(encoding="utf-8")))
        output: Path = options["output"]
        output.write_bytes(document(operations, version, published))
        self.stdout.write(f"{len(operations)} operations of SDK {version} ({published}) written to {output}.")


def installed_sdk() -> tuple[str, Path]:
    """The version of the SDK and the folder of its Api classes. Raises CommandError if it is not installed."""
    try:
        package = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise CommandError(f"{PACKAGE} isn't installed. {HOW_TO_INSTALL}") from None
    folder = Path(str(package.locate_file(f"{PACKAGE}/apis")))
    if not folder.is_dir():
        raise CommandError(f"{PACKAGE} {package.version} has no folder apis at {folder}. {HOW_TO_INSTALL}")
    return package.version, folder


def publication_day(option: str | None, version: str) -> str:
    """The publication date of the SDK. The package does not contain it, so it is given once per version."""
    if option:
        try:
            return date.fromisoformat(option).isoformat()
        except ValueError:
            raise CommandError(f"--date is {option!r}. Use YYYY-MM-DD.") from None
    if contract.BUNDLED.exists() and contract.bundled().version == f"SDK {version}":
        return contract.bundled().date
    raise CommandError(
        f"The bundled table isn't of SDK {version}, and the package doesn't contain its release date. Look it up, and pass "
        "it with --date YYYY-MM-DD."
    )


def read_sdk(folder: Path) -> list[Operation]:
    """Every operation once, ordered by path and method. The SDK has some operations in several classes."""
    operations: dict[tuple[str, str], Operation] = {}
    for file in sorted(folder.glob("*_api.py")):
        for operation in operations_in(file):
            operations[operation.key] = preferred(operations.get(operation.key, operation), operation)
    if not operations:
        raise CommandError(f"No operations found in {folder}. The SDK's layout has changed: adapt this command.")
    return sorted(operations.values(), key=lambda operation: (operation.path, operation.method))


def operations_in(file: Path) -> Iterator[Operation]:
    for class_ in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(class_, ast.ClassDef):
            for method in class_.body:
                if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                    yield sdk_operation(class_.name, method)


def preferred(first: Operation, second: Operation) -> Operation:
    """The same operation in two classes: prefer the class that is named after the path's first segment."""
    segment = first.path.split("/")[3]
    if first.sdk_class.lower().startswith(segment) or not second.sdk_class.lower().startswith(segment):
        return first
    return second


def sdk_operation(class_name: str, method: ast.FunctionDef) -> Operation:
    operation_id = camel_case(method.name)
    if snake_case(operation_id) != method.name:
        raise CommandError(f"{class_name}.{method.name} doesn't match its operation ID {operation_id}.")
    text, assigned = ast.get_docstring(method) or "", dict(assignments(method))
    try:
        path, verb = string_in(assigned["resource_path"]), sent_method(method)
        auth = ast.literal_eval(assigned["auth_settings"])
    except (KeyError, ValueError, IndexError) as error:
        raise CommandError(f"{class_name}.{method.name} isn't laid out as expected ({error!r}).") from error
    return Operation(
        method=verb,
        path=path,
        operation_id=operation_id,
        sdk_class=class_name,
        deprecated=any("deprecated" in ast.unparse(decorator) for decorator in method.decorator_list),
        preview=PREVIEW in text,
        has_body=not is_none(assigned["body_params"]),
        needs_token=bool(auth),
        user_only=NO_CLIENT_CREDENTIALS in text,
        query=tuple(key_of(name) for name in assigned if name.startswith("query_params[")),
        arguments=tuple(argument.arg for argument in method.args.args if argument.arg != "self"),
        summary=" ".join(text.strip().split("\n")[0].split()),
    )


def assignments(method: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Target and value of each assignment in source order, including those inside `if` blocks."""
    for statement in flatten(method.body):
        if isinstance(statement, ast.Assign):
            yield ast.unparse(statement.targets[0]), statement.value


def flatten(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If):
            yield from flatten(statement.body)


def string_in(expression: ast.expr) -> str:
    """The first string of an expression such as '/api/v2/users/me'.replace('{format}', 'json')."""
    strings = [node.value for node in ast.walk(expression) if isinstance(node, ast.Constant)]
    return next(text for text in strings if isinstance(text, str) and text.startswith("/"))


def sent_method(method: ast.FunctionDef) -> str:
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
    sent = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "call_api"]
    return str(ast.literal_eval(sent[0].args[1]))


def is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def key_of(name: str) -> str:
    """pageSize for query_params['pageSize']."""
    return re.sub(r"^\w+\['(.*)'\]$", r"\1", name)


def with_notes(operations: list[Operation], notes: list[dict[str, Any]]) -> list[Operation]:
    """Add permissions and scopes, which the Python SDK does not contain, from the manual notes."""
    notes_by_key = {(note["method"], note["path"]): note for note in notes}
    known = {operation.key: operation.operation_id for operation in operations}
    for key, note in notes_by_key.items():
        if known.get(key) != note["operation_id"]:
            raise CommandError(
                f"{NOTES.name} names {note['operation_id']} ({' '.join(key)}), but the SDK has "
                f"{known.get(key, 'no such operation')}. Correct or remove that note."
            )
    return [annotated(operation, notes_by_key.get(operation.key)) for operation in operations]


def annotated(operation: Operation, note: dict[str, Any] | None) -> Operation:
    facts = {name: note[name] for name in ("permissions", "rule", "scopes", "scopes_status")} if note else {}
    return contract.operation_of(contract.row_of(operation) | facts)


def document(operations: list[Operation], version: str, published: str) -> bytes:
    source = f"{PACKAGE} {version}, the official Python SDK by Genesys (MIT licence); rights from {NOTES.name}"
    return contract.serialize(operations, version=f"SDK {version}", date=published, source=source)
