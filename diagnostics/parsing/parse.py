"""Parses pasted text: a failing call, its response, or both."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from diagnostics.genesys.paths import UUID
from diagnostics.genesys.regions import region_of_host
from diagnostics.parsing.call import Choice, Note, Parsed, Unreadable
from diagnostics.parsing.candidates import Candidate, choice_of, most_likely, most_likely_index
from diagnostics.parsing.curl import find_curl
from diagnostics.parsing.definitions import (
    conversation_named,
    fill_conversation,
    mark_templates,
    region_named,
    region_set,
    token_region,
)
from diagnostics.parsing.draft import Draft, DraftResponse, Headers
from diagnostics.parsing.har import SMALLER, candidates_in_har, is_har
from diagnostics.parsing.har import START as HAR_START
from diagnostics.parsing.intent import id_in
from diagnostics.parsing.json_form import candidates_in_json, lines_of_json, load, read_json_response
from diagnostics.parsing.masking import MAX_MASKS, MAX_NOTES, MaskedDraft, mask_draft, mask_everywhere, revealing_names
from diagnostics.parsing.named_secrets import secrets_named
from diagnostics.parsing.pairing import merged
from diagnostics.parsing.postman import START as POSTMAN_START
from diagnostics.parsing.postman import candidates_in_documents
from diagnostics.parsing.raw_http import find_request, has_response, read_response
from diagnostics.parsing.response_text import STATUS_LINE, find_response, status_in_prose
from diagnostics.parsing.responses import Responses, completed, unwrapped
from diagnostics.parsing.screenshot import corrected_text
from diagnostics.parsing.thread import candidates_by_name, candidates_in_text
from diagnostics.parsing.times import logged_time, time_in
from diagnostics.parsing.unwrapping import MAX_SCAN, RTF, is_chat, unwrap
from diagnostics.parsing.values import mark_expressions
from diagnostics.redaction.masker import Masker, TooManySecrets
from diagnostics.text import time_budget
from diagnostics.text.cleaning import REPLACEMENT, clean_text
from diagnostics.text.time_budget import TimeBudget, TimeBudgetExceeded

Value = TypeVar("Value")

MAX_PASTE = 1_000_000  # characters
MAX_RECORD = 8_000_000  # characters of a HAR or a Postman collection
BEGINNING = 20_000  # characters parsed if the whole text takes too long
SHORTENED = 4_000  # characters kept of a URL or a body if masking all of it takes too long
FIRST_HEADERS, LONGEST_HEADER = 30, 500
TOO_SLOW = (
    "This text took too long to parse, and its beginning has no call. Paste only the failing call, "
    "without the text around it."
)
FORMS = (
    "What can be read: a curl command, a raw HTTP request, JSON {method, url, headers, body}, a HAR, a Postman "
    "collection, a snippet of code, or one line such as POST /api/v2/conversations/…/cobrowse."
)
RESPONSE_FORMS = (
    "What can be read: JSON {status, headers, body} or {network_error}, a raw HTTP response, "
    "a Genesys error body, or the line that curl prints when it fails."
)
PAIRS = re.compile(
    r"\"(?:headers?|cookies|queryString|params|bearer|basic|apikey|oauth2|variable|values)\"\s{0,9}:\s{0,9}\[\s{0,99}\{"
)
NAMED_CALL = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE)[ \t]{1,4}[\"'`(]?(?:https?://[^\s/]{4,200})?/(?:api/v2|oauth)/"
)
LEADING_PLACEHOLDER = re.compile(r"\{\{|\{[\w .:-]{1,60}\}[/.]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
FENCE = re.compile(r"[ \t]{0,8}(?:```|~~~)[\w+-]{0,20}[ \t]{0,8}")
ID_IN_BODY = re.compile(rf"\"conversation_?[iI]d\"\s{{0,9}}:\s{{0,9}}\"(?P<id>{UUID.pattern})\"")


def limit_of(text: str) -> int:
    """The maximum length of the text: a HAR and a Postman collection may be longer."""
    return MAX_RECORD if HAR_START.search(text, 0, 5_000) or POSTMAN_START.match(text) else MAX_PASTE


Params = ParamSpec("Params")


def in_time(read: Callable[Params, Parsed]) -> Callable[Params, Parsed]:
    """Raises Unreadable if the time budget is exceeded even for the beginning of the text."""

    @wraps(read)
    def wrapper(*args: Params.args, **kwargs: Params.kwargs) -> Parsed:
        try:
            return read(*args, **kwargs)
        except TimeBudgetExceeded:
            raise Unreadable("This text took too long to read. Paste only the failing call and its response.") from None

    return wrapper


class PastedCall:
    """A pasted text with a failing call. It is searched only once and within a time budget (see time_budget)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: ParsedText | Unreadable | None = None
        self._masked: dict[int, MaskedDraft] = {}
        self._parsed: dict[int | None, Parsed] = {}

    @property
    def is_partial(self) -> bool:
        """Whether only the beginning was parsed because the whole text took too long."""
        return self._search().is_partial

    @in_time
    def parsed(self, choice: int | None = None) -> Parsed:
        """See parse_call."""
        if choice not in self._parsed:
            self._parsed[choice] = self._read(choice)
        return self._parsed[choice]

    def _read(self, choice: int | None) -> Parsed:
        with time_budget.limited():
            found = self._search()
            candidates = found.candidates
            chosen = choice if choice is not None and 0 <= choice < len(candidates) else most_likely_index(candidates)
            draft = self._completed(candidates, chosen)
            draft.notes = found.notes + draft.notes
            if found.is_partial:
                draft.notes.insert(0, Note("dropped", time_budget.PARTIAL))
            if len(candidates) > 1:
                why = "as chosen" if chosen == choice else "as the likeliest"
                draft.note("taken", f"Of {len(candidates)} calls in the text, number {chosen + 1} was chosen, {why}.")
            parsed = parsed_of(draft)
            return replace(
                parsed,
                choices=tuple(self._choices(candidates, chosen)),
                chosen=chosen,
                region=_region(parsed, found.text[:MAX_SCAN]),
            )

    def _completed(self, candidates: list[Candidate], chosen: int) -> Draft:
        """The chosen call, completed from the rest of the text."""
        found = self._search()
        draft = candidates[chosen].read()
        try:
            draft = merged(draft, [other.read() for other in candidates if other is not candidates[chosen]], found.text)
            if not conversation_id_in(draft.url):
                draft.conversation_id = draft.conversation_id or conversation_named(found.text[:MAX_SCAN])
                fill_conversation(draft)
        except TimeBudgetExceeded:
            draft.note("dropped", time_budget.PARTIAL)
        mark_templates(draft, found.text[:MAX_SCAN])
        draft.token_region = token_region(draft, found.text[:MAX_SCAN])
        draft.time = draft.time or self._time_of_line(draft)
        draft.from_screenshot = found.from_screenshot
        draft.note_composed_body()
        try:
            draft.secrets += secrets_named(found.text)
        except TimeBudgetExceeded:
            with time_budget.unlimited():
                draft.secrets += secrets_named(time_budget.beginning(found.text, BEGINNING))
            if not any(note.what == time_budget.PARTIAL for note in draft.notes):
                draft.note("dropped", time_budget.PARTIAL)
        return draft

    def _time_of_line(self, draft: Draft) -> str:
        """The time at the beginning of the call's lines, which is gone from the text that was searched."""
        if not draft.url or self._search().text == self.text.strip():
            return ""
        text = self.text[:MAX_SCAN]
        at = text.rfind(draft.url)
        end = text.find(str(draft.status), at + len(draft.url)) if draft.status else at
        return logged_time(text, at, max(at, end)) if at >= 0 else ""

    def shown(self) -> str:
        """See masked_text. If masking takes too long, only the calls that were found or the beginning of the text."""
        with time_budget.limited() as budget:
            try:
                shown = self.masked()
            except TooManySecrets:
                return ""
            except TimeBudgetExceeded:
                budget.extend(time_budget.GRACE_SECONDS)
                with time_budget.unlimited():
                    shown = self._shown_in_part()
            return shown if len(shown) <= MAX_PASTE else ""

    def masked(self) -> str:
        """The whole text with its secrets masked. Raises TimeBudgetExceeded, or TooManySecrets for thousands of them."""
        text = self.text
        if len(text) > limit_of(text):
            return ""
        if HAR_START.search(text) or POSTMAN_START.match(text) or PAIRS.search(text):
            return self._calls_only()
        return self._masked_text(text, is_partial=False)

    def _masked_text(self, text: str, is_partial: bool) -> str:
        text = clean_text(text)
        masker = Masker(limit=MAX_MASKS)
        shown = masker.text(mask_everywhere(text, secrets_named(text)))
        try:
            is_searched = text.strip() and not (is_partial and self._found is None)
            known = (
                [secret for masked in self._every_masked(is_partial) for secret in masked.secrets]
                if is_searched
                else []
            )
        except Unreadable:
            known = []
        return mask_everywhere(shown, [*known, *revealing_names(masker.hidden)])

    def _shown_in_part(self) -> str:
        """The masked calls that were found so far, or the masked beginning of the text."""
        is_found = isinstance(self._found, ParsedText)
        try:
            if is_found and (not self.is_partial or PAIRS.search(self.text) or HAR_START.search(self.text)):
                return self._calls_only(is_partial=True)
            text = time_budget.beginning(self.text, BEGINNING)
            return (
                "" if HAR_START.search(text) or POSTMAN_START.match(text) else self._masked_text(text, is_partial=True)
            )
        except TooManySecrets:
            return ""

    def _search(self) -> "ParsedText":
        if self._found is None:
            try:
                self._found = _found(self.text)
            except Unreadable as error:
                self._found = error
        if isinstance(self._found, Unreadable):
            raise self._found
        return self._found

    def _every_masked(self, is_partial: bool = False) -> list[MaskedDraft]:
        """All calls of the text. Raises TimeBudgetExceeded where it was not read to its end, unless `is_partial`."""
        found = self._search()
        if found.is_partial and not is_partial:
            raise TimeBudgetExceeded
        return [self._mask(index, candidate) for index, candidate in enumerate(found.candidates)]

    def _mask(self, index: int, candidate: Candidate) -> MaskedDraft:
        if index not in self._masked:
            self._masked[index] = _mask(candidate.read())
        return self._masked[index]

    def _choices(self, candidates: list[Candidate], chosen: int) -> Iterator[Choice]:
        """The labels of the calls, each masked as a whole, so that a secret in a header is also masked in the address."""
        for index, candidate in enumerate(candidates if len(candidates) > 1 else ()):
            try:
                with time_budget.unlimited():
                    title = Masker(limit=MAX_MASKS).text(time_budget.beginning(candidate.title, LONGEST_HEADER))
                yield choice_of(index, self._mask(index, candidate).parsed, title)
            except TooManySecrets:
                yield Choice(index, f"{candidate.method} of thousands of secrets".strip())

    def _calls_only(self, is_partial: bool = False) -> str:
        try:
            calls = [masked.parsed for masked in self._every_masked(is_partial)]
        except Unreadable:
            return ""
        return json.dumps([_as_json(parsed) for parsed in calls], indent=1, ensure_ascii=False)


