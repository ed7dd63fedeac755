"""Switches cobrowse on or off in the story's production org, so that somebody trying it out sees a change appear."""

import requests
from django.conf import settings

from diagnostics.demo.orgs import KEYS, REGION, load_endpoint
from diagnostics.demo.story import PRODUCTION_CLIENT
from diagnostics.demo.switch import SWITCH_PATH

SECONDS = 10


class NotPublished(Exception):
    """In words for the person who asked."""


def publish(*, enabled: bool) -> list[str]:
    """The names of the deployments in which cobrowse is on or off from now on."""
    region, client_id = _where()
    url = settings.GENESYS_ENDPOINTS.get(region, {}).get("api")
    if not url:
        raise NotPublished("The demo orgs were never started here. `manage.py up` starts them.")
    with requests.Session() as session:
        session.trust_env = False  # they are on this machine: no proxy leads to them
        try:
            answer = session.post(
                f"{url}{SWITCH_PATH}", json={"client_id": client_id, "enabled": enabled}, timeout=SECONDS
            )
            return [str(each) for each in answer.json()["deployments"]]
        except (requests.RequestException, KeyError, TypeError):
            raise NotPublished(f"The demo orgs do not answer at {url}. `manage.py up` starts them.") from None


def _where() -> tuple[str, str]:
    """The region of the story's production org, and the id of its client."""
    told = ((key, client) for key in KEYS for org in load_endpoint(key).orgs for client in org.clients)
    return next((REGION.format(key=key), client.id) for key, client in told if client.name == PRODUCTION_CLIENT)
