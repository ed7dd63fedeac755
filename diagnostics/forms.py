"""One form class for each thing a person fills in."""

import hashlib
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from diagnostics import causes, services
from diagnostics.calls.call import Choice, Note, Unreadable
from diagnostics.calls.parse import MAX_PASTE, limit_of, masked_text
from diagnostics.genesys import search
from diagnostics.genesys.regions import Region, all_regions, find_region, nearest_regions
from diagnostics.inputs import Inputs, Reading, read_paste
from diagnostics.models import OAuthClient, Run, User

NO_NUL = {
    "null_characters_not_allowed": "The text holds a NUL character, which no HTTP call can carry. "
    "Paste it again as plain text."
}
NAME_TAKEN = "Another client has this name already. Choose one that tells them apart."
NOTHING_GIVEN = "There is nothing to look at yet. Paste the call that failed, or give a conversation ID."
PASTED = ("call", "answer", "conversation_id")
SHORTEN = {
    "call": "Paste the failing call alone.",
    "answer": "Paste the status line, the headers and the start of the body.",
    "conversation_id": "Paste the id alone.",
}


class ClientForm(forms.Form):
    """Name, region in any spelling, client id. `region` cleans to a Region."""

    name = forms.CharField(
        max_length=120,
        help_text="How you and your colleagues will know it, for example the org and what the client is for.",
        error_messages=NO_NUL,
    )
    region = forms.CharField(
        max_length=4000,
        help_text="As you know it: eu-west-1, mypurecloud.ie, or the address you sign in at.",
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "list": "regions"}),
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=120,
        help_text="In Genesys Cloud: Admin > Integrations > OAuth, the client's Client ID.",
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, client: OAuthClient | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = OAuthClient.objects.filter(name__iexact=name)
        if self.client is not None:
            others = others.exclude(pk=self.client.pk)
        if others.exists():
            raise ValidationError(NAME_TAKEN)
        return name

    def clean_region(self) -> Region:
        text: str = self.cleaned_data["region"]
        if (found := find_region(text)) is not None:
            return found
        raise ValidationError(unknown_region(text))

    @property
    def understood(self) -> Region | None:
        """The region that what stands in the field names, typed or as first shown."""
        return find_region(str(self["region"].value() or ""))


