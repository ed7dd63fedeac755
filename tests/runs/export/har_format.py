"""The shape of a HAR 1.2, as its specification has it: which fields there must be, and of what kind."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

NUMBER = (int, float)
# Object -> its fields -> what kind of value. A final "?" is a field that may be missing.
SHAPES: dict[str, dict[str, Any]] = {
    "log": {
        "version": str,
        "creator": "creator",
        "browser?": "creator",
        "pages?": list,
        "entries": ["entry"],
        "comment?": str,
    },
    "creator": {"name": str, "version": str, "comment?": str},
    "entry": {
        "pageref?": str,
        "startedDateTime": "time",
        "time": NUMBER,
        "request": "request",
        "response": "response",
        "cache": dict,
        "timings": "timings",
        "serverIPAddress?": str,
        "connection?": str,
        "comment?": str,
    },
    "request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": ["pair"],
        "queryString": ["pair"],
        "postData?": "postData",
        "headersSize": int,
        "bodySize": int,
        "comment?": str,
    },
    "response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": ["pair"],
        "content": "content",
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
        "comment?": str,
    },
    "pair": {"name": str, "value": str, "comment?": str},
    "postData": {"mimeType": str, "params": ["pair"], "text": str, "comment?": str},
    "content": {"size": int, "compression?": int, "mimeType": str, "text?": str, "encoding?": str, "comment?": str},
    "timings": {
        "blocked?": NUMBER,
        "dns?": NUMBER,
        "connect?": NUMBER,
        "send": NUMBER,
        "wait": NUMBER,
        "receive": NUMBER,
        "ssl?": NUMBER,
        "comment?": str,
    },
}


def faults_of(har: Mapping[str, Any]) -> list[str]:
    """Each field that is missing, unknown or of another kind, and each entry whose time is not the sum of its parts."""
    return [*_faults("log", har.get("log"), "log")]


def _faults(shape: str, value: object, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    fields = {name.rstrip("?"): kind for name, kind in SHAPES[shape].items()}
    yield from (f"{where}.{name} is missing" for name in SHAPES[shape] if not name.endswith("?") and name not in value)
    for name, item in value.items():
        if name in fields:
            yield from _of_kind(fields[name], item, f"{where}.{name}")
        elif not name.startswith("_"):  # fields of one's own begin so
            yield f"{where}.{name} is not in the format"
    if shape == "entry" and (reported := value.get("time")) != _sum(value.get("timings")):
        yield f"{where}.time is {reported}, not the sum of its timings"


def _of_kind(kind: Any, item: object, where: str) -> Iterator[str]:
    if kind == "time":
        yield from _time(item, where)
    elif isinstance(kind, str):
        yield from _faults(kind, item, where)
    elif isinstance(kind, list):
        if not isinstance(item, list):
            yield f"{where} is no list"
            return
        for place, each in enumerate(item):
            yield from _faults(kind[0], each, f"{where}[{place}]")
    elif not isinstance(item, kind) or isinstance(item, bool):
        yield f"{where} is {type(item).__name__}"


def _time(item: object, where: str) -> Iterator[str]:
    try:
        read = datetime.fromisoformat(str(item))
    except ValueError:
        yield f"{where} is no time"
        return
    if read.tzinfo is None:
        yield f"{where} has no zone"


def _sum(timings: object) -> float:
    """-1 stands for what does not apply; `ssl` is part of `connect`."""
    reported = timings if isinstance(timings, dict) else {}
    return sum(value for name, value in reported.items() if isinstance(value, NUMBER) and name != "ssl" and value >= 0)
