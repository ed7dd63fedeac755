"""Finds the calls in a text: a command, a snippet, a log, or a whole thread with several of them."""

from collections.abc import Sequence
from functools import partial

from diagnostics.calls.curl import curl_spots, find_curl
from diagnostics.calls.log_form import log_spots
from diagnostics.calls.offers import Offer, Spot
from diagnostics.calls.powershell import powershell_spots
from diagnostics.calls.raw_http import request_spots
from diagnostics.calls.sdk import gc_spots, name_spots, sdk_spots
from diagnostics.calls.shell import from_windows
from diagnostics.calls.short_form import target_spots
from diagnostics.calls.snippets import snippet_spots
from diagnostics.calls.wget import wget_spots


def offers_in_text(text: str) -> list[Offer]:
    """The calls in the order of the text; [] for none. Raises Unreadable for a command that names no address."""
    first_curl = find_curl(text)
    if first_curl >= 0:
        text = from_windows(text)
    spots = [*curl_spots(text), *request_spots(text, first_curl), *snippet_spots(text), *sdk_spots(text)]
    spots += [*powershell_spots(text), *wget_spots(text), *gc_spots(text), *log_spots(text)]
    whole = _apart(spots)
    lines = _apart([*whole, *target_spots(text, with_prose=not whole)])
    short = [spot for spot in lines if spot not in whole]
    offers = _offers(text, whole, whole, whole=True) + _offers(text, short, lines, whole=False)
    return sorted(offers, key=lambda offer: offer.at)


def offers_by_name(text: str) -> list[Offer]:
    """Methods of an SDK that a text names without a call."""
    spots = name_spots(text)
    return _offers(text, spots, spots, whole=False)


def _apart(spots: Sequence[Spot]) -> list[Spot]:
    """In the order of the text, without those that begin inside another one."""
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.at, -spot.end)):
        if not kept or spot.at >= kept[-1].end:
            kept.append(spot)
    return kept


def _offers(text: str, spots: Sequence[Spot], borders: Sequence[Spot], whole: bool) -> list[Offer]:
    starts = [spot.at for spot in borders]
    return [
        Offer.of(
            partial(spot.fill, min((at for at in starts if at > spot.at), default=len(text))), spot.at, spot.end, whole
        )
        for spot in spots
    ]
