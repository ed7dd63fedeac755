"""The providers that a run's verdict names."""

import re
from itertools import islice

from diagnostics.orgs.models import Provider
from diagnostics.orgs.queries.providers import MARK_KINDS
from diagnostics.runs.models import Run

MAX_PROVIDERS = 5


def providers_named(run: Run) -> list[Provider]:
    """Return the providers that the run found and its verdict mentions by name or ID."""
    sentence = run.verdict.get("sentence") if isinstance(run.verdict, dict) else None
    prefixes = tuple(f"{kind}:" for kind in MARK_KINDS.values())
    refs = [key.partition(":")[2] for key in run.search_keys if key.startswith(prefixes)]
    if not isinstance(sentence, str) or not refs:
        return []
    found = Provider.objects.filter(client=run.client_id, ref__in=refs).exclude(source=Provider.Source.ON_CONVERSATION)
    named = (
        provider
        for provider in found.defer("settings").order_by("name", "id")
        if _mentions(sentence, provider.name) or _mentions(sentence, provider.ref)
    )
    return list(islice(named, MAX_PROVIDERS))


def _mentions(text: str, name: str) -> bool:
    """Return whether the text contains the name as a separate word."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
