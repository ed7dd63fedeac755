"""The pages of causes, and that of accuracy, as Markdown."""

from collections.abc import Iterable, Iterator

from diagnostics.engine.causes import CAUSES
from diagnostics.engine.causes.cause import Cause
from diagnostics.engine.fixes import admin_notation
from diagnostics.reference import accuracy, why_404
from diagnostics.reference.text import to_markdown


def cause_markdown(cause: Cause) -> str:
    return _document(_cause(cause))


def why_404_markdown() -> str:
    return _document(_why_404())


def accuracy_markdown() -> str:
    return _document(_accuracy())


def _cause(cause: Cause) -> Iterator[str]:
    yield f"# {to_markdown(cause.title)}"
    yield f"Cause `{cause.code}`"
    yield to_markdown(cause.meaning)
    yield "## Evidence"
    yield to_markdown(cause.evidence)
    yield "## Fix"
    yield _numbered(cause.steps)
    if cause.menu:
        yield f"In the admin pages: {cause.menu}"
    yield "## Fact check"
    yield to_markdown(cause.myth)
    yield "## Response"
    yield to_markdown(cause.response)
    if cause.example:
        yield f"```\n{cause.example}\n```"
    if cause.permissions:
        yield "## Permissions"
        yield "\n".join(f"- `{name}` ({admin_notation(name)})" for name in cause.permissions)
    if cause.operations:
        yield "## Operations"
        yield "\n".join(f"- `{operation}`" for operation in cause.operations)


def _why_404() -> Iterator[str]:
    yield f"# {why_404.TITLE}"
    yield to_markdown(why_404.SUMMARY)
    yield "## Correct call"
    yield f"```\n{why_404.CORRECT_CALL}\n```"
    yield to_markdown(why_404.CORRECT_CALL_NOTE)
    yield "## Causes, most common first"
    for number, cause in enumerate(why_404.CAUSES_OF_A_404, 1):
        yield f"### {number}. {to_markdown(cause.title)}"
        yield to_markdown(cause.meaning)
        yield f"Evidence: {to_markdown(cause.evidence)}"
        yield f"Fix: {to_markdown(' '.join(cause.fix))}"
    yield "## Not the cause"
    yield "\n".join(f"- {to_markdown(myth)}" for myth in why_404.MYTHS)


def _accuracy() -> Iterator[str]:
    yield f"# {accuracy.TITLE}"
    yield accuracy.SUMMARY
    yield accuracy.UNSEEN_NOTE
    yield "\n".join(f"- **{heading}**: {meaning}" for heading, meaning in accuracy.COLUMNS.values())
    headings = ["Set", "Seen", "Cases", *(heading for heading, _ in accuracy.COLUMNS.values())]
    for engine, rows in accuracy.by_engine():
        yield f"## Engine {engine}"
        lines = [headings, ["---"] * len(headings)]
        for each in rows:
            kind = "unseen" if each.unseen else "seen"
            lines.append([each.cases_file, kind, str(each.cases), *(value for _, value in each.cells)])
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def related_to(cause: Cause) -> tuple[Cause, ...]:
    """The other causes in the same part of the chain."""
    return tuple(other for other in CAUSES.values() if other.node == cause.node and other != cause)


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {to_markdown(step)}" for number, step in enumerate(steps, 1))


def _document(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
