"""Reads what a person pasted: a failing call, the answer to it, or both."""

import json
import re
from urllib.parse import unquote

from diagnostics.calls.answers import find_answer
from diagnostics.calls.call import Note, Parsed, Unreadable
from diagnostics.calls.curl import find_curl, read_curl
from diagnostics.calls.draft import Draft
from diagnostics.calls.json_form import load, read_json_answer, read_json_call
from diagnostics.calls.mask import MAX_MASKS, masked, secrets_of, sweep, telling
from diagnostics.calls.raw_http import find_request, has_response, read_raw_http
from diagnostics.calls.short_form import find_target, read_short_form
from diagnostics.masker import Masker, TooManySecrets

MAX_PASTE = 1_000_000  # characters
FORMS = (
    "What can be read: a curl command, a raw HTTP request, JSON {method, url, headers, body}, "
    "or one line such as POST /api/v2/conversations/…/cobrowse."
)
ANSWER_FORMS = (
    "What can be read: JSON {status, headers, body} or {network_error}, a raw HTTP response, "
    "a Genesys error body, or the line that curl prints when it fails."
)
LEADING_PLACEHOLDER = re.compile(r"\{\{|\{[\w .:-]{1,60}\}[/.]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
SURROGATES = re.compile(r"[\ud800-\udfff]")
FENCE = re.compile(r"[ \t]{0,8}(?:```|~~~)[\w+-]{0,20}[ \t]{0,8}")
CONVERSATIONS = re.compile(r"[a-z]{1,30}", re.IGNORECASE)
FULL_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_call(text: str) -> Parsed:
    """The failing call in `text`, with its answer if that is there too; an answer alone has `call` None.

    Raises Unreadable, and nothing else, for text that holds neither.
    """
    text, notes = _clean(text, FORMS)
    draft = _read_call(text)
    draft.notes = notes + draft.notes
    return _masked(draft, conversation_id_in(draft.url))


def parse_answer(text: str) -> Parsed:
    """The answer in `text`. Raises Unreadable, and nothing else, for text that holds none."""
    text, notes = _clean(text, ANSWER_FORMS)
    draft = _read_answer(text)
    draft.notes = notes + draft.notes
    if draft.answer and draft.answer.status is None and not draft.answer.network_error:
        draft.note("guessed", "The answer names no status, so only its body is judged.")
    return _masked(draft, "")


def masked_text(text: str) -> str:
    """The whole paste as text without its secrets, to show a rejected form again; "" for one too long to show
    or of thousands of secrets."""
    if len(text) > MAX_PASTE:
        return ""
    text = SURROGATES.sub("\ufffd", CONTROLS.sub("", text.replace("\r\n", "\n")))
    masker = Masker(limit=MAX_MASKS)
    try:
        shown = masker.personal(masker.text(text))
        known = secrets_of(_read_call(text.strip())) if text.strip() else []
    except TooManySecrets:
        return ""
    except Unreadable:
        known = []
    shown = sweep(shown, [*known, *telling(masker.hidden)])
    return shown if len(shown) <= MAX_PASTE else ""


def conversation_id_in(url: str) -> str:
    """The UUID where a conversation id stands in the path; "" for none, and for a placeholder."""
    path = unquote(url.split("?", 1)[0].split("#", 1)[0])[:10_000]
    segments = [segment.strip() for segment in path.split("/")]
    if "conversations" not in segments:
        return ""
    after = segments[segments.index("conversations") + 1 :][:2]
    if after and FULL_UUID.fullmatch(after[0]):
        return after[0]
    second = len(after) > 1 and CONVERSATIONS.fullmatch(after[0]) and FULL_UUID.fullmatch(after[1])
    return after[1] if second else ""


def _masked(draft: Draft, conversation_id: str) -> Parsed:
    try:
        return masked(draft, conversation_id)
    except TooManySecrets:
        raise Unreadable(
            f"This text holds more than {MAX_MASKS:,} values that look like secrets, so it is a log or a list and "
            "no call. Paste the failing call alone."
        ) from None


def _clean(text: str, forms: str) -> tuple[str, list[Note]]:
    """The text without what no database or reader takes; refuses at once what is too long, binary or empty."""
    if len(text) > MAX_PASTE:
        raise Unreadable(
            f"The text has {len(text):,} characters, and {MAX_PASTE:,} is the most that is read. "
            "Paste the failing call alone, without logs around it."
        )
    strange = len(CONTROLS.findall(text)) + text.count("\ufffd")
    if strange > 20 and strange > len(text) / 10:
        raise Unreadable(f"This looks like a binary file, not like text, so there is no call to read in it. {forms}")
    notes: list[Note] = []
    cleaned = CONTROLS.sub("", text)
    if len(cleaned.replace("\r", "")) != len(text.replace("\r", "").lstrip("\ufeff")):
        notes.append(Note("dropped", "Control characters, which no call can hold, were removed."))
    if SURROGATES.search(cleaned):
        cleaned = SURROGATES.sub("\ufffd", cleaned)
        notes.append(Note("dropped", "Characters that are half of a pair were replaced."))
    lines = cleaned.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cleaned = "\n".join(line for line in lines if not FENCE.fullmatch(line)).strip()
    if not cleaned:
        raise Unreadable(f"There is nothing here to read. {forms}")
    return cleaned, notes


def _read_call(text: str) -> Draft:
    if text[0] in "{[" and not LEADING_PLACEHOLDER.match(text) and _is_json(text):
        return read_json_call(load(text), text)
    curl, request = find_curl(text), find_request(text)
    if curl >= 0 and (request < 0 or curl < request):
        return read_curl(text)
    if request >= 0 or has_response(text):
        return read_raw_http(text)
    if text[:500].lower().lstrip().startswith(("<!doctype", "<html", "<?xml")):
        raise Unreadable(f"This is a page of HTML or XML, not a call; perhaps it is the answer you got. {FORMS}")
    if target := find_target(text):
        return read_short_form(text, target)
    if (answer := find_answer(text)) is not None:
        draft = Draft("short", answer=answer)
        draft.note("taken", "The text holds only an answer; the call itself is not in it.")
        return draft
    raise Unreadable(f"{_seen(text)}, and neither a method with an address nor a curl command is in it. {FORMS}")


def _is_json(text: str) -> bool:
    """Meant as JSON? What begins with a bracket may be a log line, and a call in another form may stand in braces."""
    if text[0] == "{":
        return find_curl(text) < 0 and find_request(text) < 0
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _read_answer(text: str) -> Draft:
    if text[0] == "{":
        value = load(text)
        inner = next((value[key] for key in ("answer", "response") if key in value), None)
        draft = Draft("json", answer=read_json_answer(inner) or read_json_answer(value, text))
        if draft.answer is None:
            raise Unreadable(f"This JSON is no answer: it has neither status nor network_error. {ANSWER_FORMS}")
        return draft
    draft = Draft(
        "raw_http" if has_response(text) else "curl" if "curl: (" in text else "short", answer=find_answer(text)
    )
    if draft.answer is None:
        raise Unreadable(f"{_seen(text)}, and no status, error body or curl error is in it. {ANSWER_FORMS}")
    return draft


def _seen(text: str) -> str:
    """What the text is, in its size only: quoting it could show a secret."""
    lines = text.count("\n") + 1
    return f"This is text of {lines:,} line{'s' if lines > 1 else ''} and {len(text):,} characters"