@dataclass(frozen=True)
class ParsedText:
    """The calls found in a text. `is_partial` is true if only the beginning was searched because of the time budget.

    `text` is the text that was searched, without quotes and prefixes around the call.
    """

    candidates: list[Candidate] = field(repr=False)
    notes: list[Note]
    text: str = field(repr=False)
    is_partial: bool = False
    from_screenshot: bool = False


def parse_call(text: str, choice: int | None = None) -> Parsed:
    """The failing call in `text` and its response. `call` is None if there is only a response.

    Of several calls, parses the one with index `choice` in `choices`, else the most likely one. Raises only Unreadable,
    for text with neither a call nor a response.
    """
    return PastedCall(text).parsed(choice)


@in_time
def parse_response(text: str) -> Parsed:
    """The response in `text`. Raises only Unreadable, for text without one."""
    text, notes = _clean(text, RESPONSE_FORMS)
    with time_budget.limited() as budget:
        text, removed = _unwrapped(text, budget)
        notes += removed
        draft, is_partial = _within_budget(text, _read_response)
    draft.notes = [Note("dropped", time_budget.PARTIAL)] * is_partial + notes + draft.notes
    draft.note_composed_body()
    if draft.response and draft.response.status is None and not draft.response.network_error:
        draft.note("guessed", "The response has no status, so only its body was checked.")
    return parsed_of(draft)


