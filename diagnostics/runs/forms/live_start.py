"""The confirmation of a live start."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class LiveStartForm(forms.Form):
    """The user confirms by typing the conversation ID."""

    typed = forms.CharField(
        label="Conversation ID",
        max_length=200,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, conversation_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conversation_id = conversation_id

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.conversation_id:
            raise ValidationError("That isn't this run's conversation ID. Nothing was started.")
        return typed
