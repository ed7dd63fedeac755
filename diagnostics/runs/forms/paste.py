"""What was pasted, and the diagnosis to start with it."""

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

NOTHING_GIVEN = "There is nothing to look at yet. Paste the call that failed, or give a conversation ID."
PASTED = ("call", "answer", "conversation_id")
SHORTEN = {
    "call": "Paste the failing call alone.",
    "answer": "Paste the status line, the headers and the start of the body.",
    "conversation_id": "Paste the id alone.",
}


class PasteForm(forms.Form):
    """What a person brings: a failing call, the answer they got, a conversation id. `inputs` is what was read."""

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
    has_response_in_call = False  # whether the response was read from the text with the call
    pasted: PastedCall | None = None
    notes: tuple[Note, ...] = ()
    choices: tuple[tuple[Choice, str, bool], ...] = ()  # with the value to send for it, and whether it was taken

    def clean_call(self) -> str:
        return self._readable_call(self.cleaned_data["call"])

    def clean_call_file(self) -> None:
        """What the file holds takes the place of the pasted call."""
        upload = self.cleaned_data["call_file"]
        if upload is None:
            return
        if self.cleaned_data.get("call", "").strip():
            raise ValidationError("There is a pasted call as well. Empty the text above, or choose no file.")
        if upload.trouble:
            raise ValidationError(upload.trouble)
        text = upload.read().decode()
        if not text.strip():
            raise ValidationError("The file is empty. Choose the one that holds the call.")
        self.cleaned_data["call"] = self._readable_call(text)

    def _readable_call(self, text: str) -> str:
        """The text is searched once, however often it is read and shown."""
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
                raise ValidationError(NOTHING_GIVEN)
            reading = self._chosen(pasted, read(pasted, self.pasted))
            note = masked_text(self.cleaned_data.get("note", ""))
            self.inputs, self.notes = replace(reading.inputs, note=note), reading.notes
            self.has_response_in_call = bool(
                reading.inputs.response and reading.inputs.call and not pasted["answer"].strip()
            )
            self.choices = tuple(
                (each, value_of(each, reading.choices), each.index == reading.chosen) for each in reading.choices
            )
        return self.cleaned_data

    def _chosen(self, pasted: dict[str, str], reading: ParsedPaste) -> ParsedPaste:
        """With the call that was chosen, if it was chosen among these very calls."""
        wanted = self.cleaned_data.get("choice", "")
        index = next(
            (each.index for each in reading.choices if value_of(each, reading.choices) == wanted), reading.chosen
        )
        return reading if index == reading.chosen else read(pasted, self.pasted, index)

    def mask(self) -> None:
        """Puts masked text in place of what was typed: call it before the form is shown again."""
        masked = MultiValueDict(self.data)
        read = getattr(self, "cleaned_data", {})
        for name in (*PASTED, "note"):
            text = read.get(name) or self.data.get(self.add_prefix(name), "")
            is_read = name == "call" and self.pasted is not None and self.pasted.text == text
            masked[self.add_prefix(name)] = self.pasted.shown() if is_read and self.pasted else masked_text(text)
        self.data = masked


class StartForm(PasteForm):
    """A diagnosis to start: the paste, and the client to ask with."""

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
    """The text as it is, or a ValidationError that says why nothing can be read from it."""
    if len(text) > (limit := limit_of(text)):
        raise ValidationError(f"This is {len(text):,} characters, more than the {limit:,} we read. {SHORTEN[name]}")
    read({name: text}, pasted)
    return text


def value_of(choice: Choice, choices: tuple[Choice, ...]) -> str:
    """What the form sends for a choice: its place among these very calls. One made for another text fits none."""
    calls = "\n".join(each.label for each in choices)
    return f"{choice.index}-{hashlib.sha256(calls.encode('utf-8', 'replace')).hexdigest()[:16]}"


def read(pasted: dict[str, str], searched: PastedCall | None = None, choice: int | None = None) -> ParsedPaste:
    try:
        call, answer, conversation_id = (pasted.get(name, "") for name in PASTED)
        return read_paste(searched if call and searched else call, answer, conversation_id, choice=choice)
    except Unreadable as trouble:
        raise ValidationError(str(trouble)) from None