def masked_text(text: str) -> str:
    """The paste with its secrets masked, to show in a form again; "" if it is too long or has thousands of secrets.

    A HAR or a collection is replaced by its calls as JSON, because its headers and cookies can't be masked as text.
    """
    return PastedCall(text).shown()


def mask_within_budget(text: str) -> str:
    """Like masked_text within the current time budget, but raises TimeBudgetExceeded and TooManySecrets."""
    return PastedCall(text).masked()


def conversation_id_in(url: str) -> str:
    """The conversation ID in the path; "" for none or a placeholder."""
    id = id_in(url.split("?", 1)[0].split("#", 1)[0][:10_000]).strip()
    return id if UUID.fullmatch(id) else ""


def _found(text: str) -> ParsedText:
    text, notes = _clean(text, FORMS)
    with time_budget.limited() as budget:
        text, removed = _unwrapped(text, budget)
        text = mark_expressions(text) if len(text) <= MAX_SCAN and not is_har(text) else text
        try:
            text, corrected = corrected_text(text)
        except TimeBudgetExceeded:
            corrected = []
            budget.extend(time_budget.GRACE_SECONDS)
        candidates, is_partial = _within_budget(text, _candidates)
        return ParsedText(most_likely(candidates), [*notes, *removed, *corrected], text, is_partial, bool(corrected))


