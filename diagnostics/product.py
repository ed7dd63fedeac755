"""Which version of the product this is."""

import tomllib
from functools import lru_cache
from importlib import metadata

from django.conf import settings


@lru_cache(maxsize=1)
def version() -> str:
    """From pyproject.toml in a checkout, else from the installed wheel, which was built from that file."""
    file = settings.BASE_DIR / "pyproject.toml"
    if not file.exists():
        return metadata.version("cobrowse-doctor")
    project: str = tomllib.loads(file.read_text())["project"]["version"]
    return project
