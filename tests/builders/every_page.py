"""A sample site: one row of each kind, all of one org, and the URL of every page for these rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, reverse

from diagnostics import urls
from diagnostics.orgs.badges import make_badge
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import (
    make_batch,
    make_channel,
    make_client,
    make_delivery,
    make_exchange,
    make_finding,
    make_held_permission,
    make_incident,
    make_issue,
    make_org_change,
    make_provider,
    make_rights,
    make_rule,
    make_run,
    make_saved_view,
    make_schedule,
    make_snapshot,
    make_user,
    make_verdict,
)

ORG_NAME = "Zanzibar"  # in the name of every row


@dataclass(frozen=True)
class SitePage:
    """A page of the site. `row_prefix` is the URL prefix of the kind of row that it shows; "" if it shows none."""

    name: str
    path: str
    row_prefix: str

    @property
    def belongs_to_org(self) -> bool:
        return self.row_prefix in ORG_PREFIXES


@dataclass(frozen=True)
class SampleSite:
    client: OAuthClient
    run: Run
    row_ids: dict[str, int | str]  # by URL prefix
    badge_key: str

    def pages(self) -> Iterator[SitePage]:
        yield from self._pages(urls.urlpatterns, "", "")

    def _pages(self, patterns: list[URLPattern | URLResolver], parent_route: str, namespace: str) -> Iterator[SitePage]:
        for pattern in patterns:
            route = f"{parent_route}{pattern.pattern}"
            if isinstance(pattern, URLResolver):
                yield from self._pages(
                    pattern.url_patterns, route, f"{pattern.namespace}:" if pattern.namespace else ""
                )
                continue
            row_prefix = self._row_prefix(route)
            values = {name: self._value(name, row_prefix) for name in pattern.pattern.converters}
            yield SitePage(
                f"{namespace}{pattern.name}",
                reverse(f"{namespace}{pattern.name}", kwargs=values),
                row_prefix if values.keys() - STATIC_PARAMETERS else "",
            )

    def _row_prefix(self, route: str) -> str:
        matches = [prefix for prefix in self.row_ids if route.startswith(prefix)]
        return max(matches, key=len, default="")

    def _value(self, name: str, row_prefix: str) -> int | str:
        values: dict[str, int | str] = {
            "form": "csv",
            "file_format": "csv",
            "key": self.badge_key,
            "provider_id": "oidc",
            "rest": "nowhere",
            "id": "nothing-is-kept",
            "position": 0,
            "code": "path.not_in_api",
        }
        return values[name] if name in values else self.row_ids[row_prefix]


# URL parameters that do not identify a row.
STATIC_PARAMETERS = {"code", "file_format", "form", "id", "key", "provider_id", "rest"}
# URL prefixes of rows that belong to an org.
ORG_PREFIXES = {
    "orgs/", "clients/", "runs/", "batches/", "providers/", "issues/", "monitoring/schedules/", "incidents/", "monitoring/deliveries/",
    "api/v1/clients/", "api/v1/runs/", "api/v1/findings/", "api/v1/issues/", "api/v1/providers/",
    "api/v1/schedules/", "api/v1/batches/",
}  # fmt: skip


def make_sample_site() -> SampleSite:
    """Create the rows. Their org is visible to admins only."""
    user = make_user("somebody")
    client = make_client(
        f"{ORG_NAME} support", org_id="theirs", org_name=f"{ORG_NAME} Insurance", status_reason=f"{ORG_NAME} is off"
    )
    verdict = make_verdict(sentence=f"It is wrong at {ORG_NAME}.")
    run = make_run(client, verdict=verdict, cause="path.not_in_api")
    make_finding(run, sentence=f"{ORG_NAME} lacks it.")
    make_exchange(run, position=0, url=f"https://api.mypurecloud.ie/{ORG_NAME}")
    snapshot = make_snapshot(client, permissions=make_rights())
    provider = make_provider(client, name=f"{ORG_NAME} deployment", sync=snapshot)
    make_org_change(client, name=f"{ORG_NAME} change", provider=provider)
    make_held_permission(client, role=f"{ORG_NAME} role")
    issue = make_issue(client, sentence=f"{ORG_NAME} still lacks it.", first_run=run, last_run=run)
    schedule = make_schedule(client, f"{ORG_NAME} nightly")
    channel = make_channel()
    incident = make_incident(schedule, sentence=f"{ORG_NAME} is broken.")
    message = {"event": "opened", "title": f"{ORG_NAME} is broken", "sentences": [f"{ORG_NAME}."], "thread": "t"}
    delivery = make_delivery(channel, incident, message=message)
    badge = make_badge(client, user)
    row_ids: dict[str, int | str] = {
        "orgs/": client.org_id,
        "clients/": client.pk,
        "runs/": run.pk,
        "batches/": make_batch(client, run, problem=f"{ORG_NAME} is retired.").pk,
        "runs/views/": make_saved_view().pk,
        "providers/": provider.pk,
        "issues/": issue.pk,
        "findings/": issue.pk,
        "monitoring/schedules/": schedule.pk,
        "incidents/": incident.pk,
        "monitoring/alert-rules/": make_rule(channels=[channel]).pk,
        "monitoring/channels/": channel.pk,
        "monitoring/deliveries/": delivery.pk,
        "settings/users/": user.pk,
        "account/passkeys/": 1,
        "settings/tokens/": 1,
        "settings/system/items/": 1,
    }
    api = {
        f"api/v1/{name}": row_ids[name]
        for name in ("clients/", "runs/", "batches/", "findings/", "issues/", "providers/")
    }
    return SampleSite(client, run, {**row_ids, **api, "api/v1/schedules/": schedule.pk}, badge.key)
