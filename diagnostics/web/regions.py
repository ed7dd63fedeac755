"""The name of a region for a page."""

from diagnostics.genesys import regions


def region_name(key: str) -> str:
    """A region that is no longer configured shows its key."""
    try:
        return regions.region(key).name
    except KeyError:
        return key
