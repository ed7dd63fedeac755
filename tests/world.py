"""One row of each kind, all of one org whose every name holds a mark; and each address of the site filled with them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, reverse

from diagnostics import urls
from diagnostics.orgs.badges import make_badge
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import (
    make_channel,
    make_client,
    make_delivery,
    make_exchange,
    make_finding,
    make_holding,
    make_incident,
    make_known,
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

MARK = "Zanzibar"  # in the name of everything that belongs to their org


@dataclass(frozen=True)
class Place:
    """An address of the site. `about` is the prefix that says which row it is about, "" where it is about none."""

    name: str
    path: str
    about: str

    @property
    def is_of_an_org(self) -> bool:
        return self.about in OF_AN_ORG


@dataclass(frozen=True)
class World:
    client: OAuthClient
    run: Run
    numbers: dict[str, int]
    badge: str

    def places(self) -> Iterator[Place]:
        yield from self._places(urls.urlpatterns, "", "")

    def _places(self, patterns: list[URLPattern | URLResolver], before: str, space: str) -> Iterator[Place]:
        for each in patterns:
            route = f"{before}{each.pattern}"
            if isinstance(each, URLResolver):
                yield from self._places(each.url_patterns, route, f"{each.namespace}:" if each.namespace else "")
                continue
            about = self._about(route)
            values = {name: self._value(name, about) for name in each.pattern.converters}
            yield Place(
                f"{space}{each.name}",
                reverse(f"{space}{each.name}", kwargs=values),
                about if values.keys() - WORDS else "",
            )

    def _about(self, route: str) -> str:
        fitting = [prefix for prefix in self.numbers if route.startswith(prefix)]
        return max(fitting, key=len, default="")

    def _value(self, name: str, about: str) -> int | str:
        words: dict[str, int | str] = {
            "form": "csv",
            "key": self.badge,
            "provider_id": "oidc",
            "rest": "nowhere",
            "id": "nothing-is-kept",
            "position": 0,
        }
        return words[name] if name in words else self.numbers[about]


# Of an address, and of no row.
WORDS = {"form", "id", "key", "provider_id", "rest"}
# Rows of these belong to one org.
OF_AN_ORG = {
    "clients/", "runs/", "providers/", "findings/", "schedules/", "incidents/", "alerts/deliveries/",
    "api/v1/clients/", "api/v1/runs/", "api/v1/findings/", "api/v1/providers/", "api/v1/schedules/",
}  # fmt: skip


def make_world() -> World:
    """Nothing in it is of an org that anybody but an admin is shown, unless told so."""
    person = make_user("somebody")
    client = make_client(
        f"{MARK} support", org_id="theirs", org_name=f"{MARK} Insurance", standing_reason=f"{MARK} is off"
    )
    verdict = make_verdict(sentence=f"It is wrong at {MARK}.")
    run = make_run(client, verdict=verdict, cause="path.not_in_api")
    make_finding(run, sentence=f"{MARK} lacks it.")
    make_exchange(run, position=0, url=f"https://api.mypurecloud.ie/{MARK}")
    snapshot = make_snapshot(client, rights=make_rights())
    provider = make_provider(client, name=f"{MARK} deployment", snapshot=snapshot)
    make_org_change(client, name=f"{MARK} change", provider=provider)
    make_holding(client, role=f"{MARK} role")
    known = make_known(client, sentence=f"{MARK} still lacks it.", first_run=run, last_run=run)
    schedule = make_schedule(client, f"{MARK} nightly")
    channel = make_channel()
    incident = make_incident(schedule, sentence=f"{MARK} is broken.")
    message = {"event": "opened", "title": f"{MARK} is broken", "sentences": [f"{MARK}."], "thread": "t"}
    delivery = make_delivery(channel, incident, message=message)
    badge = make_badge(client, person)
    numbers = {
        "clients/": client.pk,
        "runs/": run.pk,
        "runs/views/": make_saved_view().pk,
        "providers/": provider.pk,
        "findings/": known.pk,
        "schedules/": schedule.pk,
        "incidents/": incident.pk,
        "alerts/rules/": make_rule(channels=[channel]).pk,
        "alerts/channels/": channel.pk,
        "alerts/deliveries/": delivery.pk,
        "users/": person.pk,
        "account/passkeys/": 1,
        "tokens/": 1,
        "system/items/": 1,
    }
    api = {f"api/v1/{name}": numbers[name] for name in ("clients/", "runs/", "findings/", "providers/", "schedules/")}
    return World(client, run, {**numbers, **api}, badge.key)
