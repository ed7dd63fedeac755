"""Helpers to read the state of a case: nested parts, lists of words, and IDs derived from names."""

import uuid
from collections.abc import Mapping
from typing import Any


def org_id_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def part_of(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def split_words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value and value.lower() != "none" else []
    return [str(item) for item in value] if isinstance(value, list) else []
