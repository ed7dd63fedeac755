"""A text whose claims are to be checked."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from diagnostics.calls.parse import MAX_PASTE, masked_text
from diagnostics.forms.text import NO_NUL
from diagnostics.services.in_force import region_contracts


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
        own = [each.in_force for each in region_contracts() if each.in_force is not None]
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
