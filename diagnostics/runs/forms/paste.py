"""The form of the first page: a pasted call or conversation, and the client to check it with."""

import hashlib
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from diagnostics.accounts.models import User
from diagnostics.orgs.forms.fields import ClientChoiceField
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.parsing.call import Choice, Note, Unreadable
from diagnostics.parsing.inputs import Inputs, ParsedPaste, read_paste
from diagnostics.parsing.parse import PastedCall, limit_of, masked_text

NOTHING_PASTED = "Paste a call or a conversation ID."
PASTED = ("call", "answer", "conversation_id")
SHORTEN = {
    "call": "Paste the failing call alone.",
    "answer": "Paste the status line, the headers and the start of the body.",
    "conversation_id": "Paste the ID alone.",
}
PLAIN = {"spellcheck": "false", "autocapitalize": "off"}


class DiagnoseForm(forms.Form):
    """A pasted call, its response, a conversation ID and notes. `inputs` is what was parsed, None if nothing was.

    With `starts`, the client to check it with is required.
    """

    # No autocomplete="off" here: with it, browsers don't restore the text after Back.
    call = forms.CharField(
        label="Call, response or thread",
        required=False,
        strip=False,
        help_text="Paste cURL, raw HTTP, a HAR, code, a log or the whole thread. Nothing is executed.",
        widget=forms.Textarea(
            attrs={**PLAIN, "rows": 8, "placeholder": "POST /api/v2/conversations/chat/{conversationId}/cobrowse"}
        ),
    )
    call_file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text="In place of the text above: a HAR of up to 64 MB, a Postman collection or a log. We don't keep the file.",
    )
    answer = forms.CharField(
        label="Response",
        required=False,
        strip=False,
        help_text="Only if it isn't in the text above: raw HTTP, or JSON with status, headers and body.",
        widget=forms.Textarea(attrs={**PLAIN, "rows": 4}),
    )
    conversation_id = forms.CharField(
        label="Conversation ID",
        required=False,
        max_length=200,
        help_text="Only if it isn't in the text above.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    note = forms.CharField(
        label="Notes",
        required=False,
        max_length=2000,
        help_text="For example: failed at noon, works again since.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    choice = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    client = ClientChoiceField(
        required=False,
        error_messages={"required": "Choose a client.", "invalid_choice": "Choose a client from the list."},
    )

    inputs: Inputs | None = None
    pasted: PastedCall | None = None
    parsed: ParsedPaste | None = None
    has_chosen = False  # another call than the likeliest
    choices: tuple[tuple[Choice, str, bool], ...] = ()  # with its form value, and whether it is selected

    def __init__(self, *args: Any, viewer: User, starts: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.starts = starts
        client = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        client.queryset = visible_clients(viewer).filter(retired_at=None).defer("secret").order_by("name")
        client.required = starts

    @property
    def notes(self) -> tuple[Note, ...]:
        return self.parsed.notes if self.parsed else ()

    @property
    def uses_more(self) -> bool:
        """Whether a field of the collapsed part is filled in or rejected."""
        return any(
            self[name].value() or self[name].errors for name in ("call_file", "answer", "conversation_id", "note")
        )

    @cached_property
    def waits_for_secret(self) -> OAuthClient | None:
        """The chosen client, if nothing can be sent with it because it has no secret."""
        choice = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        try:
            client = choice.to_python(self["client"].value())
        except ValidationError:
            return None
        return None if client is None or client.has_secret else client

    def clean_client(self) -> OAuthClient | None:
        client: OAuthClient | None = self.cleaned_data["client"]
        if self.starts and client is not None and not client.has_secret:
            raise ValidationError(f"{client.name} has no secret yet, so it can't send requests.", code="secret_missing")
        return client

    def clean_call(self) -> str:
        return self._readable_call(self.cleaned_data["call"])

    def clean_call_file(self) -> None:
        """The file replaces the pasted call."""
        upload = self.cleaned_data["call_file"]
        if upload is None:
            return
        if self.cleaned_data.get("call", "").strip():
            raise ValidationError("There is text above as well. Clear the text, or remove the file.")
        if upload.problem:
            raise ValidationError(upload.problem)
        text = upload.read().decode()
        if not text.strip():
            raise ValidationError("The file is empty. Choose another one.")
        self.cleaned_data["call"] = self._readable_call(text)

    def _readable_call(self, text: str) -> str:
        """Keeps the parsed call, so that the text is searched only once."""
        self.pasted = PastedCall(text)
        return readable("call", text, self.pasted)

    def clean_answer(self) -> str:
        return readable("answer", self.cleaned_data["answer"])

    def clean_conversation_id(self) -> str:
        return readable("conversation_id", self.cleaned_data["conversation_id"])

    def clean(self) -> dict[str, Any]:
        pasted: dict[str, str] = {name: self.cleaned_data.get(name, "") for name in PASTED}
        if self.errors.keys() & {*PASTED, "call_file"}:
            return self.cleaned_data
        if not pasted["call"].strip() and not pasted["conversation_id"]:
            self.add_error("call", NOTHING_PASTED)
            return self.cleaned_data
        self.parsed = parsed = self._chosen(pasted, parse_paste(pasted, self.pasted))
        note = masked_text(self.cleaned_data.get("note", ""))
        self.inputs = replace(parsed.inputs, note=note)
        self.choices = tuple(
            (choice, value_of(choice, parsed.choices), choice.index == parsed.chosen) for choice in parsed.choices
        )
        return self.cleaned_data

    def _chosen(self, pasted: dict[str, str], parsed: ParsedPaste) -> ParsedPaste:
        """With the selected call, if it was selected from the calls of this text."""
        wanted = self.cleaned_data.get("choice", "")
        index = next(
            (choice.index for choice in parsed.choices if value_of(choice, parsed.choices) == wanted), parsed.chosen
        )
        self.has_chosen = index != parsed.chosen
        return parse_paste(pasted, self.pasted, index) if self.has_chosen else parsed

    def mask(self) -> None:
        """Replaces the submitted text by masked text. Call it before showing the form again."""
        masked = MultiValueDict(self.data)
        cleaned = getattr(self, "cleaned_data", {})
        for name in (*PASTED, "note"):
            text = cleaned.get(name) or self.data.get(self.add_prefix(name), "")
            is_call = name == "call" and self.pasted is not None and self.pasted.text == text
            masked[self.add_prefix(name)] = self.pasted.shown() if is_call and self.pasted else masked_text(text)
        self.data = masked


def readable(name: str, text: str, pasted: PastedCall | None = None) -> str:
    """The text unchanged. Raises ValidationError if it is too long or cannot be parsed."""
    if len(text) > (limit := limit_of(text)):
        raise ValidationError(f"This is {len(text):,} characters, more than the {limit:,} we read. {SHORTEN[name]}")
    parse_paste({name: text}, pasted)
    return text


def value_of(choice: Choice, choices: tuple[Choice, ...]) -> str:
    """The form value of a choice: its index and a hash of all choices, so that it fits no other text."""
    calls = "\n".join(choice.label for choice in choices)
    return f"{choice.index}-{hashlib.sha256(calls.encode('utf-8', 'replace')).hexdigest()[:16]}"


def parse_paste(pasted: dict[str, str], searched: PastedCall | None = None, choice: int | None = None) -> ParsedPaste:
    try:
        call, answer, conversation_id = (pasted.get(name, "") for name in PASTED)
        return read_paste(searched if call and searched else call, answer, conversation_id, choice=choice)
    except Unreadable as error:
        raise ValidationError(str(error)) from None
