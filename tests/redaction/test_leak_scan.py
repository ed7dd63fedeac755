"""What must not leave is found in every dress; what belongs into a packet is not taken for it."""

import base64
import json
from html import escape
from urllib.parse import quote

import pytest

from diagnostics.redaction.leak_scan import Leak, kinds_of, scan

SECRET = 'pl/ain+secret&"9'
TOKEN = "kQ7vN2xR8mT4wY1zB6cD3fG9hJ5kL0pS-aUeIoXcVbNm7qWrTyZuHgFdSaP2lKjH"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl"
MAIL = "maria.lindqvist@example.com"


def kinds(text: str, name: str = "notes.txt", known: dict[str, str] | None = None) -> set[str]:
    return {each.kind for each in scan({name: text}, known or {})}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"write to {MAIL}, please", "e-mail address"),
        (f"mailto={quote(MAIL)}", "e-mail address"),
        (escape("<maria@example.com>"), "e-mail address"),
        ('{"to": "maria\\u0040example.com"}', "e-mail address"),
        (base64.b64encode(f"contact {MAIL}".encode()).decode(), "e-mail address"),
        ("call +44 20 7946 0101 now", "phone number"),
        ("tel:+442079460102", "phone number"),
        ("from 203.0.113.9 at noon", "IP address"),
        ("http://10.1.2.3:8080/x", "IP address"),
        ("from 2001:db8::8a2e:370:7334 at noon", "IP address"),
        (f"Authorization: Bearer {TOKEN}", "token"),
        (f"token is {TOKEN}", "token"),
        (f"?jwt={JWT}", "token"),
        ("wss://cobrowse.example/ws?a=1", "session address"),
        ("https://admin:hunter2@api.mypurecloud.com/", "password in an address"),
    ],
)
def test_it_is_found_by_its_shape(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "dress",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        escape(SECRET),
        json.dumps(SECRET),
        base64.b64encode(f"client:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"client:{SECRET}".encode()).decode().rstrip("="),
    ],
)
def test_a_known_value_is_found_in_every_dress(dress: str) -> None:
    assert "client secret" in kinds(f"before {dress} after", known={SECRET: "client secret"})


def test_a_known_id_is_found_in_any_case() -> None:
    known = {"0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21": "id of the OAuth client"}
    assert kinds("0B9D6A3E-52C1-4C8F-9A55-5A3F0D3C7B21", known=known) == {"id of the OAuth client"}


@pytest.mark.parametrize(
    "value",
    [
        {"joinCode": "8341276"},
        {"deep": [{"clientSecret": "short"}]},
        {"headers": [{"name": "Cookie", "value": "a=b"}]},
        {"password": "Bearer x1"},
    ],
)
def test_a_field_that_is_named_secret_may_hold_only_a_mask(value: object) -> None:
    assert kinds(json.dumps(value), "packet.json") == {"field of a secret"}


@pytest.mark.parametrize(
    "text",
    [
        "GET https://api.mypurecloud.ie/api/v2/conversations/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11",
        "conversation d2eb236c-6a81-49b6-b2f1-f74338 is no UUID",
        "Authorization: Bearer [masked]",
        "https://***@api.mypurecloud.com/ and https://[masked]@api.mypurecloud.com/",
        '-H "Authorization: Bearer $TOKEN"',
        "hidden-email-3f9a2c4e1b07 wrote to hidden-user-0123456789ab from hidden-ip-abcdefabcdef",
        "ConversationsApi.postConversationCobrowse, putIntegrationsUnifiedcommunicationThirdpartypresences",
        "A bearer token is missing; basic authentication is refused",
        "http://127.0.0.1:8901/api/v2/tokens/me and http://[::1]:8901/ and 0.0.0.0",
        "2026-11-22T15:53:52.590357+00:00, SDK 269.0.0, 12:30:45",
        "cobrowse-run-12-2026-11-22 conversation:cobrowseVoice:add",
    ],
)
def test_what_belongs_into_a_packet_is_no_leak(text: str) -> None:
    assert kinds(text) == set()


def test_masks_in_fields_of_secrets_are_no_leak() -> None:
    value = {
        "access_token": "[masked]",
        "password": "",
        "headers": [{"name": "Authorization", "value": "Bearer [masked]"}],
    }
    assert kinds(json.dumps(value), "x.har") == set()


def test_it_names_the_place_and_of_what_kind_and_never_the_value() -> None:
    leaks = scan({"a.txt": f"one\ntwo {MAIL}\n{MAIL} {MAIL}", "b.txt": "nothing"}, {})
    assert leaks == (Leak("a.txt", "e-mail address", "line 2"), Leak("a.txt", "e-mail address", "line 3"))
    assert kinds_of(leaks) == ("e-mail address in a.txt",)
    assert "maria" not in repr(leaks)
