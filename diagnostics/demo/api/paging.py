"""The two ways the API pages: numbered pages, and opaque cursors in `nextUri`."""

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from diagnostics.demo.responses import ApiError
from diagnostics.demo.routing import DemoRequest

Items = list[dict[str, Any]]


def numbered(request: DemoRequest, path: str, items: Items, page_size: int = 25, most: int = 500) -> dict[str, Any]:
    size = request.number("pageSize", page_size, most)
    number = request.number("pageNumber", 1, 1_000_000)
    pages = max(1, -(-len(items) // size))

    def uri(page: int) -> str:
        parameters = {key: value for key, value in request.query.items() if key not in ("pageSize", "pageNumber")}
        return f"{path}?{urlencode({**parameters, 'pageSize': size, 'pageNumber': page})}"

    listing = {
        "entities": items[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(items),
        "pageCount": pages,
        "firstUri": uri(1),
        "lastUri": uri(pages),
        "selfUri": uri(number),
    }
    if number < pages:
        listing["nextUri"] = uri(number + 1)
    if 1 < number <= pages + 1:
        listing["previousUri"] = uri(number - 1)
    return listing


def by_cursor(request: DemoRequest, path: str, items: Items, page_size: int = 300) -> dict[str, Any]:
    """The cursor `after` contains the start position, `before` the end position."""
    size = request.number("pageSize", page_size, page_size)
    end = read_cursor(request.query["before"]) if request.query.get("before") else None
    start = max(0, end - size) if end is not None else read_cursor(request.query.get("after", ""))
    stop = start + size if end is None else end

    def uri(name: str, position: int) -> str:
        parameters = {key: value for key, value in request.query.items() if key not in ("before", "after")}
        return f"{path}?{urlencode({**parameters, name: write_cursor(position)})}"

    listing: dict[str, Any] = {"entities": items[start:stop], "total": len(items), "selfUri": path}
    if stop < len(items):
        listing["nextUri"] = uri("after", stop)
    if start > 0:
        listing["previousUri"] = uri("before", start)
    return listing


def write_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"at:{position}".encode()).decode()


def read_cursor(text: str) -> int:
    if not text:
        return 0
    try:
        name, _, position = base64.urlsafe_b64decode(text.encode()).decode().partition(":")
    except (binascii.Error, ValueError):
        name, position = "", ""
    if name != "at" or not (position.isascii() and position.isdigit() and len(position) < 10):
        raise ApiError("invalid.value", value=text[:100], type="cursor", allowed="a cursor of an earlier answer")
    return int(position)
