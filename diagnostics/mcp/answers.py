"""What the answers of tools share: a rival of a verdict; and they are safe and short, without invisible characters."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding

MAX_BYTES = 7_600  # of a whole response, which is to stay below 8 kB
ALLOWED_CONTROLS = "\n\t"
SHORT_STRING = 300  # characters a text is never cut below
# Marks without a shape of their own that can carry hidden text: variation selectors, and fillers shown as nothing.
INVISIBLE = frozenset(
    {"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}
    | {chr(code) for code in range(0xFE00, 0xFE10)}
    | {chr(code) for code in range(0xE0100, 0xE01F0)}
)


def visible(value: Any) -> Any:
    """The value with its strings free of control, format, private and unassigned characters."""
    if isinstance(value, str):
        return "".join(each for each in value if _is_visible(each))
    if isinstance(value, dict):
        return {visible(str(key)): visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item) for item in value]
    return value


def _is_visible(character: str) -> bool:
    if character in ALLOWED_CONTROLS:
        return True
    return (
        unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and character not in INVISIBLE
    )


def to_content(answer: Any) -> list[dict[str, str]]:
    """The answer as the content of a tool result. Strings, such as Markdown, stay as they are."""
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)
    return [{"type": "text", "text": text}]


def shortened(answer: Any) -> Any:
    """The answer, as visible text, cut so that its content fits in MAX_BYTES. `omitted` counts what was left out.

    The end of the largest list goes first, then the end of the longest text.
    """
    answer = visible(json.loads(json.dumps(answer, ensure_ascii=False, default=str)))
    omitted = 0
    while _size(answer) > MAX_BYTES:
        lists = [each for each in _parts(answer, list) if len(each) > 1]
        if lists:
            largest = max(lists, key=_size)
            half = max(1, len(largest) // 2)
            omitted += len(largest) - half
            del largest[half:]
        elif not _shorten_longest_string(answer):
            return {"error": "The answer is too large. Open the page instead."}
        if isinstance(answer, dict) and omitted:
            answer["omitted"] = omitted
        elif isinstance(answer, str):
            answer = answer[: len(answer) * 3 // 4].rstrip() + "…"
    return answer


def _size(value: Any) -> int:
    return len(json.dumps(to_content(value), ensure_ascii=False).encode())


def _parts(value: Any, kind: type) -> Iterator[Any]:
    if isinstance(value, kind):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(item, kind)


def _shorten_longest_string(answer: Any) -> bool:
    """Halves the longest string of an object in place. True as well for an answer that is a string itself."""
    if isinstance(answer, str):
        return True
    texts = [
        (len(item), holder, key)
        for holder in _parts(answer, dict)
        for key, item in holder.items()
        if isinstance(item, str) and len(item) > SHORT_STRING
    ]
    if not texts:
        return False
    length, holder, key = max(texts, key=lambda found: found[0])
    holder[key] = holder[key][: max(SHORT_STRING - 1, length // 2)].rstrip() + "…"
    return True


def named_rival(rival: Mapping[str, Any] | None) -> dict[str, str] | None:
    """None if the verdict isn't proved, or if nothing else would explain it."""
    return {"cause": rival["cause"], "title": causes.title_of(rival["cause"])} if rival else None


def refuting_findings(rival: Mapping[str, Any] | None, findings: Iterable[AnyFinding]) -> list[dict[str, str]]:
    """Evidence: their sentences can quote an org or a person."""
    anchors = rival["refuted_by"] if rival else ()
    return [
        {"check": finding.check_id, "outcome": finding.outcome, "sentence": finding.sentence}
        for finding in findings
        if finding.anchor in anchors
    ]
