"""Which strings of an answer may be stored."""

import pytest

from diagnostics.redaction.allowlist import is_withheld, keeps_names, may_keep, names_root

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"


@pytest.mark.parametrize(
    ("key", "value", "remaining"),
    [
        ("id", ID, True),
        ("id", "genesys", True),
        ("userId", ID, True),
        ("userId", "ann.lee", False),
        ("customerId", "4930123456", False),
        ("state", "connected", True),
        ("state", "Dear Ann, <b>", False),
        ("selfUri", f"/api/v2/conversations/{ID}", True),
        ("imageUri", "https://h.example/ann.jpg", False),
        ("dateModified", "2026-05-01T12:00:00.000Z", True),
        ("startTime", "2026-05-01T12:00:00.000+0000", True),
        ("startTime", "when Ann called", False),
        ("channels", "Webmessaging", True),
        ("message", "words", False),
        ("subject", "words", False),
    ],
)
def test_a_string_is_preserved_by_key_and_form(key: str, value: str, remaining: bool) -> None:
    assert may_keep(key, value, named=False, error=False) is remaining


def test_names_and_messages_depend_on_where_they_be() -> None:
    assert may_keep("name", "Home", named=True, error=False)
    assert not may_keep("name", "Ann Lee", named=False, error=True)
    assert may_keep("message", "not found", named=False, error=True)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://api.mypurecloud.com/api/v2/organizations/me", True),
        ("https://api.mypurecloud.com/api/v2/webdeployments/deployments?expand=x", True),
        ("/api/v2/cobrowse/providers", True),
        ("/api/v2/conversations/x", False),
        ("/api/v2/users/me", False),
        ("/api/v2/organizations/members", False),
    ],
)
def test_the_address_shows_whose_names_an_answer_holds(url: str, named: bool) -> None:
    assert names_root(url) is named


def test_lists_of_entities_carry_the_names_on() -> None:
    assert keeps_names("entities", True)
    assert not keeps_names("entities", False)
    assert keeps_names("division", False)
    assert not keeps_names("participants", True)


def test_what_belongs_to_the_customer_is_withheld_whole() -> None:
    assert is_withheld("attributes")
    assert is_withheld("textBody")
    assert not is_withheld("state")
