"""Source providers that runs saw on real communications: kept as what they are, strings that no call could send."""

from collections.abc import Sequence

from django.utils import timezone

from diagnostics.orgs.models import Provider
from diagnostics.runs.models import Finding, Run

CHECK = "provider.seen"
MOST = 50  # of one run


def store_seen_providers(run: Run, findings: Sequence[Finding]) -> None:
    """Within the transaction that closes the run. An older run that comes late moves no time backwards."""
    at = run.finished_at or timezone.now()
    for name in sorted(_names_in(findings))[:MOST]:
        row, _ = Provider.objects.get_or_create(
            client_id=run.client_id,
            source=Provider.Source.SEEN,
            ref=name,
            defaults={"name": name, "first_seen_at": at, "last_seen_at": at},
        )
        mine = Provider.objects.filter(pk=row.pk)
        mine.filter(last_seen_at__lt=at).update(last_seen_at=at)
        mine.filter(first_seen_at__gt=at).update(first_seen_at=at)


def _names_in(findings: Sequence[Finding]) -> set[str]:
    """Findings are redacted before they are stored; what was masked is no provider."""
    listed = [each.evidence.get("providers") for each in findings if each.check_id == CHECK]
    names = {str(name)[:200] for each in listed if isinstance(each, list) for name in each}
    return {each for each in names if each.strip() and "[masked" not in each and "[hidden" not in each}
