"""Reads what a person pasted: a failing call, the answer to it, or both."""

import json
import re
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from diagnostics.calls.answers import STATUS_LINE, find_answer
from diagnostics.calls.call import Choice, Note, Parsed, Unreadable
from diagnostics.calls.curl import find_curl
from diagnostics.calls.draft import Draft
from diagnostics.calls.har import SMALLER, is_har, offers_in_har
from diagnostics.calls.har import START as HAR_START
from diagnostics.calls.json_form import lines_of_json, load, offers_in_json, read_json_answer
from diagnostics.calls.log_form import answer_in_log
from diagnostics.calls.mask import MAX_MASKS, masked, secrets_of, sweep, telling
from diagnostics.calls.offers import Offer, best, choice_of, shortlist
from diagnostics.calls.postman import START as POSTMAN_START
from diagnostics.calls.raw_http import find_request, has_response, read_response
from diagnostics.calls.thread import offers_by_name, offers_in_text
from diagnostics.masker import Masker, TooManySecrets

MAX_PASTE = 1_000_000  # characters
MAX_RECORD = 8_000_000  # characters of a HAR or a Postman collection, which are read by their structure
FORMS = (
    "What can be read: a curl command, a raw HTTP request, JSON {method, url, headers, body}, a HAR, a Postman "
    "collection, a snippet of code, or one line such as POST /api/v2/conversations/…/cobrowse."
)
ANSWER_FORMS = (
    "What can be read: JSON {status, headers, body} or {network_error}, a raw HTTP response, "
    "a Genesys error body, or the line that curl prints when it fails."
)
PAIRS = re.compile(
    r"\"(?:headers?|cookies|queryString|params|bearer|basic|apikey|oauth2|variable|values)\"\s{0,9}:\s{0,9}\[\s{0,99}\{"
)
LEADING_PLACEHOLDER = re.compile(r"\{\{|\{[\w .:-]{1,60}\}[/.]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
SURROGATES = re.compile(r"[\ud800-\udfff]")
FENCE = re.compile(r"[ \t]{0,8}(?:```|~~~)[\w+-]{0,20}[ \t]{0,8}")
CONVERSATIONS = re.compile(r"[a-z]{1,30}", re.IGNORECASE)
FULL_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def limit_of(text: str) -> int:
    """The most characters that are read of such a text."""
    return MAX_RECORD if HAR_START.search(text, 0, 5_000) or POSTMAN_START.match(text) else MAX_PASTE


def parse_call(text: str, choice: int | None = None) -> Parsed:
    """The failing call in `text`, with its answer if that is there too; an answer alone has `call` None.

    Of several calls the likeliest is read, or the one whose index in `choices` is `choice`; an index that is none of
    them is as if none were given. Raises Unreadable, and nothing else, for text that holds neither call nor answer.
    """
    text, notes = _clean(text, FORMS)
    offers = shortlist(_offers(text))
    chosen = choice if choice is not None and 0 <= choice < len(offers) else best(offers)
    draft = offers[chosen].read()
    draft.notes = notes + draft.notes
    if len(offers) > 1:
        why = "as chosen" if chosen == choice else "as the likeliest"
        draft.note("taken", f"Of {len(offers)} calls in the text, number {chosen + 1} was taken, {why}.")
    parsed = _masked(draft)
    choices = tuple(_choice(index, offer) for index, offer in enumerate(offers)) if len(offers) > 1 else ()
    return replace(parsed, choices=choices, chosen=chosen)


def parse_answer(text: str) -> Parsed:
    """The answer in `text`. Raises Unreadable, and nothing else, for text that holds none."""
    text, notes = _clean(text, ANSWER_FORMS)
    draft = _read_answer(text)
    draft.notes = notes + draft.notes
    if draft.answer and draft.answer.status is None and not draft.answer.network_error:
        draft.note("guessed", "The answer names no status, so only its body is judged.")
    return _masked(draft)


def masked_text(text: str) -> str:
    """The whole paste as text without its secrets, to show a form again; "" for one too long to show or of thousands
    of secrets.

    Of a HAR, a collection or parts of them the calls that can be chosen are left, written as JSON: the rest may hold
    anything, and their headers and cookies are not named in a way that a text can be masked by.
    """
    if len(text) > limit_of(text):
        return ""
    if HAR_START.search(text) or POSTMAN_START.match(text) or PAIRS.search(text):
        return _calls_only(text)
    text = SURROGATES.sub("\ufffd", CONTROLS.sub("", text.replace("\r\n", "\n")))
    masker = Masker(limit=MAX_MASKS)
    try:
        shown = masker.personal(masker.text(text))
        offers = shortlist(_offers(text.strip())) if text.strip() else []
        known = [secret for offer in offers for secret in secrets_of(offer.read())]
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


def _choice(index: int, offer: Offer) -> Choice:
    """Named after masking the whole call, so that a secret of its headers is hidden in its address too."""
    try:
        return choice_of(index, masked(offer.read(), ""), Masker(limit=MAX_MASKS).text(offer.title))
    except TooManySecrets:
        return Choice(index, f"{offer.method} of thousands of secrets".strip())


def _calls_only(text: str) -> str:
    try:
        cleaned, _ = _clean(text, FORMS)
        calls = [masked(offer.read(), "") for offer in shortlist(_offers(cleaned))]
    except (TooManySecrets, Unreadable):
        return ""
    shown = json.dumps([_as_json(parsed) for parsed in calls], indent=1, ensure_ascii=False)
    return shown if len(shown) <= MAX_PASTE else ""


def _as_json(parsed: Parsed) -> dict[str, Any]:
    """A call and its answer in this product's own form."""
    row: dict[str, Any] = asdict(parsed.call) if parsed.call else {}
    row["form"] = parsed.form
    if parsed.answer and parsed.answer.network_error:
        row["answer"] = {"network_error": parsed.answer.network_error}
    elif parsed.answer:
        row["answer"] = {"status": parsed.answer.status, "headers": parsed.answer.headers, "body": parsed.answer.body}
    return {name: value for name, value in row.items() if value not in (None, "", (), False)}


def _masked(draft: Draft) -> Parsed:
    try:
        return masked(draft, conversation_id_in(draft.url) or draft.conversation_id)
    except TooManySecrets:
        raise Unreadable(
            f"This text holds more than {MAX_MASKS:,} values that look like secrets, so it is a log or a list and "
            "no call. Paste the failing call alone."
        ) from None


def _clean(text: str, forms: str) -> tuple[str, list[Note]]:
    """The text without what no database or reader takes; refuses at once what is too long, binary or empty."""
    if len(text) > (limit := limit_of(text)):
        advice = "Paste the failing call alone, without logs around it."
        raise Unreadable(
            f"The text has {len(text):,} characters, and {limit:,} is the most that is read. "
            f"{SMALLER if HAR_START.search(text, 0, 5_000) else advice}"
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


def _offers(text: str) -> list[Offer]:
    """At least one call, or the answer alone."""
    if is_har(text):
        return offers_in_har(text)
    if text[0] in "{[" and not LEADING_PLACEHOLDER.match(text) and _is_json(text):
        return offers_in_json(lines_of_json(text) or load(text), text)
    is_page = text[:500].lower().lstrip().startswith(("<!doctype", "<html", "<?xml"))
    is_answer = (is_page or STATUS_LINE.match(text) is not None) and find_curl(text) < 0 and find_request(text) < 0
    if not is_answer and (offers := offers_in_text(text)):  # the scripts of an error page are no call
        return offers
    if has_response(text):
        return [Offer(partial(read_response, text))]
    if is_page:
        raise Unreadable(f"This is a page of HTML or XML, not a call; perhaps it is the answer you got. {FORMS}")
    if offers := offers_by_name(text):
        return offers
    if find_answer(text) is not None or answer_in_log(text) is not None:
        return [Offer(partial(_answer_alone, text))]
    raise Unreadable(f"{_seen(text)}, and neither a method with an address nor a curl command is in it. {FORMS}")


def _answer_alone(text: str) -> Draft:
    draft = Draft("short", answer=find_answer(text) or answer_in_log(text))
    draft.note("taken", "The text holds only an answer; the call itself is not in it.")
    return draft


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
    form = "raw_http" if has_response(text) else "curl" if "curl: (" in text else "short"
    draft = Draft(form, answer=find_answer(text) or answer_in_log(text))
    if draft.answer is None:
        raise Unreadable(f"{_seen(text)}, and no status, error body or curl error is in it. {ANSWER_FORMS}")
    return draft


def _seen(text: str) -> str:
    """What the text is, in its size only: quoting it could show a secret."""
    lines = text.count("\n") + 1
    return f"This is text of {lines:,} line{'s' if lines > 1 else ''} and {len(text):,} characters"
