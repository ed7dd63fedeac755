"""The messages of Django's form fields and validators in our words. `install` sets them once, at start."""

from django import forms
from django.core import validators

FIELD_MESSAGES: dict[type[forms.Field], dict[str, str]] = {
    forms.Field: {"required": "Enter a value."},
    forms.IntegerField: {"invalid": "Enter a whole number."},
    forms.DateField: {"invalid": "Enter a date, such as 2026-11-28."},
    forms.TimeField: {"invalid": "Enter a time, such as 09:00."},
    forms.FileField: {
        "required": "Choose a file.",
        "invalid": "Choose a file.",
        "missing": "Choose a file.",
        "empty": "This file is empty.",
    },
    forms.ChoiceField: {"invalid_choice": "“%(value)s” isn't in the list. Choose one of its values."},
    forms.MultipleChoiceField: {
        "invalid_choice": "“%(value)s” isn't in the list. Choose from its values.",
        "invalid_list": "Choose from the list.",
    },
    forms.ModelChoiceField: {"invalid_choice": "This isn't in the list, or no longer exists. Choose again."},
    forms.ModelMultipleChoiceField: {
        "list": "Choose from the list.",
        "invalid_choice": "“%(value)s” isn't in the list, or no longer exists. Choose again.",
        "invalid_pk_value": "“%(pk)s” isn't in the list. Choose again.",
    },
}
VALIDATOR_MESSAGES: dict[type[object], str] = {
    validators.MinValueValidator: "Enter %(limit_value)s or more.",
    validators.MaxValueValidator: "Enter %(limit_value)s or less.",
    validators.MinLengthValidator: "Use at least %(limit_value)s characters. This has %(show_value)s.",
    validators.MaxLengthValidator: "Use at most %(limit_value)s characters. This has %(show_value)s.",
    validators.EmailValidator: "Enter an email address, such as ops@example.com.",
    validators.ProhibitNullCharactersValidator: "Remove the NUL character from this text.",
}


def install() -> None:
    """Replace the default messages. Fields copy them when a form class is defined, so this must run before."""
    for field, messages in FIELD_MESSAGES.items():
        field.default_error_messages.update(messages)
    for validator, message in VALIDATOR_MESSAGES.items():
        validator.message = message  # type: ignore[attr-defined]
