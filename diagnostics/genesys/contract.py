"""The published contract: every operation of the official API, bundled, loaded once, matched exactly."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from diagnostics.genesys.nearest import Nearness
from diagnostics.genesys.operation import Operation, Rule, ScopesStatus, camel_case
from diagnostics.genesys.path_repairs import Repair, proved_repairs
from diagnostics.genesys.paths import BASE, PathIndex, is_placeholder, is_uuid, split_path, values_in

__all__ = [
    "BASE",
    "Contract",
    "Operation",
    "PathMatch",
    "Repair",
    "Rule",
    "ScopesStatus",
    "bundled",
    "is_placeholder",
    "is_uuid",
    "read",
]

BUNDLED = Path(__file__).with_name("contract.json")


@dataclass(frozen=True)
class PathMatch:
    """What the contract says about one method and path.

    `operation` is the published one, None when there is none for that method; `other_methods` are published for the
    same path. `parameters` holds the decoded values by name, `placeholders` the names of those nobody filled in, and
    `suspicious_parameters` the names of those that read as a word of a path ("chat", "cobrowse") and not as an
    identifier: the path then fits a template, but hardly the one that was meant. `trailing_slash` is true when the
    path fits nothing, and would without its final slash.
    """

    operation: Operation | None = None
    other_methods: tuple[Operation, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    suspicious_parameters: tuple[str, ...] = ()
    trailing_slash: bool = False

    @property
    def path_known(self) -> bool:
        return self.operation is not None or bool(self.other_methods)

    @property
    def template(self) -> str:
        """The published path with its parameter names, "" when the path is not known."""
        published = (*([self.operation] if self.operation else []), *self.other_methods)
        return published[0].path if published else ""


class Contract:
    """A table of operations with its look-ups. `date` is the day its source was published (ISO)."""

    def __init__(
        self, operations: Iterable[Operation], *, version: str, date: str, source: str, sha256: str = ""
    ) -> None:
        self.operations = tuple(operations)
        self.version, self.date, self.source, self.sha256 = version, date, source, sha256

    def __len__(self) -> int:
        return len(self.operations)

    @cached_property
    def _paths(self) -> PathIndex:
        return PathIndex(self.operations)

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], Operation]:
        return {each.key: each for each in self.operations}

    @cached_property
    def _by_id(self) -> dict[str, Operation]:
        return {each.operation_id: each for each in self.operations}

    @cached_property
    def _nearness(self) -> Nearness:
        return Nearness(self.operations)

    def operation(self, method: str, template: str) -> Operation | None:
        """By its published path with the braces in it."""
        return self._by_key.get((method.upper(), template))

    def named(self, name: str) -> Operation | None:
        """By operation id, or by the method name of any SDK: post_conversation_cobrowse, PostConversationCobrowse."""
        camel = camel_case(name) if "_" in name else name[:1].lower() + name[1:]
        return self._by_id.get(camel)

    def match(self, method: str, path: str) -> PathMatch:
        """Exact, after percent-decoding each segment. Published words count in their own case and beat parameters;
        an empty segment is never a value; a final slash makes another path. Any text may be given, nothing raises.
        """
        found = self._paths.operations_at(path)
        if not found:
            bare = path.rstrip("/")
            return PathMatch(trailing_slash=bare != path and bool(self._paths.operations_at(bare)))
        chosen = next((each for each in found if each.method == method.upper()), None)
        parameters, segments = values_in(chosen or found[0], path), split_path(path)
        return PathMatch(
            operation=chosen,
            other_methods=tuple(each for each in found if each is not chosen),
            parameters=parameters,
            placeholders=tuple(name for name, value in parameters.items() if is_placeholder(value)),
            suspicious_parameters=tuple(
                name for name, value in parameters.items() if self._paths.reads_as_a_word(name, value, segments)
            ),
        )

    def normalise(self, path: str) -> tuple[Repair, ...]:
        """The smallest repairs that would make the path a published one, each proved by a match; () when none does.

        A match with a suspicious parameter proves nothing: /conversations/cobrowse does not only lack its prefix.
        """
        return proved_repairs(self._paths, path, self._is_plausible)

    def _is_plausible(self, path: str) -> bool:
        found = self.match("", path)
        return found.path_known and not found.suspicious_parameters

    def nearest(self, method: str, path: str, n: int = 3) -> tuple[Operation, ...]:
        """The published operations most like the call, best first; () when none shares a word with it."""
        return self._nearness.nearest(method, path, n)


@cache
def bundled() -> Contract:
    """The contract that comes with the product."""
    return read(BUNDLED.read_bytes())


def read(document: bytes) -> Contract:
    """The contract out of the generator's document; its sha256 is that of the very bytes."""
    table = json.loads(document)
    operations = [operation_of(row) for row in table["operations"]]
    checksum = hashlib.sha256(document).hexdigest()
    return Contract(operations, version=table["version"], date=table["date"], source=table["source"], sha256=checksum)


def written(operations: Iterable[Operation], *, version: str, date: str, source: str) -> bytes:
    """The document that `read` reads: one operation a line, so that a newer contract shows as a readable difference."""
    head = {"version": version, "date": date, "source": source}
    rows = ",\n".join(_compact(row_of(each)) for each in operations)
    return f'{_compact(head)[:-1]},"operations":[\n{rows}\n]}}\n'.encode()


def row_of(operation: Operation) -> dict[str, Any]:
    """The fields that differ from their default, lists for tuples."""
    values = ((each, getattr(operation, each.name)) for each in fields(operation))
    return {each.name: value for each, value in values if each.default is MISSING or value != each.default}


def operation_of(row: dict[str, Any]) -> Operation:
    """Rows leave out what is default and hold JSON lists; names are those of the fields."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Operation(**values)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
