"""The form for the retention rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from diagnostics.operations.models import RetentionRule

MAX_DAYS = 36_500
KINDS = [(kind.value, kind.label) for kind in RetentionRule.Kind]
DESCRIPTIONS = {
    "findings": "Runs with their findings, requests and verdicts, month by month, and issues that were resolved before.",
    "bodies": "Headers and bodies of requests and responses. Runs, findings and correlation IDs are kept. A run without "
    "bodies can't be re-evaluated.",
    "snapshots": "Configuration syncs of the orgs, and the changes between them. The newest sync of each client is kept.",
}


class RulesForm(forms.Form):
    """Days or forever for each kind. The preview reads it from its query string and posts it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, _ in KINDS:
            days = forms.IntegerField(label="Days", min_value=1, max_value=MAX_DAYS, required=False)
            days.widget.attrs |= {"inputmode": "numeric"}
            self.fields[f"{kind}_days"] = days
            self.fields[f"{kind}_forever"] = forms.BooleanField(label="Forever", required=False)

    @classmethod
    def of(cls, rules: Mapping[str, int | None]) -> "RulesForm":
        """An unbound form with these rules."""
        days = {f"{kind}_days": days for kind, days in rules.items() if days is not None}
        forever = {f"{kind}_forever": True for kind, days in rules.items() if days is None}
        return cls(initial={**days, **forever})

    def clean(self) -> dict[str, Any]:
        for kind, _ in KINDS:
            name = f"{kind}_days"
            if name in self.cleaned_data and (self.cleaned_data[name] is None) != self.cleaned_data[f"{kind}_forever"]:
                self.add_error(name, "Enter a number of days, or choose Forever.")
        return self.cleaned_data

    @property
    def rules(self) -> dict[str, int | None]:
        return {kind: self.cleaned_data[f"{kind}_days"] for kind, _ in KINDS}

    def rows(self) -> Iterator[tuple[str, str, BoundField, BoundField]]:
        for kind, label in KINDS:
            yield label, DESCRIPTIONS[kind], self[f"{kind}_days"], self[f"{kind}_forever"]
