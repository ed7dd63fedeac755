"""Splits paths, recognizes placeholders, and finds the published operations of a path."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from diagnostics.genesys.operation import Operation

BASE = "/api/v2"
LONGEST_PATH = 4000  # characters; much longer than any published path, so that a huge paste is rejected early

UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
PLACEHOLDERS = re.compile(
    r"""\{[^{}]*\} | \$\{[^{}]*\} | \{\{[^{}]*\}\} | <[^<>]*> | \[[^\[\]]*\]    # {id} ${id} {{id}} <id> [id]
      | \#\{[^{}]*\} | @[A-Za-z_]\w* | \$\([A-Za-z_][\w.]*\) | %\([A-Za-z_]\w*\)s  # #{id} @id $(id) %(id)s
      | :[A-Za-z_]\w* | \$[A-Za-z_]\w* | %{1,2}[A-Za-z_]\w*%{1,2} | %[sd]       # :id $ID %ID% %%ID%% %s
      | [a-z][A-Za-z]*I[dD] | (?:[A-Za-z]+[_-])+[iI][dD]                        # conversationId, conversation_id
      | (?i:your|my)[_-][\w-]+ | \.{3} | \u2026                        # YOUR_CONVERSATION ...
      | [xX]{3,}(?:-[xX]+)*                                                     # xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx
    """,
    re.VERBOSE,
)
# Left around an ID that was filled in: {5f2c...}, <5f2c...>.
BRACKETS = "{}<>[]$()"
PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z_-]*")

# Words of unpublished paths that people use, some from earlier versions of the API.
UNPUBLISHED_SEGMENTS = frozenset(
    {"chat", "webchat", "webmessaging", "widget", "invite", "provider", "cobrowse", "session"}
)


def split_path(path: str) -> tuple[str, ...]:
    """The decoded segments, without the leading slash, query and fragment. Never raises.

    "/a//b/" gives ("a", "", "b", ""): empty segments are kept, so that they match nothing.
    """
    bare = re.split(r"[?#]", path[: LONGEST_PATH + 1], maxsplit=1)[0]
    return tuple(unquote(segment) for segment in bare.removeprefix("/").split("/"))


def is_placeholder(segment: str) -> bool:
    """Is this a placeholder that wasn't filled in: {conversationId}, %7Bid%7D, %257Bid%257D, :id, <id>, ${id}, YOUR_ID?

    A UUID in brackets isn't one, but a value with brackets too many.
    """
    text = unquote(unquote(segment)).strip() if len(segment) <= 200 else ""
    return PLACEHOLDERS.fullmatch(text) is not None and UUID.fullmatch(text.strip(BRACKETS)) is None


def is_uuid(segment: str) -> bool:
    return UUID.fullmatch(segment) is not None


def is_value(segment: str) -> bool:
    """Can this be the value of a parameter? Not if it's empty, or "." or "..", which clients resolve."""
    return segment not in ("", ".", "..")


def is_parameter(template_segment: str) -> bool:
    return template_segment.startswith("{")


def singular(word: str) -> str:
    """Normalize plural and case for a comparison. The result isn't always a word."""
    lower = word.lower()
    return lower[:-1] if lower.endswith("s") and not lower.endswith("ss") and len(lower) > 3 else lower


class PathNode:
    """A node in the tree of published paths."""

    __slots__ = ("any_case", "literals", "operations", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, PathNode] = {}
        self.any_case: dict[str, str] = {}
        self.parameter: PathNode | None = None
        self.operations: list[Operation] = []

    def child(self, template_segment: str) -> "PathNode":
        if is_parameter(template_segment):
            self.parameter = self.parameter or PathNode()
            return self.parameter
        self.any_case[template_segment.lower()] = template_segment
        return self.literals.setdefault(template_segment, PathNode())

    def step(self, segment: str) -> "PathNode | None":
        """A literal segment takes precedence over a parameter, even if the rest of the path then doesn't match."""
        if segment in self.literals:
            return self.literals[segment]
        return self.parameter if is_value(segment) else None


class PathIndex:
    """A prefix tree of the published paths."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.root = PathNode()
        self.words: dict[str, set[str]] = {}
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node, segments = self.root, split_path(operation.path)
        for segment in segments:
            node = node.child(segment)
        node.operations.append(operation)
        family = self.words.setdefault(family_of(segments), set())
        family.update(singular(segment) for segment in segments if not is_parameter(segment))

    def operations_at(self, path: str) -> tuple[Operation, ...]:
        """All operations published for this path; () if there are none."""
        if not path.startswith("/") or len(path) > LONGEST_PATH:
            return ()
        node = self.root
        for segment in split_path(path):
            child = node.step(segment)
            if child is None:
                return ()
            node = child
        return tuple(node.operations)

    def is_word(self, name: str, value: str, segments: tuple[str, ...]) -> bool:
        """Is the value of an ID parameter a word of the paths of the same resource?

        False for parameters that aren't named ...Id, such as {namespaceName}, because their values are words.
        """
        if not name.endswith("Id") or is_placeholder(value) or not PLAIN_WORD.fullmatch(value):
            return False
        word = singular(value)
        return word in UNPUBLISHED_SEGMENTS or word in self.words.get(family_of(segments), ())

    def with_published_case(self, path: str) -> str:
        """The path with its literal segments in their published case. Parameter values stay as they are."""
        return "/" + "/".join(self._in_published_case(path.removeprefix("/").split("/")))

    def _in_published_case(self, segments: list[str]) -> Iterator[str]:
        node: PathNode | None = self.root
        for segment in segments:
            published = node.any_case.get(segment.lower(), segment) if node else segment
            node = node.step(unquote(published)) if node else None
            yield published


def family_of(segments: tuple[str, ...]) -> str:
    """The resource of a path: the first segment after the base."""
    return segments[2] if len(segments) > 2 else ""


def values_in(operation: Operation, path: str) -> dict[str, str]:
    """Parameter name -> decoded value. The path must match the operation."""
    pairs = zip(split_path(operation.path), split_path(path), strict=True)
    return {name[1:-1]: value for name, value in pairs if is_parameter(name)}
