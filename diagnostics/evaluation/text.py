"""What all of a case's state is read with: parts, lists of words, and ids made from names."""

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
    return [str(each) for each in value] if isinstance(value, list) else []