def _unwrapped(text: str, budget: TimeBudget) -> tuple[str, list[Note]]:
    """The text without quotes and prefixes, and notes about what was removed. JSON isn't changed."""
    is_wrapped = RTF.match(text) or is_chat(text)
    if not is_wrapped and (is_har(text) or POSTMAN_START.match(text) or (text[0] in "{[" and _is_json(text))):
        return text, []
    try:
        return unwrap(text)
    except TimeBudgetExceeded:
        budget.extend(time_budget.GRACE_SECONDS)
        return text, []


def _region(parsed: Parsed, text: str) -> str:
    """The key of the region of the call's host, else of the region that the text names; "" for none."""
    region = region_of_host(parsed.call.host) if parsed.call else None
    try:
        region = region or region_set(text) or region_named(text)
    except TimeBudgetExceeded:  # masking took long; the call was parsed without the region
        return ""
    return region.key if region else ""


def _within_budget(text: str, read: Callable[[str], Value]) -> tuple[Value, bool]:
    """Calls `read` with the text, or with its beginning if the whole text takes too long. The bool is true for the latter."""
    with time_budget.limited() as budget:
        try:
            return read(text), False
        except TimeBudgetExceeded:
            budget.extend(time_budget.GRACE_SECONDS)
        try:
            return read(time_budget.beginning(text, BEGINNING).strip()), True
        except (TimeBudgetExceeded, Unreadable):
            raise Unreadable(TOO_SLOW) from None


