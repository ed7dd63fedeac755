"""Registers many clients at once, from a CSV file or from a program."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from diagnostics.accounts.models import User
from diagnostics.orgs.client_csv import COLUMNS
from diagnostics.orgs.clients import create_client, mark_verifying
from diagnostics.orgs.forms.clients import NAME_IN_USE, ClientForm
from diagnostics.orgs.models import OAuthClient

MAX_SECRET = 1_000  # characters


@dataclass(frozen=True)
class ImportResult:
    """`client` is None if the row wasn't registered; `errors` says why. `line` is the row's number, from 1."""

    line: int
    name: str
    client: OAuthClient | None
    errors: tuple[str, ...] = ()


def import_clients(rows: Iterable[Mapping[str, Any]], user: User | None) -> list[ImportResult]:
    """Register each valid row. Those with a secret are marked as being verified, and the caller sends their tasks."""
    return list(_imported(rows, user))


def _imported(rows: Iterable[Mapping[str, Any]], user: User | None) -> Iterator[ImportResult]:
    for line, row in enumerate(rows, 1):
        values = {name: str(row.get(name) or "") for name in COLUMNS}
        form = ClientForm({**values, "environment": values["environment"].lower()})
        errors = tuple(f"{name}: {sentence}" for name, found in form.errors.items() for sentence in found)
        if len(values["secret"]) > MAX_SECRET:
            errors += (f"secret: longer than {MAX_SECRET:,} characters.",)
        if errors:
            yield ImportResult(line, values["name"], None, errors)
            continue
        try:
            with transaction.atomic():
                client = create_client(**form.arguments(), secret=values["secret"], user=user)
                mark_verifying(client)
        except IntegrityError:
            yield ImportResult(line, values["name"], None, (f"name: {NAME_IN_USE}",))
        else:
            yield ImportResult(line, client.name, client)
