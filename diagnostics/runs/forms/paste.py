"""Forms for a pasted call, and for the diagnosis to start with it."""

import hashlib
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.parsing.call import Choice, Note, Unreadable
from diagnostics.parsing.inputs import Inputs, ParsedPaste, read_paste
from diagnostics.parsing.parse import PastedCall, limit_of, masked_text
from diagnostics.web.form_text import NO_NUL

NOTHING_PASTED = "There is nothing to look at yet. Paste the call that failed, or give a conversation ID."
PASTED = ("call", "answer", "conversation_id")
SHORTEN = {
    "call": "Paste the failing call alone.",
    "answer": "Paste the status line, the headers and the start of the body.",
    "conversation_id": "Paste the id alone.",
}


class PasteForm(forms.Form):
    """A failing call, its response and a conversation ID. `inputs` is what was parsed."""

    call = forms.CharField(
        label="The call that failed",
        required=False,
        strip=False,
        error_messages=NO_NUL,
        help_text="Anything that shows it: curl (also of Windows), PowerShell, raw HTTP, a HAR, a Postman collection, fetch, "
        "axios, requests or SDK code, a gc command, a log, a whole forum thread, or just method, path and body. "
        "Nothing of it is run, and tokens and secrets are masked at once.",
        widget=forms.Textarea(attrs={"rows": 9, "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}),
    )
    call_file = forms.FileField(
        label="Or a file with it",
        required=False,
        allow_empty_file=True,
        help_text="A HAR of up to 64 MB, a Postman collection or a log; “Read it” shows what is taken. No file is kept.",
    )
    answer = forms.CharField(
        label="The answer you got",
        required=False,
        strip=False,
        error_messages=NO_NUL,
        help_text="Leave this empty if the text above holds the response. Otherwise paste the raw response, or its JSON "
        "with status, headers and body.",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}),
    )
    conversation_id = forms.CharField(
        label="Conversation ID",
        required=False,
        max_length=200,
        help_text="If the call does not hold it. Given alone, the conversation itself is examined.",
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    note = forms.CharField(
        label="What you know of it",
        required=False,
        max_length=2000,
        error_messages=NO_NUL,
        help_text="In your words, such as: it failed at noon, and works again since.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    choice = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput, error_messages=NO_NUL)

    inputs: Inputs | None = None
    has_response_in_call = False  # whether the response came from the text of the call
    pasted: PastedCall | None = None
    notes: tuple[Note, ...] = ()
    choices: tuple[tuple[Choice, str, bool], ...] = ()  # with its form value, and whether it is selected

    def clean_call(self) -> str:
        return self._readable_call(self.cleaned_data["call"])

    def clean_call_file(self) -> None:
        """The file replaces the pasted call."""
        upload = self.cleaned_data["call_file"]
        if upload is None:
            return
        if self.cleaned_data.get("call", "").strip():
            raise ValidationError("There is a pasted call as well. Empty the text above, or choose no file.")
        if upload.problem:
            raise ValidationError(upload.problem)
        text = upload.read().decode()
        if not text.strip():
            raise ValidationError("The file is empty. Choose the one that holds the call.")
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
        if not self.errors.keys() & set(PASTED):
            if not pasted["call"].strip() and not pasted["conversation_id"]:
                raise ValidationError(NOTHING_PASTED)
            parsed = self._chosen(pasted, parse_paste(pasted, self.pasted))
            note = masked_text(self.cleaned_data.get("note", ""))
            self.inputs, self.notes = replace(parsed.inputs, note=note), parsed.notes
            self.has_response_in_call = bool(
                parsed.inputs.response and parsed.inputs.call and not pasted["answer"].strip()
            )
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
        return parsed if index == parsed.chosen else parse_paste(pasted, self.pasted, index)

    def mask(self) -> None:
        """Replaces the submitted text by masked text. Call it before showing the form again."""
        masked = MultiValueDict(self.data)
        cleaned = getattr(self, "cleaned_data", {})
        for name in (*PASTED, "note"):
            text = cleaned.get(name) or self.data.get(self.add_prefix(name), "")
            is_call = name == "call" and self.pasted is not None and self.pasted.text == text
            masked[self.add_prefix(name)] = self.pasted.shown() if is_call and self.pasted else masked_text(text)
        self.data = masked


class StartForm(PasteForm):
    """A paste, and the client to diagnose it with."""

    client = forms.ModelChoiceField(
        queryset=OAuthClient.objects.none(),
        empty_label="Choose a client",
        help_text="The org the call was meant for. Its client is used for reading only.",
    )
    field_order = ("client", "call", "call_file", "answer", "conversation_id", "note")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        choice.queryset = visible_clients(viewer).filter(retired_at=None).defer("secret").order_by("name")


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
