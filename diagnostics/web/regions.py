"""Region names for pages."""

from diagnostics.genesys import regions


def region_name(key: str) -> str:
    """Return the region's name, or its key if the region is no longer configured."""
    try:
        return regions.region(key).name
    except KeyError:
        return key
