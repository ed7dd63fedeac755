"""Broken pages of a list, in an org that is otherwise right.

Tests set them as a client's `behaviour`, with "on" set to the path of the list; see `hostile`.
"""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from diagnostics.demo.responses import JSON_TYPE, DemoResponse

Listing = dict[str, Any]
ODD_IDS = (17, None, "", True, ["a", "list"], "with\x00nul", "\ud800", "x" * 5_000, {"id": "nested"})
MILLION = 1_000_000


def page_kind(change: Callable[[Listing, str], Listing]) -> Callable[[DemoResponse, str], DemoResponse]:
    """Wraps a function that changes a listing. Other responses stay as they are."""

    def spoil(genuine: DemoResponse, target: str) -> DemoResponse:
        listing = json.loads(genuine.body or b"null")
        if not isinstance(listing, dict) or not isinstance(listing.get("entities"), list):
            return genuine
        body = json.dumps(change(listing, target)).encode()
        return DemoResponse(genuine.status, (("Content-Type", JSON_TYPE),), body)

    return spoil


def same_cursor(listing: Listing, target: str) -> Listing:
    return {**listing, "nextUri": f"{target.partition('?')[0]}?after=YXQ6MA=="}


def endless_cursors(listing: Listing, target: str) -> Listing:
    """Always returns a new cursor to the same page: position 0, 00, 000, ..."""
    cursor = parse_qs(urlsplit(target).query).get("after", [""])[0]
    zeros = len(base64.urlsafe_b64decode(cursor)) - len("at:") if cursor else 0
    after = base64.urlsafe_b64encode(f"at:{'0' * (zeros + 1)}".encode()).decode()
    return {**listing, "nextUri": f"{target.partition('?')[0]}?after={after}"}


def torn_cursor(listing: Listing, target: str) -> Listing:
    return {**listing, "nextUri": "http://[elsewhere/next"}


def duplicates(listing: Listing, target: str) -> Listing:
    return {**listing, "entities": [*listing["entities"], *listing["entities"]]}


def odd_ids(listing: Listing, target: str) -> Listing:
    first = listing["entities"][0] if listing["entities"] else {}
    return {**listing, "entities": [*({**first, "id": odd_id} for odd_id in ODD_IDS), *listing["entities"], None, 5]}


def long_names(listing: Listing, target: str) -> Listing:
    name = ("name " * MILLION)[:MILLION]
    return {**listing, "entities": [{**entity, "name": name} for entity in listing["entities"]]}


def hidden_settings(listing: Listing, target: str) -> Listing:
    """Returns a reference instead of the configuration, like platforms that ignore `expand`."""
    entities = [
        {**entity, "configuration": {name: entity["configuration"].get(name) for name in ("id", "name", "version")}}
        for entity in listing["entities"]
    ]
    return {**listing, "entities": entities}


def half_a_page(genuine: DemoResponse, target: str) -> DemoResponse:
    """A complete response whose JSON is cut off in the middle."""
    return DemoResponse(genuine.status, genuine.headers, genuine.body[: len(genuine.body) // 2])


PAGE_KINDS: dict[str, Callable[[DemoResponse, str], DemoResponse]] = {
    "same_cursor": page_kind(same_cursor),
    "endless_cursors": page_kind(endless_cursors),
    "torn_cursor": page_kind(torn_cursor),
    "duplicates": page_kind(duplicates),
    "odd_ids": page_kind(odd_ids),
    "long_names": page_kind(long_names),
    "hidden_settings": page_kind(hidden_settings),
    "half_a_page": half_a_page,
}
