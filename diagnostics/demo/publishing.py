"""Switches cobrowse on or off in the demo's production org, so that a change appears in the product."""

import requests
from django.conf import settings

from diagnostics.demo.orgs import KEYS, REGION, load_endpoint
from diagnostics.demo.story import PRODUCTION_CLIENT
from diagnostics.demo.switch import SWITCH_PATH

SECONDS = 10


class NotPublished(Exception):
    """The message is shown to the user."""


def publish(*, enabled: bool) -> list[str]:
    """Returns the names of the changed deployments. Raises NotPublished."""
    region, client_id = _production_client()
    url = settings.GENESYS_ENDPOINTS.get(region, {}).get("api")
    if not url:
        raise NotPublished("The demo orgs haven't been started here. `manage.py up` starts them.")
    with requests.Session() as session:
        session.trust_env = False  # the demo orgs run on this machine, so no proxy can reach them
        try:
            response = session.post(
                f"{url}{SWITCH_PATH}", json={"client_id": client_id, "enabled": enabled}, timeout=SECONDS
            )
            return [str(name) for name in response.json()["deployments"]]
        except (requests.RequestException, KeyError, TypeError):
            raise NotPublished(f"The demo orgs don't respond at {url}. `manage.py up` starts them.") from None


def _production_client() -> tuple[str, str]:
    """The region of the demo's production org, and the ID of its client."""
    clients = ((key, client) for key in KEYS for org in load_endpoint(key).orgs for client in org.clients)
    return next((REGION.format(key=key), client.id) for key, client in clients if client.name == PRODUCTION_CLIENT)