class NewClientForm(ClientForm):
    """A client with its secret, which is never sent back to the page, not even when something else is wrong."""

    secret = forms.CharField(
        label="Client secret",
        max_length=1000,
        help_text="Stored encrypted and never shown again.",
        error_messages=NO_NUL,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class SecretForm(forms.Form):
    secret = forms.CharField(
        label="New client secret",
        max_length=1000,
        help_text="Stored encrypted and never shown again. The old one is forgotten at once.",
        error_messages=NO_NUL,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


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
        help_text="If you have it: the raw response, or its JSON with status, headers and body.",
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
    notes: tuple[Note, ...] = ()
    choices: tuple[tuple[Choice, str, bool], ...] = ()  # with the value to send for it, and whether it was taken

    def clean_call(self) -> str:
        return readable("call", self.cleaned_data["call"])

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
        self.cleaned_data["call"] = readable("call", text)

    def clean_answer(self) -> str:
        return readable("answer", self.cleaned_data["answer"])

    def clean_conversation_id(self) -> str:
        return readable("conversation_id", self.cleaned_data["conversation_id"])

    def clean(self) -> dict[str, Any]:
        pasted: dict[str, str] = {name: self.cleaned_data.get(name, "") for name in PASTED}
        if not self.errors.keys() & set(PASTED):
            if not pasted["call"].strip() and not pasted["conversation_id"]:
                raise ValidationError(NOTHING_GIVEN)
            reading = self._chosen(pasted, read(pasted))
            note = masked_text(self.cleaned_data.get("note", ""))
            self.inputs, self.notes = replace(reading.inputs, note=note), reading.notes
            self.choices = tuple(
                (each, value_of(each, reading.choices), each.index == reading.chosen) for each in reading.choices
            )
        return self.cleaned_data

    def _chosen(self, pasted: dict[str, str], reading: Reading) -> Reading:
        """With the call that was chosen, if it was chosen among these very calls."""
        wanted = self.cleaned_data.get("choice", "")
        index = next(
            (each.index for each in reading.choices if value_of(each, reading.choices) == wanted), reading.chosen
        )
        return reading if index == reading.chosen else read(pasted, index)

    def mask(self) -> None:
        """Puts masked text in place of what was typed: call it before the form is shown again."""
        masked = MultiValueDict(self.data)
        read = getattr(self, "cleaned_data", {})
        for name in (*PASTED, "note"):
            text = read.get(name) or self.data.get(self.add_prefix(name), "")
            masked[self.add_prefix(name)] = masked_text(text)
        self.data = masked


class StartForm(PasteForm):
    """A diagnosis to start: the paste, and the client to ask with."""

    client = forms.ModelChoiceField(
        queryset=OAuthClient.objects.none(),
        empty_label="Choose a client",
        help_text="The org the call was meant for. Its client is used for reading only.",
    )
    field_order = ("client", "call", "call_file", "answer", "conversation_id", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        choice.queryset = OAuthClient.objects.filter(retired_at=None).defer("secret").order_by("name")


class LiveStartForm(forms.Form):
    """The conversation's id typed once more, letter for letter."""

    typed = forms.CharField(
        label="Conversation ID",
        max_length=200,
        strip=False,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, conversation_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conversation_id = conversation_id

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.conversation_id:
            raise ValidationError("This is not the conversation's id, letter for letter. Nothing was started.")
        return typed


class RunFilterForm(forms.Form):
    """What the list of runs is narrowed to, and the run it goes on below. Lives in the query string."""

    client = forms.ModelChoiceField(
        queryset=OAuthClient.objects.defer("secret"), required=False, empty_label="Every client"
    )
    cause = forms.ChoiceField(choices=[("", "Every cause"), *causes.TITLES.items()], required=False)
    status = forms.ChoiceField(choices=[("", "Every status"), *Run.Status.choices], required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)


class ContractForm(forms.Form):
    """Which contract is looked at, what is looked for in it, and the page. Lives in the query string."""

    region = forms.ChoiceField(required=False)
    q = forms.CharField(
        label="Words",
        required=False,
        max_length=search.LONGEST,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    show = forms.ChoiceField(choices=list(search.SHOWN.items()), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(each.key, f"{each.name}, {each.key}") for each in all_regions()]
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [("", "Bundled with the product"), *known]


class RegionForm(forms.Form):
    """A region whose contract is to be read."""

    region = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [(each.key, f"{each.name}, {each.key}") for each in all_regions()]


class ClaimsForm(forms.Form):
    """Any text whose claims about the API are to be checked, and the contract to hold them against."""

    field_order = ("text", "region")
    region = forms.ChoiceField(
        label="The contract",
        required=False,
        help_text="The published one that comes with the product, or a region's own where one was read.",
    )

    text = forms.CharField(
        label="The text",
        strip=False,
        max_length=MAX_PASTE,
        error_messages={
            **NO_NUL,
            "required": "There is nothing to check yet. Paste the text.",
            "max_length": f"This is more than the {MAX_PASTE:,} characters we read. Cut out the part in question.",
        },
        help_text="Paths, scopes, permissions, SDK methods, headers, hosts and body fields are looked for. Secrets are masked at once.",
        widget=forms.Textarea(
            attrs={
                "rows": 12,
                "spellcheck": "false",
                "autocomplete": "off",
                "autocapitalize": "off",
                "maxlength": False,
            }
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [each.in_force for each in services.region_contracts() if each.in_force is not None]
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [
            ("", "Bundled with the product"),
            *((each.region, f"{each.region}, {each.version}") for each in own),
        ]

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise ValidationError(self.fields["text"].error_messages["required"])
        return text

    def mask(self) -> None:
        """Puts masked text in place of what was typed: call it before the form is shown again."""
        if self.is_bound:
            masked = MultiValueDict(self.data)
            masked[self.add_prefix("text")] = masked_text(self.data.get(self.add_prefix("text"), ""))
            self.data = masked


class NewPersonForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text="Letters, digits and @ . + - _ only.",
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(
        choices=User.Role.choices,
        initial=User.Role.TEAM_LEAD,
        help_text="An admin may do everything. A team lead reads clients and runs, and changes nothing.",
    )

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("Someone has this username already. Choose another one.")
        return username


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices)


def readable(name: str, text: str) -> str:
    """The text as it is, or a ValidationError that says why nothing can be read from it."""
    if len(text) > (limit := limit_of(text)):
        raise ValidationError(f"This is {len(text):,} characters, more than the {limit:,} we read. {SHORTEN[name]}")
    read({name: text})
    return text


def value_of(choice: Choice, choices: tuple[Choice, ...]) -> str:
    """What the form sends for a choice: its place among these very calls. One made for another text fits none."""
    calls = "\n".join(each.label for each in choices)
    return f"{choice.index}-{hashlib.sha256(calls.encode('utf-8', 'replace')).hexdigest()[:16]}"


def read(pasted: dict[str, str], choice: int | None = None) -> Reading:
    try:
        call, answer, conversation_id = (pasted.get(name, "") for name in PASTED)
        return read_paste(call, answer, conversation_id, choice=choice)
    except Unreadable as trouble:
        raise ValidationError(str(trouble)) from None


def unknown_region(text: str) -> str:
    nearest = [f"{region.key} ({region.name})" for region in nearest_regions(text)]
    advice = f" Did you mean {', '.join(nearest[:-1])} or {nearest[-1]}?" if len(nearest) > 1 else ""
    return f"No Genesys Cloud region is known by that name.{advice}"
