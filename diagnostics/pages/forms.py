"""The form for a text whose claims are checked."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from diagnostics.orgs.contract_in_force import region_contracts
from diagnostics.parsing.parse import MAX_PASTE, masked_text
from diagnostics.runs.uploads import UploadedPaste
from diagnostics.web.form_text import NO_NUL

MAX_TYPED = 200_000  # characters in the field; a file may have MAX_PASTE


class ClaimsForm(forms.Form):
    """A text or file, and the contract against which its claims are checked."""

    field_order = ("text", "file", "region")
    file = forms.FileField(
        label="Or a file",
        required=False,
        allow_empty_file=True,
        help_text=f"For a longer text: up to {MAX_PASTE:,} characters.",
    )
    region = forms.ChoiceField(
        label="The contract",
        required=False,
        help_text="The published one that comes with the product, or a region's own where one was read.",
    )

    text = forms.CharField(
        label="The text",
        strip=False,
        required=False,
        max_length=MAX_TYPED,
        error_messages={
            **NO_NUL,
            "required": "There is nothing to check yet. Paste the text, or choose a file.",
            "max_length": f"This is more than {MAX_TYPED:,} characters. Choose it as a file below, or paste the part in question.",
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
        contracts = [region.in_force for region in region_contracts() if region.in_force is not None]
        choice = cast("forms.ChoiceField", self.fields["region"])
        choice.choices = [
            ("", "Bundled with the product"),
            *((region.region, f"{region.region}, {region.version}") for region in contracts),
        ]

    def clean_file(self) -> str:
        """The file's text, "" where none was chosen."""
        upload: UploadedPaste | None = self.cleaned_data["file"]
        if upload is None:
            return ""
        if upload.problem:
            raise ValidationError(upload.problem)
        text: str = upload.read().decode("utf-8", "replace")
        if len(text) > MAX_PASTE:
            raise ValidationError(f"The file has more than {MAX_PASTE:,} characters. Choose a shorter one.")
        if not text.strip():
            raise ValidationError("The file is empty. Choose another one.")
        return text

    def clean(self) -> dict[str, Any]:
        """Sets `text` to the text to check: that of the file if there is one."""
        cleaned = self.cleaned_data
        if not self.errors:
            cleaned["text"] = cleaned["file"] or cleaned["text"]
            if not cleaned["text"].strip():
                self.add_error("text", self.fields["text"].error_messages["required"])
        return cleaned

    def mask(self) -> None:
        """Mask the submitted text. Call this before the form is shown again."""
        if self.is_bound:
            masked = MultiValueDict(self.data)
            masked[self.add_prefix("text")] = masked_text(self.data.get(self.add_prefix("text"), ""))
            self.data = masked
