"""Forms to add a client, change it and replace its secret."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from diagnostics.genesys.regions import Region, find_region, nearest_regions
from diagnostics.orgs.client_csv import COLUMNS, BadCsv, read_csv
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.company_gateway import BadGateway, clean_gateway

MAX_CSV = 1_000_000  # bytes or characters
PLAIN = {"autocomplete": "off", "spellcheck": "false"}  # attributes of a field
NAME_IN_USE = "Another client has this name. Choose a different one."


def secret_field(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=1000,
        help_text=help_text,
        widget=forms.PasswordInput(render_value=False, attrs=PLAIN),
    )


class ClientForm(forms.Form):
    """The fields of a client except its secret. `region` accepts any spelling and cleans to a Region."""

    name = forms.CharField(
        max_length=120,
        help_text="For you and your colleagues, such as “Acme production”.",
    )
    region = forms.CharField(
        max_length=4000,
        help_text="Any spelling: Dublin, eu-west-1, mypurecloud.ie, or the address where you sign in.",
        widget=forms.TextInput(attrs={**PLAIN, "list": "regions"}),
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=120,
        help_text="In Genesys Cloud: Admin > Integrations > OAuth.",
        widget=forms.TextInput(attrs={**PLAIN, "class": "mono"}),
    )
    environment = forms.ChoiceField(
        label="Environment",
        required=False,
        choices=[("", "Not set"), *((each.value, each.label) for each in OAuthClient.Environment if each)],
        help_text="Shown on every page of this org.",
    )
    company_gateway = forms.CharField(
        label="Company gateway",
        required=False,
        max_length=300,
        help_text="Only if your programs call Genesys Cloud through your company's gateway: its address with the path prefix, "
        "such as https://gateway.example.com/genesys. We use it to read pasted URLs and never send anything to it.",
        widget=forms.TextInput(attrs={**PLAIN, "class": "mono"}),
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
            raise ValidationError(NAME_IN_USE)
        return name

    def clean_region(self) -> Region:
        text: str = self.cleaned_data["region"]
        if (found := find_region(text)) is not None:
            return found
        if close := " or ".join(f"{region.key} ({region.name})" for region in nearest_regions(text)):
            raise ValidationError(f"Unknown region. Did you mean {close}?")
        raise ValidationError("Unknown region. Enter a city, region ID or sign-in address.")

    def clean_company_gateway(self) -> str:
        try:
            return clean_gateway(self.cleaned_data["company_gateway"])
        except BadGateway as error:
            raise ValidationError(str(error)) from None

    def arguments(self) -> dict[str, str]:
        """The arguments of create_client and change_client."""
        region: Region = self.cleaned_data["region"]
        others = {name: value for name, value in self.cleaned_data.items() if name != "region"}
        return {**others, "region_key": region.key}

    @property
    def understood(self) -> Region | None:
        """The region that the field's current value names."""
        return find_region(str(self["region"].value() or ""))


class NewClientForm(ClientForm):
    """A new client with its secret. The secret is never rendered, even if another field has an error."""

    secret = secret_field("Client secret", "Stored encrypted and never shown again.")


class SecretForm(forms.Form):
    secret = secret_field("New client secret", "Stored encrypted and never shown again. It replaces the old one.")


class UnshownTextarea(forms.Textarea):
    """Never renders its value, because it holds secrets."""

    def format_value(self, value: Any) -> str:
        return ""


class ImportForm(forms.Form):
    """A CSV file of clients, as a file or pasted. It is never rendered again, because it holds secrets."""

    file = forms.FileField(label="CSV file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))
    lines = forms.CharField(
        label="Or paste its lines",
        required=False,
        max_length=MAX_CSV,
        help_text=f"The first line names the columns: {', '.join(COLUMNS)}. The first three are required. Secrets are stored "
        "encrypted and never shown again.",
        widget=UnshownTextarea(attrs={**PLAIN, "class": "mono", "rows": 6}),
    )

    def clean(self) -> dict[str, Any]:
        """Sets `rows`."""
        data = self.cleaned_data
        file, text = data.get("file"), data.get("lines") or ""
        if self.errors:
            return data
        if file is not None and file.size > MAX_CSV:
            raise ValidationError(f"The file is larger than {MAX_CSV:,} bytes. Split it.")
        try:
            data["rows"] = read_csv(file.read().decode("utf-8-sig", "replace") if file else text)
        except BadCsv as error:
            raise ValidationError(str(error)) from None
        return data
