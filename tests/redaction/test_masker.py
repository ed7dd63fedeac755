"""Masking keeps the shape that is judged and nothing of the secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.redaction.masker import Masker

TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
MASK = "[masked token, 28 characters]"
SECRET = "[masked secret, 28 characters]"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (f"Bearer {TOKEN}", f"Bearer {MASK}"),
        (f"bearer {TOKEN}", f"bearer {MASK}"),
        (f"Bearer Bearer {TOKEN}", f"Bearer Bearer {MASK}"),
        (f"Bearer  {TOKEN}\n", f"Bearer  {MASK}\n"),
        (f"\tBearer\n{TOKEN}", f"\tBearer\n{MASK}"),
        (f'Bearer "{TOKEN}"', f'Bearer "{MASK}"'),
        (f'"Bearer {TOKEN}"', f'"Bearer {MASK}"'),
        (f"Bearer “{TOKEN}”", f"Bearer “{MASK}”"),
        (f"Bearer <{TOKEN}>", f"Bearer <{MASK}>"),
        (f"Bearer {{{TOKEN}}}", f"Bearer {{{MASK}}}"),
        (f"Bearer%20{TOKEN}", f"Bearer%20{MASK}"),
        (f"Bearer{TOKEN}", f"Bearer{MASK}"),
        (f"Bearer: {TOKEN}", f"Bearer: {MASK}"),
        (TOKEN, MASK),
        ("Bearer short", "Bearer [masked token, 5 characters]"),
        ("Bearer ab cd", "Bearer [masked token, 2 characters] [masked token, 2 characters]"),
        ("Basic aWQ6c2VjcmV0", "Basic [masked credentials, 12 characters]"),
        ("Bearer ", "Bearer "),
        ("Bearer <token>", "Bearer <token>"),
        ("Bearer <your token>", "Bearer <your token>"),
        ("Bearer $TOKEN", "Bearer $TOKEN"),
        ("Bearer {{token}}", "Bearer {{token}}"),
        ("Bearer YOUR_TOKEN", "Bearer YOUR_TOKEN"),
        ("Basic <redacted>", "Basic <redacted>"),
        ("Bearer ***", "Bearer ***"),
    ],
)
def test_the_shape_of_an_authorization_header_survives(value: str, masked: str) -> None:
    assert Masker().header("Authorization", value) == masked


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        (f"https://h.example/a?access_token={TOKEN}&b=c", "https://h.example/a?access_token=[masked]&b=c"),
        (f"https://h.example/a?access%5Ftoken={TOKEN}", "https://h.example/a?access%5Ftoken=[masked]"),
        ("https://h.example/a?code=x1&key=y2&sig=z3", "https://h.example/a?code=[masked]&key=[masked]&sig=[masked]"),
        ("https://h.example/#access_token=short1&x=1", "https://h.example/#access_token=[masked]&x=1"),
        ("https://me:pass@h.example/a", "https://***@h.example/a"),
        ("https://me:p@ss@h.example/a", "https://***@h.example/a"),
        (f"/api/v2/things/{TOKEN}/x", "/api/v2/things/[masked]/x"),
        (f"/api/v2/x?trace={TOKEN}", "/api/v2/x?trace=[masked]"),
        ("/api/v2/x?mail=ann@mail.example", "/api/v2/x?mail=[masked]"),
        ("/api/v2/x?token={{token}}", "/api/v2/x?token={{token}}"),
    ],
)
def test_a_url_loses_its_secrets_and_still_splits(url: str, masked: str) -> None:
    assert Masker().url(url) == masked


@pytest.mark.parametrize(
    "url",
    [
        "https://api.mypurecloud.com/api/v2/conversations/chat/{conversationId}/cobrowse",
        "/api/v2/conversations/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse/sessions",
        "/api/v2/conversations/5f2c1f0e6a1b4b579a602d0b8f3c7a11/cobrowse",
        "/api/v2/conversations/%7BconversationId%7D/cobrowse",
        "https://api.{{environment}}/api/v2/webdeployments/deployments?pageSize=300&expand=Configuration",
        "/api/v2/organizations/limits/namespaces/client.credentials.token.rate.per.minute",
    ],
)
def test_a_url_without_a_secret_stays_as_it_is(url: str) -> None:
    assert Masker().url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"curl -H 'Authorization: Bearer {TOKEN}' -H 'Accept: */*'",
        f'curl -H "Authorization: Bearer \\"{TOKEN}\\""',
        f"curl -H Authorization:\\ Bearer\\ {TOKEN}",
        f"-u id:{TOKEN} https://x",
        f"-uid:{TOKEN}",
        f"--user='id:{TOKEN}'",
        f"--oauth2-bearer {TOKEN}",
        f"Cookie: sid={TOKEN}; a=b",
        f'Cookie: sid="{TOKEN}"',
        f"X-Api-Key: {TOKEN}",
        f'{{"client_secret": "{TOKEN}"}}',
        f"{{'client_secret': '{TOKEN}'}}",
        f'{{\\"client_secret\\": \\"{TOKEN}\\"}}',
        f"{{client_secret: “{TOKEN}”}}",
        f'"tokens": ["{TOKEN}", "b"]',
        f"client_secret={TOKEN}&grant_type=client_credentials",
        f"<client_secret>{TOKEN}</client_secret>",
        f"https://h.example/?code={TOKEN}",
        f"https://id:{TOKEN}@h.example/",
        f"wss://h.example/{TOKEN}",
        f"the call with Bearer {TOKEN} failed",
        f"(the value {TOKEN}, sent twice)",
        'password = "with \\" quote k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"',
    ],
)
def test_text_loses_its_secrets_wherever_they_be(text: str) -> None:
    masked = Masker().text(text)
    assert TOKEN not in masked
    assert Masker().text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "POST /api/v2/conversations/{conversationId}/cobrowse",
        "You must have at least one of the following permissions assigned: [authorization:role:view, oauth:client:view]",
        "scopes authorization:readonly and conversations",
        "conversation.error.conversation.not.found",
        "Rate limit client.credentials.token.rate.per.minute: retry in 59 seconds",
        "The Bearer scheme is missing",
        "Authorization: Bearer <token>",
        '{"token_type": "bearer", "expires_in": 86399}',
        '{"providerId": "genesys", "key": "a", "code": "bad.credentials"}',
        "{'providerId': 'genesys',}",
        "2026-05-01T12:00:00.000+0000 5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert Masker().text(text) == text
    assert Masker().text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ask ann.lee+x@mail.example.org now", "ask [masked e-mail, 26 characters] now"),
        ("call +49 30 1234567 now", "call [masked phone number, 14 characters] now"),
        ("+15551234567", "[masked phone number, 12 characters]"),
        ("tel:+15551234567", "[masked phone number, 16 characters]"),
        ("sip:ann@10.0.0.1:5060", "sip:[masked e-mail, 12 characters]:5060"),
        ("(555) 123-4567", "[masked phone number, 14 characters]"),
        ("1714564800000", "1714564800000"),
        ("10.1.2.3 and 1.2.3", "10.1.2.3 and 1.2.3"),
    ],
)
def test_mail_addresses_and_phone_numbers_are_masked(text: str, masked: str) -> None:
    assert Masker().text(text) == masked


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (f'{{"a": 1, "client_secret": "{TOKEN}"}}', f'{{"a": 1, "client_secret": "{SECRET}"}}'),
        ('{"joinCode": 1234567}', '{"joinCode": "[masked secret, 7 characters]"}'),
        ('{"joinCode": null, "token": ""}', '{"joinCode": null, "token": ""}'),
        ('{"client\\u005fsecre\\u0074": "hunter2"}', '{"client_secret": "[masked secret, 7 characters]"}'),
        (f'{{"credentials": {{"who": "{TOKEN}"}}}}', '{"credentials": {"who": "[masked token, 28 characters]"}}'),
        ("grant_type=client_credentials&client_secret=x1", None),
        (f"client%5Fsecret={TOKEN}", f"client%5Fsecret={SECRET}"),
    ],
)
def test_a_body_keeps_all_but_its_secrets(body: str, masked: str | None) -> None:
    expected = masked or "grant_type=client_credentials&client_secret=[masked secret, 2 characters]"
    assert Masker().body(body) == expected


@pytest.mark.parametrize("body", ["{'providerId': 'genesys',}", '{"a": 1,}', "{“a”: 1}", '{"a": "b"', "[" * 5000])
def test_a_broken_body_stays_broken_in_the_same_way(body: str) -> None:
    assert Masker().body(body) == body


def test_it_names_what_was_masked_and_not_the_value() -> None:
    masker = Masker()
    masker.header("Authorization", f"Bearer {TOKEN}")
    masker.where = "the body"
    masker.body(json.dumps({"client_secret": TOKEN}))
    assert any("Authorization" in label for label in masker.found)
    assert any("client_secret" in label for label in masker.found)
    assert TOKEN not in repr(list(masker.found))


@given(st.text())
def test_masking_any_text_twice_changes_nothing(text: str) -> None:
    once = Masker().text(text)
    assert Masker().text(once) == once
