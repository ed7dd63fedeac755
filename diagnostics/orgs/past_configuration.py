"""The configuration of an org around a time in the past, from the syncs and changes that are kept."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum

from diagnostics.engine.as_it_was import Configuration, StoredHistory
from diagnostics.genesys.documents.deployment import VERSION_SETTINGS, Deployment
from diagnostics.genesys.documents.gateway_providers import GatewayProvider
from diagnostics.genesys.fields import boolean, mapping, moment, text
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.parsing.times import as_moment, exact_utc

KINDS, SOURCES = OrgChange.Kind, Provider.Source
MOST_CHANGES = 8  # that are listed
# Settings that can decide whether a call works; a change of another one isn't listed.
DECISIVE = frozenset({"status", "channels", "enabled", "configuration"})
OF_CLIENT = frozenset({"scopes", "grant_type", "state", "catalogue", "gateway", "org.id", "org.state"})
READ = ("whole", "partial")


@dataclass(frozen=True)
class TimedChange:
    """A change that happened after `not_before` (None if that isn't known) and not after `at`."""

    change: OrgChange
    not_before: datetime | None
    at: datetime

    @property
    def when(self) -> str:
        if self.not_before is None or self.not_before == self.at:
            return f"{'on' if self.not_before else 'by'} {exact_utc(self.at)}"
        return f"between {exact_utc(self.not_before)} and {exact_utc(self.at)}"


def history_around(client: OAuthClient, failed_at: str) -> StoredHistory | None:
    """What is kept around the time of a failure, as `Inputs.failed_at` has it. None if that has no zone."""
    at = as_moment(failed_at)
    if at is None:
        return None
    with_data = [ConfigurationSync.State.COMPLETE, ConfigurationSync.State.PARTIAL]
    syncs = ConfigurationSync.objects.filter(client=client, state__in=with_data, finished_at__isnull=False)
    if client.org_id:  # before the client was moved, its syncs were of another org
        syncs = syncs.filter(Q(permissions__org__id__in=[client.org_id, ""]) | Q(permissions={}))
    before = syncs.filter(finished_at__lte=at).order_by("-finished_at").first()
    after = syncs.filter(created_at__gte=at).order_by("finished_at").first()
    first = syncs.order_by("finished_at").values_list("finished_at", flat=True).first()
    newest_first = OrgChange.objects.filter(client=client, at__gt=at).order_by("-at", "-id")
    found = syncs.filter(finished_at__gt=at).aggregate(found=Sum("changes"))["found"] or 0
    # Retention may have deleted changes, but not yet their syncs.
    if found > newest_first.filter(sync__isnull=False).count():
        return StoredHistory(at, are_changes_lost=True)
    providers = Provider.objects.filter(client=client, source__in=[SOURCES.DEPLOYMENT, SOURCES.GATEWAY])
    rows = {row.pk: row for row in providers}
    changes = [_timed(change, rows.get(change.provider_id or 0)) for change in newest_first]
    known_later = [each for each in changes if each.not_before is not None and each.not_before >= at]
    return StoredHistory(
        at=at,
        before=_configuration(before, rows, [each for each in changes if each.at > at]) if before else None,
        before_at=before.finished_at if before else None,
        after=_configuration(after, rows, known_later) if after else None,
        after_at=after.created_at if after else None,
        first_at=first,
        changes=tuple(_listed(changes)),
    )


def _timed(change: OrgChange, row: Provider | None) -> TimedChange:
    """A change that came with the current version of a deployment happened when that was published."""
    published = moment(row.settings, "configuration", "published") if row is not None else None
    is_published = change.kind in (KINDS.ENABLED, KINDS.DISABLED) or change.setting in (*VERSION_SETTINGS, "version")
    if published and is_published and change.not_before and change.not_before < published <= change.at:
        return TimedChange(change, published, published)
    return TimedChange(change, change.not_before, change.at)


def _configuration(
    sync: ConfigurationSync, rows: Mapping[int, Provider], later: Iterable[TimedChange]
) -> Configuration:
    """What the sync found: the rows of today without the changes after it, which are given newest first."""
    parts = {text(part, "part"): text(part, "state") for part in sync.parts if isinstance(part, dict)}
    by_row: dict[int | None, list[OrgChange]] = defaultdict(list)
    for each in later:
        by_row[each.change.provider_id].append(each.change)
    end = sync.finished_at
    undone = [_without(row, by_row[pk]) for pk, row in rows.items()]
    then = [row for row in undone if row.removed_at is None and end is not None and row.first_seen_at <= end]
    gateway = parts.get("gateway", "")
    return Configuration(
        permissions=mapping(sync.permissions),
        deployments=tuple(_deployment(row) for row in then if row.source == SOURCES.DEPLOYMENT)
        if parts.get("deployments") in READ
        else None,
        is_complete=parts.get("deployments") == "whole",
        gateway=gateway in READ if gateway in (*READ, "absent") else None,
        providers=tuple(
            GatewayProvider(row.ref, row.name, boolean(row.settings, "enabled"))
            for row in then
            if row.source == SOURCES.GATEWAY
        ),
    )


def _without(row: Provider, later: Iterable[OrgChange]) -> Provider:
    """A copy of the row with its changes undone, newest first. Must never be saved."""
    then = copy(row)
    then.settings = dict(row.settings)
    for change in later:
        if change.kind in (KINDS.APPEARED, KINDS.RETURNED):
            then.removed_at = change.at
        elif change.kind == KINDS.VANISHED:
            then.removed_at = None
        elif change.setting in ("name", "status", "version"):
            setattr(then, change.setting, str(change.before or ""))
        else:
            then.settings[change.setting] = change.before
    return then


def _deployment(row: Provider) -> Deployment:
    cobrowse = {name: row.settings[name] for name in VERSION_SETTINGS if name in row.settings}
    is_shown = boolean(cobrowse, "enabled") is not None and not row.settings.get("hidden")
    return Deployment(row.ref, row.name, row.status, cobrowse if is_shown else None, row.version)


def _listed(changes: Sequence[TimedChange]) -> Iterator[str]:
    """The oldest changes in words; one that several syncs report at the same time only once."""
    decisive = [f"{sentence} {each.when}." for each in reversed(changes) if (sentence := _in_words(each.change))]
    distinct = list(dict.fromkeys(decisive))
    yield from distinct[:MOST_CHANGES]
    if len(distinct) > MOST_CHANGES:
        yield f"{len(distinct) - MOST_CHANGES} more changes followed."


def _in_words(change: OrgChange) -> str:
    """ "" if it can't decide whether a call works."""
    name = change.name or change.ref
    if change.about == OrgChange.About.GRANT:
        if change.kind != KINDS.CHANGED:
            verb = "was given to" if change.kind == KINDS.APPEARED else "was removed from"
            return f"The role {name} {verb} the client in {change.after or change.before}"
        return f"The permissions of the role {name} changed"
    if change.about == OrgChange.About.CLIENT:
        setting = {"scopes": "scopes", "grant_type": "grant type"}.get(change.setting, change.setting)
        return f"The client's {setting} changed" if change.setting in OF_CLIENT else ""
    if change.about not in (OrgChange.About.DEPLOYMENT, OrgChange.About.GATEWAY):
        return ""
    if change.kind in (KINDS.ENABLED, KINDS.DISABLED):
        return f"Cobrowse was turned {'on' if change.kind == KINDS.ENABLED else 'off'} in {name}"
    if change.kind != KINDS.CHANGED:
        shown = change.ref if change.about == OrgChange.About.GATEWAY else name
        return f"{change.get_about_display()} {shown} was {change.get_kind_display().lower()}"
    if change.setting not in DECISIVE:
        return ""
    return f"The {change.setting} of {name} changed from {change.before} to {change.after}"
