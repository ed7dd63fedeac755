"""Serves the demo orgs inside a command's process while `up` isn't running."""

import socket
from urllib.parse import urlsplit

from django.conf import settings

from diagnostics.genesys.regions import DEMO_PREFIX, region


def serve_demo_region(region_key: str) -> bool:
    """Serves the demo orgs from this process if the region is one of theirs and isn't served yet. True if it did."""
    if not region_key.startswith(DEMO_PREFIX) or _is_served(region_key):
        return False
    from diagnostics.demo import server  # noqa: PLC0415 - commands for a real org start faster without it

    running = server.ensure_running()
    settings.GENESYS_ENDPOINTS = {**settings.GENESYS_ENDPOINTS, **running.endpoints}
    return True


def _is_served(region_key: str) -> bool:
    try:
        address = urlsplit(region(region_key).api)
        with socket.create_connection((address.hostname or "", address.port or 443), timeout=2):
            return True
    except (KeyError, OSError):
        return False
