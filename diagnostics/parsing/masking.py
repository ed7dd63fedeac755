"""Turns a draft into frozen values with every secret masked."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from diagnostics.genesys.paths import LONGEST_PATH
from diagnostics.parsing.call import FailingCall, Note, Parsed, ReceivedResponse, read_json
from diagnostics.parsing.draft import Draft, DraftResponse, Headers
from diagnostics.parsing.intent import id_in
from diagnostics.parsing.times import failure_time
from diagnostics.redaction import patterns as masks
from diagnostics.redaction.masker import Masker
from diagnostics.redaction.redactor import MAX_BODY, Redactor

MAX_SWEPT = 60  # secrets masked everywhere in a paste
MAX_NOTES = 30
MAX_MASKS = 2_000
EXCERPTS = frozenset({"short", "log", "sdk", "gc"})  # forms that don't show the whole request


@dataclass(frozen=True)
class MaskedDraft:
    """A masked draft, and the raw secrets masked in it, longest first. Never store those."""

    parsed: Parsed
    secrets: list[str] = field(repr=False)


def mask_draft(draft: Draft, conversation_id: str) -> MaskedDraft:
    """Masks each secret everywhere in the draft. Raises TooManySecrets for thousands of them."""
    draft.clean()
    masker = Masker(limit=MAX_MASKS)
    masker.hidden.update(dict.fromkeys(draft.secrets))
    call = _call(masker, draft) if draft.has_call else None
    response = _response(masker, draft.response) if draft.response else None
    masker.where = "the notes"
    notes = [(note.kind, masker.text(note.what)) for note in draft.notes]  # they may quote variables of a program
    found = [Note("masked", f"Masked: {label}.") for label in list(masker.found)[:MAX_NOTES]]
    secrets_found = revealing_names(masker.hidden)
    parsed = Parsed(
        call=_masked_call(call, secrets_found) if call else None,
        response=_masked_response(response, secrets_found) if response else None,
        conversation_id=conversation_id,
        notes=(*(Note(kind, mask_everywhere(what, secrets_found)) for kind, what in notes), *found),
        form=draft.form,
        time=failure_time(draft),
    )
    return MaskedDraft(parsed, secrets_found)


def revealing_names(values: Iterable[str]) -> list[str]:
    """The secrets that aren't ordinary words or IDs, longest first."""
    return sorted((raw for raw in values if _reveals(raw)), key=len, reverse=True)[:MAX_SWEPT]


def mask_everywhere(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "[masked]")
    return text


def _reveals(raw: str) -> bool:
    if len(raw) < 8 or "[masked" in raw or masks.UUID.fullmatch(raw):
        return False
    return any(c.isdigit() or c.isupper() for c in raw)


def _call(masker: Masker, draft: Draft) -> FailingCall:
    url = masker.url(draft.url)
    return FailingCall(
        method=draft.method,
        url=url,
        headers=_headers(masker, draft.headers),
        body=_body(masker, draft.body, "the body"),
        sdk_method=masker.text(draft.sdk_method),
        variables=tuple(masker.text(name) for name in draft.variables),
        from_screenshot=draft.from_screenshot,
        body_unknown=draft.body is None and (draft.body_unknown or draft.form in EXCERPTS),
        id_masked=_masks_id(draft.url, url),
        token_region=draft.token_region,
    )


def _masks_id(url: str, masked: str) -> bool:
    """Whether something in the place of the conversation ID was masked just now, not by the person who pasted it."""
    before, after = (id_in(text.split("?", 1)[0]) if len(text) <= LONGEST_PATH else "" for text in (url, masked))
    return before != after and masks.MASKED.fullmatch(after) is not None


def _response(masker: Masker, response: DraftResponse) -> ReceivedResponse:
    masker.where = "the network error"
    return ReceivedResponse(
        status=response.status,
        headers=_headers(masker, response.headers),
        body=_response_body(masker, response),
        network_error=masker.text(response.network_error),
    )


def _headers(masker: Masker, headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple((_header_name(masker, name), masker.header(name, value)) for name, value in headers)


def _header_name(masker: Masker, name: str) -> str:
    masker.where = "the name of a header"
    return masker.text(name)


def _body(masker: Masker, body: str | None, where: str) -> str | None:
    masker.where = where
    return None if body is None else masker.body(body)


def _response_body(masker: Masker, response: DraftResponse) -> str | None:
    """The body of a response with customer data redacted as in recorded responses; the message of an error is kept.

    A body with nothing to redact stays as pasted, and so does an error that isn't JSON, because checks need its form.
    """
    body = _body(masker, response.body, "the body of the answer")
    value, fault = read_json(body)
    if body is None or (fault and (response.status is None or response.status >= 400)):
        return body and body[:MAX_BODY]
    redacted = Redactor().body(body, response.status)
    return body if read_json(redacted) == (value, None) and len(body) <= MAX_BODY else redacted


def _masked_call(call: FailingCall, secrets: list[str]) -> FailingCall:
    return replace(
        call,
        url=mask_everywhere(call.url, secrets),
        headers=_masked_headers(call.headers, secrets),
        body=call.body and mask_everywhere(call.body, secrets),
        sdk_method=mask_everywhere(call.sdk_method, secrets),
        variables=tuple(mask_everywhere(variable, secrets) for variable in call.variables),
    )


def _masked_response(response: ReceivedResponse, secrets: list[str]) -> ReceivedResponse:
    return replace(
        response,
        headers=_masked_headers(response.headers, secrets),
        body=response.body and mask_everywhere(response.body, secrets),
        network_error=mask_everywhere(response.network_error, secrets),
    )


def _masked_headers(headers: tuple[tuple[str, str], ...], secrets: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((mask_everywhere(name, secrets), mask_everywhere(value, secrets)) for name, value in headers)
