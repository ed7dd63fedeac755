"""Stores the providers that runs saw on communications. Their IDs can't be used as providerId in a call."""

from collections.abc import Sequence

from django.utils import timezone

from diagnostics.orgs.models import Provider
from diagnostics.runs.models import Finding, Run

CHECK_ID = "provider.seen"
MAX_PROVIDERS = 50  # per run


def store_seen_providers(run: Run, findings: Sequence[Finding]) -> None:
    """Call this in the transaction that closes the run. Runs may be stored out of order, so times only widen."""
    at = run.finished_at or timezone.now()
    for name in sorted(_names_in(findings))[:MAX_PROVIDERS]:
        row, _ = Provider.objects.get_or_create(
            client_id=run.client_id,
            source=Provider.Source.ON_CONVERSATION,
            ref=name,
            defaults={"name": name, "first_seen_at": at, "last_seen_at": at},
        )
        stored = Provider.objects.filter(pk=row.pk)
        stored.filter(last_seen_at__lt=at).update(last_seen_at=at)
        stored.filter(first_seen_at__gt=at).update(first_seen_at=at)


def _names_in(findings: Sequence[Finding]) -> set[str]:
    """Return the names in the findings without those that redaction masked."""
    lists = [finding.evidence.get("providers") for finding in findings if finding.check_id == CHECK_ID]
    names = {str(name)[:200] for providers in lists if isinstance(providers, list) for name in providers}
    return {name for name in names if name.strip() and "[masked" not in name and "[hidden" not in name}
