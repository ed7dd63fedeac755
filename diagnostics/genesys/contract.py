"""The published contract: every operation of the official API, and how to look one up."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from diagnostics.genesys.nearest import Nearness
from diagnostics.genesys.operation import Operation, camel_case
from diagnostics.genesys.path_repairs import Repair, find_repairs
from diagnostics.genesys.paths import PathIndex, is_placeholder, split_path, values_in

BUNDLED = Path(__file__).with_name("contract.json")


@dataclass(frozen=True)
class PathMatch:
    """The published operations for one method and path.

    `operation` is None if there is none for that method; `other_methods` are published for the same path. `parameters`
    maps names to decoded values, `placeholders` names those with a placeholder for a value, and `suspicious_parameters`
    those whose value is a word of a path ("chat", "cobrowse") instead of an ID, so that the path probably matched the
    wrong template. `trailing_slash` is true if the path only matches without its final slash.
    """

    operation: Operation | None = None
    other_methods: tuple[Operation, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    suspicious_parameters: tuple[str, ...] = ()
    trailing_slash: bool = False

    @property
    def is_path_published(self) -> bool:
        return self.operation is not None or bool(self.other_methods)

    @property
    def template(self) -> str:
        """The published path with its parameter names, "" if the path isn't published."""
        published = (*([self.operation] if self.operation else []), *self.other_methods)
        return published[0].path if published else ""


class Contract:
    """The operations of one version of the API. `date` is when it was published, in ISO format."""

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
        return {operation.key: operation for operation in self.operations}

    @cached_property
    def _by_id(self) -> dict[str, Operation]:
        return {operation.operation_id: operation for operation in self.operations}

    @cached_property
    def _nearness(self) -> Nearness:
        return Nearness(self.operations)

    @cached_property
    def families(self) -> frozenset[str]:
        """The first segments of the published paths after /api/v2."""
        return frozenset(op.path.split("/")[3] for op in self.operations if op.path.count("/") > 2)

    def operation(self, method: str, template: str) -> Operation | None:
        """By method and published path, with parameters in braces."""
        return self._by_key.get((method.upper(), template))

    def named(self, name: str) -> Operation | None:
        """By operation ID, or by the method name of any SDK: post_conversation_cobrowse, PostConversationCobrowse."""
        camel = camel_case(name) if "_" in name else name[:1].lower() + name[1:]
        return self._by_id.get(camel)

    def match(self, method: str, path: str) -> PathMatch:
        """Match a path exactly, after percent-decoding each segment. Never raises.

        Literal segments are case-sensitive and take precedence over parameters, which can't be empty. A trailing slash
        makes a different path.
        """
        found = self._paths.operations_at(path)
        if not found:
            bare = path.rstrip("/")
            return PathMatch(trailing_slash=bare != path and bool(self._paths.operations_at(bare)))
        matching = next((operation for operation in found if operation.method == method.upper()), None)
        parameters, segments = values_in(matching or found[0], path), split_path(path)
        return PathMatch(
            operation=matching,
            other_methods=tuple(operation for operation in found if operation is not matching),
            parameters=parameters,
            placeholders=tuple(name for name, value in parameters.items() if is_placeholder(value)),
            suspicious_parameters=tuple(
                name for name, value in parameters.items() if self._paths.is_word(name, value, segments)
            ),
        )

    def find_repairs(self, path: str) -> tuple[Repair, ...]:
        """The smallest repairs that turn the path into a published one; () if there are none.

        A match with a suspicious parameter doesn't count: /conversations/cobrowse lacks more than its prefix.
        """
        return find_repairs(self._paths, path, self._is_plausible)

    def _is_plausible(self, path: str) -> bool:
        match = self.match("", path)
        return match.is_path_published and not match.suspicious_parameters

    def nearest(self, method: str, path: str, n: int = 3) -> tuple[Operation, ...]:
        """The published operations most similar to the call, best first; () if none shares a word with it."""
        return self._nearness.nearest(method, path, n)


@cache
def bundled() -> Contract:
    """The contract that ships with the product."""
    return read(BUNDLED.read_bytes())


def read(document: bytes) -> Contract:
    """Parse a document that `serialize` or the generator wrote. `sha256` is the checksum of the document."""
    table = json.loads(document)
    operations = [operation_of(row) for row in table["operations"]]
    checksum = hashlib.sha256(document).hexdigest()
    return Contract(operations, version=table["version"], date=table["date"], source=table["source"], sha256=checksum)


def serialize(operations: Iterable[Operation], *, version: str, date: str, source: str) -> bytes:
    """The document for `read`, with one operation per line, so that a diff of two versions is readable."""
    head = {"version": version, "date": date, "source": source}
    rows = ",\n".join(_compact(row_of(operation)) for operation in operations)
    return f'{_compact(head)[:-1]},"operations":[\n{rows}\n]}}\n'.encode()


def row_of(operation: Operation) -> dict[str, Any]:
    """The fields that differ from their default."""
    values = ((item, getattr(operation, item.name)) for item in fields(operation))
    return {item.name: value for item, value in values if item.default is MISSING or value != item.default}


def operation_of(row: dict[str, Any]) -> Operation:
    """The reverse of `row_of`, for a row from JSON: fields may be missing, and tuples are lists."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Operation(**values)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
