"""Finds the calls in a text: a command, a snippet, a log, or a whole thread with several of them."""

from collections.abc import Sequence

from diagnostics.parsing.candidates import Offer, Spot
from diagnostics.parsing.curl import curl_spots, find_curl
from diagnostics.parsing.label_form import label_spots
from diagnostics.parsing.log_form import log_spots
from diagnostics.parsing.object_form import object_spots
from diagnostics.parsing.pairing import PasteContext, paired
from diagnostics.parsing.powershell import powershell_spots
from diagnostics.parsing.raw_http import request_spots
from diagnostics.parsing.sdk import gc_spots, name_spots, sdk_spots
from diagnostics.parsing.shell import from_windows
from diagnostics.parsing.short_form import target_spots
from diagnostics.parsing.snippets import snippet_spots
from diagnostics.parsing.wget import wget_spots
from diagnostics.text import time_budget


def offers_in_text(text: str) -> list[Offer]:
    """The calls in the order of the text; [] for none. Raises Unreadable for a command that names no address."""
    first_curl = find_curl(text)
    if first_curl >= 0:
        text = from_windows(text)
    spots = [*curl_spots(text), *request_spots(text, first_curl)]
    time_budget.check()
    spots += [*snippet_spots(text), *sdk_spots(text)]
    context = PasteContext.of(text)
    spots += [*powershell_spots(text), *wget_spots(text), *gc_spots(text), *log_spots(text)]
    time_budget.check()
    spots += [*label_spots(text), *object_spots(context.responses.objects)]
    whole = _apart(spots)
    lines = _apart([*whole, *target_spots(text, with_prose=not whole)])
    short = [spot for spot in lines if spot not in whole]
    offers = paired(context, whole, whole, whole=True) + paired(context, short, lines, whole=False)
    return sorted(offers, key=lambda offer: offer.at)


def offers_by_name(text: str) -> list[Offer]:
    """Methods of an SDK that a text names without a call."""
    spots = name_spots(text)
    return paired(PasteContext.of(text), spots, spots, whole=False)


def _apart(spots: Sequence[Spot]) -> list[Spot]:
    """In the order of the text, without those that begin inside another one."""
    kept: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.at, -spot.end)):
        if not kept or spot.at >= kept[-1].end:
            kept.append(spot)
    return kept