def _as_json(parsed: Parsed) -> dict[str, Any]:
    """A call and its response in this product's own JSON format."""
    row: dict[str, Any] = asdict(parsed.call) if parsed.call else {}
    row["form"] = parsed.form
    if parsed.response and parsed.response.network_error:
        row["answer"] = {"network_error": parsed.response.network_error}
    elif parsed.response:
        row["answer"] = {
            "status": parsed.response.status,
            "headers": parsed.response.headers,
            "body": parsed.response.body,
        }
    return {name: value for name, value in row.items() if value not in (None, "", (), False)}


def _mask(draft: Draft) -> MaskedDraft:
    """Masks the draft, or only the beginning of each part if masking takes too long."""
    in_body = ID_IN_BODY.search((draft.body or "")[:MAX_SCAN])
    conversation_id = conversation_id_in(draft.url) or draft.conversation_id or (in_body["id"] if in_body else "")
    with time_budget.limited():
        try:
            return mask_draft(draft, conversation_id)
        except TimeBudgetExceeded:
            pass
    with time_budget.unlimited():
        return mask_draft(_shortened(draft), conversation_id)


def _shortened(draft: Draft) -> Draft:
    response = draft.response and replace(
        draft.response,
        headers=_first_headers(draft.response.headers),
        body=draft.response.body and time_budget.beginning(draft.response.body, SHORTENED),
        network_error=draft.response.network_error[:LONGEST_HEADER],
    )
    short = replace(
        draft,
        url=time_budget.beginning(draft.url, SHORTENED),
        headers=_first_headers(draft.headers),
        body=draft.body and time_budget.beginning(draft.body, SHORTENED),
        response=response,
        notes=draft.notes[:MAX_NOTES],
    )
    if not any(note.what == time_budget.PARTIAL for note in short.notes):
        short.notes.insert(0, Note("dropped", time_budget.PARTIAL))
    return short


def _first_headers(headers: Headers) -> Headers:
    return [(name, time_budget.beginning(value, LONGEST_HEADER)) for name, value in headers[:FIRST_HEADERS]]


def parsed_of(draft: Draft) -> Parsed:
    """The call and the response of a draft, masked. Raises Unreadable if there is neither, or thousands of secrets."""
    try:
        parsed = _mask(draft).parsed
    except TooManySecrets:
        raise Unreadable(
            f"This text holds more than {MAX_MASKS:,} values that look like secrets, so it is a log or a list and "
            "no call. Paste the failing call alone."
        ) from None
    if parsed.call is None and parsed.response is None:
        raise Unreadable(f"The call in this text has no address. {FORMS}")
    return parsed


def _clean(text: str, forms: str) -> tuple[str, list[Note]]:
    """The text without control characters. Raises Unreadable for one that is too long, binary or empty."""
    if len(text) > (limit := limit_of(text)):
        advice = "Paste the failing call alone, without logs around it."
        raise Unreadable(
            f"The text has {len(text):,} characters, and {limit:,} is the limit. "
            f"{SMALLER if HAR_START.search(text, 0, 5_000) else advice}"
        )
    strange = len(CONTROLS.findall(text)) + text.count("\ufffd")
    if strange > 20 and strange > len(text) / 10:
        raise Unreadable(f"This looks like a binary file, not text. {forms}")
    notes: list[Note] = []
    cleaned = clean_text(text)
    if len(cleaned) != len(text.replace("\r\n", "\n").lstrip("\ufeff")):
        notes.append(Note("dropped", "Invisible control characters were removed."))
    if cleaned.count(REPLACEMENT) != text.count(REPLACEMENT):
        notes.append(Note("dropped", "Incomplete characters were replaced."))
    if "```" in cleaned or "~~~" in cleaned:
        cleaned = "\n".join(line for line in cleaned.split("\n") if not FENCE.fullmatch(line))
    cleaned = cleaned.strip()
    if not cleaned:
        raise Unreadable(f"There is nothing here to parse. {forms}")
    return cleaned, notes


