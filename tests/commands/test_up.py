"""What `up` tells of where the pages are."""

import pytest
from pytest_django import Settings

from diagnostics.management.commands.up import address_for_people, name_of_pages

OWN = "http://127.0.0.1:8000"
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("allowed", "https", "address", "asked_as"),
    [
        (LOCAL, False, OWN, "127.0.0.1"),
        (["*"], False, OWN, "127.0.0.1"),
        (["cobrowse.example.com"], True, "https://cobrowse.example.com ", "cobrowse.example.com"),
        ([".example.com"], True, "https://example.com ", "example.com"),
        (["127.0.0.1", "cobrowse.example.com"], True, "https://cobrowse.example.com ", "127.0.0.1"),
        (["cobrowse.example.com"], False, "http://cobrowse.example.com ", "cobrowse.example.com"),
    ],
)
def test_the_pages_are_named_as_they_can_be_reached(
    settings: Settings, allowed: list[str], https: bool, address: str, asked_as: str
) -> None:
    settings.ALLOWED_HOSTS, settings.HTTPS = allowed, https
    assert address_for_people(OWN).startswith(address)
    assert name_of_pages() == asked_as