def _candidates(text: str) -> list[Candidate]:
    """The calls in the text, at least one, or its response alone."""
    if is_har(text):
        return candidates_in_har(text)
    if text[0] in "{[" and not LEADING_PLACEHOLDER.match(text) and _is_json(text):
        return _candidates_in_json(text)
    is_page = text[:500].lower().lstrip().startswith(("<!doctype", "<html", "<?xml"))
    is_status = STATUS_LINE.match(text) is not None and NAMED_CALL.search(text, 0, MAX_SCAN) is None
    is_response = (is_page or is_status) and find_curl(text) < 0 and find_request(text) < 0
    if not is_response and (candidates := candidates_in_text(text)):  # not the scripts of an error page
        return candidates
    if has_response(text):
        return [Candidate(partial(read_response, text))]
    if is_page:
        raise Unreadable(f"This is HTML or XML, not a call; it may be the response you got. {FORMS}")
    if candidates := candidates_by_name(text):
        return candidates
    if _response_in(text) is not None:
        return [Candidate(partial(_response_alone, text))]
    raise Unreadable(f"{_size_of(text)} without a call: no method with a URL, and no curl command. {FORMS}")


def _candidates_in_json(text: str) -> list[Candidate]:
    """The calls in JSON, by its structure, or by its text if calls and responses are in separate entries or it isn't JSON."""
    if POSTMAN_START.match(text) and (candidates := candidates_in_documents(text)):
        return candidates
    try:
        candidates = candidates_in_json(lines_of_json(text) or load(text), text)
    except Unreadable:
        if not POSTMAN_START.match(text) and (candidates := _candidates_in_entries(text)):
            return candidates
        raise
    if all(candidate.status is None for candidate in candidates):
        separate = _candidates_in_entries(text)
        return separate if any(candidate.status is not None for candidate in separate) else candidates
    return candidates


def _candidates_in_entries(text: str) -> list[Candidate]:
    try:
        return candidates_in_text(unwrap(text)[0])
    except Unreadable:
        return []


def _response_in(text: str) -> DraftResponse | None:
    """The response in a text without a call."""
    found = find_response(text)
    if found is not None and found.body is not None:
        found = unwrapped(found)
    found = completed(found, Responses(text[:MAX_SCAN]).between(0, MAX_SCAN))
    if found is None and (status := status_in_prose(text[:MAX_SCAN])):
        return DraftResponse(status)
    has_body = found is not None and found.body is not None and not found.body.startswith("<")  # a page proves little
    if found is not None and (found.status is not None or has_body or found.network_error):
        return found
    return None


def _response_alone(text: str) -> Draft:
    draft = Draft("short", response=_response_in(text), time=logged_time(text[:MAX_SCAN], 0, MAX_SCAN))
    draft.note("taken", "The text has only a response, not the call.")
    return draft


def _is_json(text: str) -> bool:
    """Whether text that begins with a bracket is JSON, and not a log line or another form of call in braces."""
    if text[0] == "{":
        return find_curl(text) < 0 and find_request(text) < 0
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _read_response(text: str) -> Draft:
    if text[0] == "{":
        value = load(text)
        inner = next((value[key] for key in ("answer", "response") if key in value), None)
        draft = Draft(
            "json", response=read_json_response(inner) or read_json_response(value, text), time=time_in(value)
        )
        if draft.response is None:
            raise Unreadable(f"This JSON isn't a response: it has neither status nor network_error. {RESPONSE_FORMS}")
        return draft
    form = "curl" if "curl: (" in text else "short"
    if has_response(text):
        form = "raw_http"
    draft = Draft(form, response=_response_in(text), time=logged_time(text[:MAX_SCAN], 0, MAX_SCAN))
    if draft.response is None:
        raise Unreadable(f"{_size_of(text)} without a response: no status, error body or curl error. {RESPONSE_FORMS}")
    return draft


def _size_of(text: str) -> str:
    """The size of the text, for an error message: quoting the text could reveal a secret."""
    lines = text.count("\n") + 1
    return f"This is text of {lines:,} line{'s' if lines > 1 else ''} and {len(text):,} characters"
